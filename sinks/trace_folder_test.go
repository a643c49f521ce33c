package sinks_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

// Wherever SaveAll fails or is cut off, what was there can be read.
func TestSaveAllReplacesOrLeaves(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "traces")
	first, second := []*sinks.Trace{one(0.9), one(0.8)}, []*sinks.Trace{one(0.7)}
	holds := func(want []*sinks.Trace) {
		t.Helper()
		got, err := sinks.LoadAll(folder)
		require.NoError(t, err)
		require.Equal(t, want[0].FirstMass, got[0].FirstMass)
		require.Len(t, got, len(want))
	}
	require.NoError(t, sinks.SaveAll(folder, first))
	holds(first)
	require.NoError(t, sinks.SaveAll(folder, second))
	holds(second)
	require.NoDirExists(t, folder+".old")
	require.NoDirExists(t, folder+".new")

	broken := one(0.5)
	broken.FirstMass = nil
	broken.RowSum = broken.RowSum[:0] // cannot be saved
	require.Error(t, sinks.SaveAll(folder, []*sinks.Trace{one(0.6), broken}))
	holds(second)

	// Cut off between the two renames.
	require.NoError(t, os.Rename(folder, folder+".old"))
	holds(second)
	require.NoError(t, sinks.SaveAll(folder, first))
	holds(first)
	_, err := sinks.LoadAll(folder + "-none")
	require.ErrorContains(t, err, "no traces in")
}
