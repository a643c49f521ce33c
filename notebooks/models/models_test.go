package models_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/models"
	"firsttoken/train/local"
)

// Weights that are not here are absent, which package keep passes over; a model that nobody fetches
// is another error.
func TestOpen(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	t.Setenv("GOMLX_BACKEND", "go")
	_, err := models.Open("gemma3")
	require.ErrorIs(t, err, local.ErrAbsent)
	require.EqualError(t, err, "the weights of Gemma 3 are not in this checkout: `make gemma` fetches them")
	_, err = models.Open("smollm2")
	require.ErrorContains(t, err, "`make setup` fetches them")
	_, err = models.Open("no/such/model.gguf")
	require.Error(t, err)
	require.NotErrorIs(t, err, local.ErrAbsent)
}
