// Package keeptest reads, for tests, what comes with the checkout: measured values and the runs that
// they are of.
package keeptest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train"
	"firsttoken/train/local"
	"firsttoken/train/store"
)

// Shipped is a measured value by the name that it was kept under, such as "04b/looked".
func Shipped[T any](t testing.TB, name string) T {
	t.Helper()
	root, err := local.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "notebooks", "results", "measured", filepath.FromSlash(name)+".json"))
	require.NoError(t, err)
	var file struct{ Value T }
	require.NoError(t, json.Unmarshal(text, &file), name)
	return file.Value
}

// Configs are those of a grid of notebooks/grids.
func Configs(t testing.TB, grid string) []train.Config {
	t.Helper()
	root, err := local.Root()
	require.NoError(t, err)
	g, err := train.ReadGrid(filepath.Join(root, "notebooks", "grids", grid+".json"))
	require.NoError(t, err)
	configs, err := g.Configs()
	require.NoError(t, err)
	return configs
}

// Points are the runs of a grid, as they come with the checkout.
func Points(t testing.TB, grid string) []store.Point {
	t.Helper()
	states, err := train.Status(Configs(t, grid), "")
	require.NoError(t, err)
	points, err := train.Points(states)
	require.NoError(t, err)
	return points
}
