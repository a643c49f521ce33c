// Package old is in a folder that the go command ignores, so it is no part of the library.
package old
