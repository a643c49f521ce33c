package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// A run of a larger budget goes on from the longest finished one that differs in nothing else, and
// ends with the bits and the curves of one that began at the beginning.
func TestLongerRunGoesOn(t *testing.T) {
	fullOnly(t, "two trainings")
	c, err := tiny(t).Set("optimizer.schedule=constant")
	require.NoError(t, err)
	want, straight := whole(t, c)

	dir := t.TempDir()
	for _, change := range []string{"budget_tokens=128", "budget_tokens=256", "budget_tokens=288 seed=8"} {
		shorter, err := c.Set(strings.Fields(change)...)
		require.NoError(t, err)
		_, _, err = start(t, context.Background(), shorter, dir, Options{}, nil)
		require.NoError(t, err)
	}
	first := -1
	got, run, err := start(t, context.Background(), c, dir, Options{}, func(step int, _ corpus.Batch) {
		if first < 0 {
			first = step
		}
	})
	require.NoError(t, err)
	require.Equal(t, 8, first, "256 tokens are 8 updates")
	require.Equal(t, want, got)
	require.Equal(t, curves(t, straight), curves(t, run))

	var grown, plain Provenance
	_, err = run.Provenance(&grown)
	require.NoError(t, err)
	require.Equal(t, 8, grown.From.Step)
	require.NotEmpty(t, grown.Backend)
	_, err = straight.Provenance(&plain)
	require.NoError(t, err)
	require.Nil(t, plain.From)
}

// Nothing is gone on from without a result or a last checkpoint, nor where updates depend on how
// many follow.
func TestLongerRunWithoutStart(t *testing.T) {
	fullOnly(t, "two trainings")
	c, err := tiny(t).Set("optimizer.schedule=constant", "budget_tokens=128")
	require.NoError(t, err)
	dir := t.TempDir()
	_, run, err := start(t, context.Background(), c, dir, Options{}, nil)
	require.NoError(t, err)
	longer := c
	longer.BudgetTokens *= 2
	found, last, err := longestBefore(longer, dir)
	require.NoError(t, err)
	require.Equal(t, run, found)
	require.Equal(t, 4, last.Step)

	result := filepath.Join(run.Dir, "result.json")
	require.NoError(t, os.Rename(result, result+".away"))
	found, _, err = longestBefore(longer, dir)
	require.NoError(t, err)
	require.Nil(t, found, "it is not done")
	require.NoError(t, os.Rename(result+".away", result))
	require.NoError(t, run.KeepCheckpoints(0))
	found, _, err = longestBefore(longer, dir)
	require.NoError(t, err)
	require.Nil(t, found, "it has no state to go on from")

	_, cosine := whole(t, tiny(t))
	all, err := cosine.Checkpoints()
	require.NoError(t, err)
	require.Empty(t, all, "a cosine ends where it ends")
	require.False(t, tiny(t).prolongs())
}
