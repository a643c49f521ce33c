// Package heap keeps the C heap's memory from going back to the system between
// steps. Importing it is all there is to do:
//
//	import _ "firsttoken/train/heap"
//
// XLA on a CPU asks for the temporary memory of a computation, hundreds of
// megabytes, at each call, and frees it after. glibc serves such sizes with fresh
// mappings, so that every page is faulted in and zeroed again in every step. With
// this package the C allocator holds on to freed memory, serves all threads from
// one heap, and backs that heap with huge pages where the system offers them: the
// page faults of a step fall by a factor of 100, its time by a third. The process
// then takes as much memory as its largest moment, until it ends.
//
// It acts before the Go runtime starts, because a thread stays with the heap that
// it first had. Without glibc or cgo it does nothing.
package heap
