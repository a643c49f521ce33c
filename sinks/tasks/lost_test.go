package tasks_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/stats"
	"firsttoken/sinks/tasks"
)

// answered is a result of a question of four answers.
func answered(right bool) tasks.Result {
	if right {
		return tasks.Result{Scores: []float64{0, -1, -1, -1}}
	}
	return tasks.Result{Scores: []float64{-1, 0, -1, -1}}
}

// items are n questions: all right with ⟨bos⟩, so many of every four without.
func items(n, ofFour int) (list []tasks.Item) {
	for i := range n {
		list = append(list, tasks.Item{With: answered(true), Without: answered(i%4 < ofFour), Unit: strconv.Itoa(i)})
	}
	return list
}

func TestLost(t *testing.T) {
	require.Equal(t, []float64{75, -25}, tasks.AboveChance([]tasks.Result{answered(true), answered(false)}))
	for ofFour, want := range map[int]float64{1: 100, 2: 200.0 / 3, 3: 100.0 / 3} { // one of four is chance
		e, err := tasks.Lost(items(40, ofFour), stats.Options{})
		require.NoError(t, err)
		require.InDelta(t, want, e.Value, 1e-9)
		require.Equal(t, 40, e.N)
		require.Less(t, e.CI.Lo, want)
		require.Greater(t, e.CI.Hi, want)
	}
	guessing := items(4, 1)
	for i := range guessing {
		guessing[i].With = guessing[i].Without
	}
	_, err := tasks.Lost(guessing, stats.Options{})
	require.ErrorContains(t, err, "stats: the statistic of 4", "nothing to lose")
}

func TestLostMore(t *testing.T) {
	e, err := tasks.LostMore(items(40, 1), items(40, 3), stats.Options{})
	require.NoError(t, err)
	require.InDelta(t, 200.0/3, e.Value, 1e-9)
	require.Greater(t, e.CI.Lo, 0.0)
	e, err = tasks.LostMore(items(4, 1), items(40, 3), stats.Options{})
	require.NoError(t, err)
	require.Nil(t, e.CI, "four units have no interval")
	_, err = tasks.LostMore(nil, items(4, 1), stats.Options{})
	require.ErrorContains(t, err, "no values")
}
