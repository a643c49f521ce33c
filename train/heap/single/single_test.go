//go:build linux && cgo

package single

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resident is what the process has of files in memory, in KiB.
func resident(t *testing.T) (kib int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	for _, kind := range []string{"RssFile:", "RssShmem:"} { // files in a tmpfs are of the second
		_, rest, found := strings.Cut(string(status), kind)
		if !found {
			t.Skip("the kernel does not say")
		}
		n, err := strconv.Atoi(strings.Fields(rest)[0])
		require.NoError(t, err)
		kib += n
	}
	return kib
}

// Code that has run goes back, and comes again when it runs.
func TestGiveBack(t *testing.T) {
	before := resident(t)
	for range 3 {
		GiveBack()
		require.Less(t, resident(t), before)
	}
}
