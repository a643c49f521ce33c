//go:build linux && cgo

package heap

/*
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __GLIBC__
// RESERVE is how much of the heap gets huge pages: more than the steps meant for a
// CPU take. What a larger one takes beyond it has ordinary pages.
#define RESERVE ((size_t)4 << 30)

__attribute__((constructor)) static void keep(void) {
	mallopt(M_MMAP_MAX, 0);        // no mapping of its own for any size
	mallopt(M_TRIM_THRESHOLD, -1); // never give memory back
	mallopt(M_ARENA_MAX, 1);       // other heaps hold 64 MiB at most
	// Grow the heap once, so that huge pages can be asked for all of it. Pages that
	// nobody touches take no memory.
	char *p = malloc(RESERVE);
	if (p == NULL) return;
	const uintptr_t huge = 1 << 21;
	uintptr_t from = ((uintptr_t)p + huge - 1) & ~(huge - 1);
	uintptr_t to = ((uintptr_t)p + RESERVE) & ~(huge - 1);
	madvise((void *)from, to - from, MADV_HUGEPAGE);
	free(p);
}
#endif

// touch writes to fresh memory, as a computation does to its temporary memory.
static void touch(size_t n) {
	char *p = malloc(n);
	if (p == NULL) return;
	memset(p, 1, n);
	__asm__ volatile("" : : "r"(p) : "memory"); // or the compiler leaves all of it out
	free(p);
}
*/
import "C"

// touch is for the test, since a test file cannot call C.
func touch(n int) { C.touch(C.size_t(n)) }
