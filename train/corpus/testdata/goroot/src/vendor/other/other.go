// Package other was copied from another module and is documented over there instead.
package other
