package caches_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/caches"
	"firsttoken/sinks/streams"
	"firsttoken/train/local"
)

// A study measures what is missing, once, and is read without a model.
func TestStudy(t *testing.T) {
	if testing.Short() {
		t.Skip("reads texts with SmolLM2")
	}
	folder, err := local.DataDir("results", "caches-test")
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(folder))
	defer os.RemoveAll(folder)
	s := caches.Study{Name: "caches-test/small", Model: "smollm2", Texts: 3, T: 24, Options: streams.Options{First: 12, Block: 8, Bin: 4}}
	s.Caches = []streams.Setting{{Policy: streams.All}, {Policy: "window", Entries: 8}}
	_, err = s.Load()
	require.ErrorContains(t, err, "nothing is kept")
	table, measured, err := s.Measure()
	require.NoError(t, err)
	require.Equal(t, 2, measured)
	require.Len(t, table, 2)
	again, measured, err := s.Measure()
	require.NoError(t, err)
	require.Zero(t, measured)
	require.Equal(t, table, again)
	// The texts after the first are those of a study that leaves it out.
	later := s
	later.Name, later.Texts, later.Skip = "caches-test/later", 2, 1
	rest, measured, err := later.Measure()
	require.NoError(t, err)
	require.Equal(t, 2, measured)
	require.Equal(t, table.All().Loss[1:], rest.All().Loss)
	later.Name, later.Skip = "caches-test/wrong", -1
	_, _, err = later.Measure()
	require.ErrorContains(t, err, "Skip = -1")
	loaded, err := s.Load()
	require.NoError(t, err)
	require.Equal(t, table, loaded)
	e, err := caches.More(table.At("window", 8, false), table.All())
	require.NoError(t, err)
	require.Greater(t, e.Value, 0.3, "without the first tokens the model breaks")
	require.Equal(t, 3, e.N)
	_, err = caches.More(table.At("window", 9, false), table.All())
	require.ErrorContains(t, err, "was not measured")
}
