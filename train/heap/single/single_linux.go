//go:build linux && cgo

package single

/*
#define _GNU_SOURCE
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#ifdef __GLIBC__
// Before the Go runtime starts, because a thread stays with the heap that it first had.
__attribute__((constructor)) static void single(void) { mallopt(M_ARENA_MAX, 1); }

static void trim(void) { malloc_trim(0); }
#else
static void trim(void) {}
#endif

// drop lets go of a library's code. It is read-only and a file's, so that whatever runs next comes
// back from there; but not the kernel's own library, which has no file. A debugger's breakpoints go
// too.
static int drop(struct dl_phdr_info *library, size_t size, void *page) {
	const uintptr_t mask = ~((uintptr_t)page - 1), kernels = getauxval(AT_SYSINFO_EHDR);
	for (int i = 0; i < library->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &library->dlpi_phdr[i];
		if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || part->p_flags & PF_W) continue;
		const uintptr_t at = library->dlpi_addr + part->p_vaddr, end = at + part->p_memsz;
		if (at <= kernels && kernels < end) continue;
		madvise((void *)(at & mask), end - (at & mask), MADV_DONTNEED);
	}
	return 0;
}

static void giveBack(uintptr_t page) {
	trim();
	dl_iterate_phdr(drop, (void *)page);
}
*/
import "C"

import "os"

// GiveBack gives the system what is free in the C heap, and the pages of code, which it keeps among
// its files for as long as it likes: after compiling these are the compiler's for the most part,
// some 100 MiB of XLA's library.
func GiveBack() { C.giveBack(C.uintptr_t(os.Getpagesize())) }
