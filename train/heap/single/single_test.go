//go:build linux && cgo

package single

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// resident is what the process has in memory by kind, RssAnon or RssFile, in KiB.
func resident(t *testing.T, kind string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), kind+":")
	if !found {
		t.Skip("the kernel does not say")
	}
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kib
}

// Code that has run goes back, and comes again when it runs.
func TestReturn(t *testing.T) {
	before := resident(t, "RssFile")
	for range 3 {
		Return()
		require.Less(t, resident(t, "RssFile"), before)
		require.Equal(t, "18446744073709551615", strconv.FormatUint(1<<64-1, 10))
	}
}
