//go:build !linux || !cgo

package single

// Return does nothing here.
func Return() {}
