//go:build linux && cgo

package heap

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// faults counts the pages this process has had to be given so far.
func faults(t *testing.T) int64 {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Minflt
}

// Memory that was used once is there the next time.
func TestUsedMemoryStays(t *testing.T) {
	const size = 256 << 20
	touch(size) // the first time
	before := faults(t)
	for range 4 {
		touch(size)
	}
	const pages = size / 4096
	require.Less(t, faults(t)-before, int64(pages/100), "out of 4 × %d pages", pages)
}
