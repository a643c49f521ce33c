// Package sub is a folder below another, which must not come between the other's files.
package sub
