// Package single gives all threads one C heap, for programs that run long in little memory.
// Importing it is all there is to do for that; [GiveBack] besides gives back what compiling took.
//
// By default glibc opens eight heaps a core, one for each of XLA's threads that finds the others
// taken, and what is freed in one is no use to the next: reading 2,048 tokens through a cache of 512
// took 970 MiB so, 860 with one, and takes 710 where all is compiled and given back before weights
// are read. [firsttoken/train/heap] has one heap too, but keeps what is freed. Without glibc there
// is no heap to set up, and without cgo or Linux nothing is done.
package single
