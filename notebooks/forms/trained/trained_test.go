package trained_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/forms"
	"firsttoken/notebooks/forms/trained"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/train"
	"firsttoken/train/local"
)

// Softmax's first run, whose weights come with the checkout and whose curves lack outliers, is what
// ships of it. Forms that are not trained are absent, and edits are of one token, behind ⟨bos⟩,
// where they should be.
func TestRunsAndEdits(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a model is measured")
	}
	_, configs, err := trained.Grid(filepath.Join("..", "..", "grids", "patterns.json"))
	require.NoError(t, err)
	runs, err := trained.Runs(context.Background(), configs["softmax"][:1])
	if errors.Is(err, local.ErrAbsent) {
		t.Skip("the text that the run read is another on this Go toolchain: ", err)
	}
	require.NoError(t, err)
	want := keeptest.Shipped[[]forms.Run](t, "13/softmax")[0]
	require.Equal(t, want.Loss, runs[0].Loss)
	require.InEpsilon(t, want.End.Kurtosis, runs[0].End.Kurtosis, 1e-3)
	require.InDelta(t, want.End.Rate, runs[0].End.Rate, 0.5)

	_, err = trained.Runs(context.Background(), configs["gate-element"])
	if err != nil { // until someone trains them
		require.ErrorIs(t, err, local.ErrAbsent)
	}

	edits, err := trained.Edits(context.Background(), runs[0].ID, 8, 64, 1)
	require.NoError(t, err)
	again, err := trained.Edits(context.Background(), runs[0].ID, 8, 64, 1)
	require.NoError(t, err)
	require.Equal(t, edits, again)
	require.Len(t, edits, 8)
	for _, e := range edits {
		require.NoError(t, e.Validate())
		require.Len(t, e.IDs, 64)
		require.Equal(t, edits[0].IDs[0], e.IDs[0], "⟨bos⟩")
		require.GreaterOrEqual(t, e.Pos, 8)
		require.Less(t, e.Pos, 48)
		require.NotEqual(t, e.IDs[e.Pos], e.To)
	}
}

// While nothing leaves a cache, keeping the first tokens saves nothing, bit for bit; once they
// leave, losses are others.
func TestNeeds(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a model reads texts")
	}
	_, configs, err := trained.Grid(filepath.Join("..", "..", "grids", "patterns.json"))
	require.NoError(t, err)
	need := func(tokens int) forms.Need {
		first := map[string][]train.Config{"softmax": configs["softmax"][:1]}
		needs, err := trained.Needs(context.Background(), []string{"softmax"}, first, 2, tokens, 16)
		if errors.Is(err, local.ErrAbsent) {
			t.Skip("the text that the run read is another on this Go toolchain: ", err)
		}
		require.NoError(t, err)
		return needs["softmax"][0]
	}
	require.Zero(t, need(32).Of())
	require.NotZero(t, need(64).Of())
}
