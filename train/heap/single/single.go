// Package single gives all threads one C heap, for programs that run long in little memory.
// Importing it is all there is to do:
//
//	import _ "firsttoken/train/heap/single"
//
// By default glibc opens eight heaps a core, one for each of XLA's threads that finds the others
// taken, and what is freed in one is no use to the next: reading 2,048 tokens through a cache of 512
// took 970 MiB so, and takes 860 with one. [firsttoken/train/heap] does this too, and keeps what is
// freed besides. Without glibc or cgo it does nothing.
package single
