package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
	"firsttoken/train/store"
)

// The runs that come with the checkout are what their configurations say, so that asking for one finds it.
func TestShippedRuns(t *testing.T) {
	dir, err := local.ShippedRuns()
	require.NoError(t, err)
	runs, err := store.List(dir)
	require.NoError(t, err)
	require.NotEmpty(t, runs)
	for _, r := range runs {
		text, err := r.Config()
		require.NoError(t, err)
		c, err := ParseConfig(bytes.NewReader(text))
		require.NoError(t, err, r.ID)
		require.Equal(t, r.ID, c.ID(), "a run is found under the hash of its configuration")
		result, err := done(r)
		require.NoError(t, err)
		require.NotNil(t, result, r.ID)
		records, err := r.Curves()
		require.NoError(t, err)
		require.Equal(t, result.Tokens, records[len(records)-1].Tokens)
		weights, err := os.ReadFile(r.Weights())
		if !os.IsNotExist(err) {
			require.NoError(t, err)
			sum := sha256.Sum256(weights)
			require.Equal(t, result.WeightsSHA256, hex.EncodeToString(sum[:]), r.ID)
		}
	}
}

// The notebooks' grids need no training.
func TestGridsAreShipped(t *testing.T) {
	root, err := local.Root()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "notebooks", "grids", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		grid, err := ReadGrid(file)
		require.NoError(t, err)
		configs, err := grid.Configs()
		require.NoError(t, err)
		states, err := Status(configs, "")
		require.NoError(t, err)
		for i, s := range states {
			require.NotNil(t, s.Result, "%s: %s", file, describe(configs, i))
		}
	}
}
