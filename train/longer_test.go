package train

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/store"
)

// A run of a larger budget goes on from the longest finished one that differs in nothing else, and ends with the bits of one that
// began at the beginning.
func TestLongerRunGoesOn(t *testing.T) {
	c, err := task(t).Set("optimizer.schedule=constant", "budget_tokens=320", "monitor.steps=4")
	require.NoError(t, err)
	train := func(c Config, dir string) (*Result, *store.Run) {
		result, err := Run(context.Background(), c, Options{Store: dir, Progress: ProgressNone})
		require.NoError(t, err)
		run, err := store.Find(dir, result.Run)
		require.NoError(t, err)
		return result, run
	}
	reference, straight := train(c, t.TempDir())

	dir := t.TempDir()
	for _, change := range []string{"budget_tokens=128", "budget_tokens=256", "budget_tokens=256 seed=8"} {
		shorter, err := c.Set(strings.Fields(change)...)
		require.NoError(t, err)
		train(shorter, dir)
	}
	longer, run := train(c, dir)
	require.Equal(t, reference, longer)

	// The curves are the same, but that the shorter run's end was measured under more conditions.
	want, got := curves(t, straight), curves(t, run)
	require.Equal(t, []int{0, 4, 8, 10}, []int{got[0].Step, got[1].Step, got[2].Step, got[3].Step})
	require.Greater(t, len(got[2].Evals), len(want[2].Evals), "it did not go on from 256 tokens")
	for i := range want {
		require.Equal(t, want[i].Loss, got[i].Loss)
		for _, e := range want[i].Evals {
			require.Equal(t, e, *got[i].Eval(e.Name))
		}
	}

	// Where the rate follows a cosine, updates depend on how many follow: nothing is kept, nothing taken over.
	dir = t.TempDir()
	shorter, err := c.Set("optimizer.schedule=cosine", "budget_tokens=128")
	require.NoError(t, err)
	_, run = train(shorter, dir)
	all, err := run.Checkpoints()
	require.NoError(t, err)
	require.Empty(t, all)
	shorter.BudgetTokens = 160
	fresh := store.At(dir, shorter.ID())
	require.NoError(t, prolong(shorter, fresh))
	require.NoDirExists(t, fresh.Dir)
}

// A shorter run without a last checkpoint, or one that is under way, gives nothing.
func TestLongerRunWithoutStart(t *testing.T) {
	c, err := task(t).Set("optimizer.schedule=constant")
	require.NoError(t, err)
	dir := t.TempDir()
	result, err := Run(context.Background(), c, Options{Store: dir, Progress: ProgressNone})
	require.NoError(t, err)
	longer := c
	longer.BudgetTokens *= 2
	shorter, last, err := longestBefore(longer, dir)
	require.NoError(t, err)
	require.Equal(t, result.Run, shorter.ID)
	require.Equal(t, c.Steps(), last.Step)

	text, err := os.ReadFile(dir + "/" + result.Run + "/result.json")
	require.NoError(t, err)
	require.NoError(t, os.Remove(dir+"/"+result.Run+"/result.json"))
	shorter, _, err = longestBefore(longer, dir)
	require.NoError(t, err)
	require.Nil(t, shorter, "it is not done")

	require.NoError(t, os.WriteFile(dir+"/"+result.Run+"/result.json", text, 0o644))
	require.NoError(t, os.RemoveAll(last.Dir))
	shorter, _, err = longestBefore(longer, dir)
	require.NoError(t, err)
	require.Nil(t, shorter, "it has no state to go on from")
}
