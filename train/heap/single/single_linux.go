//go:build linux && cgo

package single

/*
#include <malloc.h>

#ifdef __GLIBC__
// Before the Go runtime starts, because a thread stays with the heap that it first had.
__attribute__((constructor)) static void single(void) { mallopt(M_ARENA_MAX, 1); }
#endif
*/
import "C"
