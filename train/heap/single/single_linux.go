//go:build linux && cgo

package single

/*
#define _GNU_SOURCE
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>

#ifdef __GLIBC__
// Before the Go runtime starts, because a thread stays with the heap that it first had.
__attribute__((constructor)) static void single(void) { mallopt(M_ARENA_MAX, 1); }

static void trim(void) { malloc_trim(0); }
#else
static void trim(void) {}
#endif

// unmap lets go of a library's code. It is read-only and a file's, so that whatever runs next comes
// back from there.
static int unmap(struct dl_phdr_info *library, size_t size, void *page) {
	for (int i = 0; i < library->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &library->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || part->p_flags & PF_W) continue;
		const uintptr_t mask = ~((uintptr_t)page - 1), at = library->dlpi_addr + part->p_vaddr;
		madvise((void *)(at & mask), (at + part->p_memsz) - (at & mask), MADV_DONTNEED);
	}
	return 0;
}

static void giveBack(uintptr_t page) {
	trim();
	dl_iterate_phdr(unmap, (void *)page);
}
*/
import "C"

import "os"

// Return gives back to the system what is free in the C heap, and the pages of code: after compiling
// these are the compiler's for the most part, 125 MiB of XLA's library.
func Return() { C.giveBack(C.uintptr_t(os.Getpagesize())) }
