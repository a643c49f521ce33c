package away_test

import (
	"debug/elf"
	"go/version"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireOldGlibc fails if a program needs a C library newer than 2.31.
func requireOldGlibc(t *testing.T, program string) {
	t.Helper()
	f, err := elf.Open(program)
	require.NoError(t, err)
	defer f.Close()
	symbols, err := f.ImportedSymbols()
	require.NoError(t, err)
	found := 0
	for _, s := range symbols {
		// Numbers with dots, which compare as Go's versions do.
		if number, ok := strings.CutPrefix(s.Version, "GLIBC_"); ok {
			found++
			require.LessOrEqual(t, version.Compare("go"+number, "go2.31"), 0, "%s@%s", s.Name, s.Version)
		}
	}
	require.NotZero(t, found)
}
