package contexts_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/contexts"
	"firsttoken/notebooks/contexts/hidden"
	"firsttoken/notebooks/curves"
	"firsttoken/notebooks/keep/keeptest"
)

// grid reads the runs of a grid that come with the checkout.
func grid(t *testing.T, name string) *curves.Set {
	t.Helper()
	set, err := curves.Load(keeptest.Points(t, name))
	require.NoError(t, err)
	return set
}

// The record of C7 holds what today's code makes of the runs that come with the checkout.
func TestRecord(t *testing.T) {
	record, err := claims.Load(filepath.Join("..", "results", "claims"), "C7")
	require.NoError(t, err)
	long := grid(t, "long")
	ours, err := contexts.Judged(long)
	require.NoError(t, err)
	text, err := contexts.OnText(long, grid(t, "context"))
	require.NoError(t, err)
	task, err := contexts.OnTask(grid(t, "mean"), grid(t, "again"), grid(t, "mlp"))
	require.NoError(t, err)
	ours = append(append(ours, text...), task...)
	require.Len(t, ours, len(record.Ours))
	for i, want := range record.Ours {
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(ours[i]))
	}
	none := long.Where(contexts.Field, "512")
	_, err = contexts.Judged(none)
	require.ErrorContains(t, err, "no runs")
	_, err = contexts.OnText(long, none)
	require.ErrorContains(t, err, "fewer than two sets")
}

// So do those of C8 and C9 of the runs of context.json.
func TestEmergence(t *testing.T) {
	set := grid(t, "context")
	for id, figures := range map[string]func(*curves.Set) ([]claims.Figure, error){"C8": contexts.C8, "C9": contexts.C9} {
		record, err := claims.Load("", id)
		require.NoError(t, err)
		ours, err := figures(set)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(record.Ours), fmt.Sprint(claims.Figures(ours)), id)
		_, err = figures(set.Where(contexts.Field, "64"))
		require.ErrorContains(t, err, "runs of 1 contexts")
	}
	table, err := contexts.Emergence(set)
	require.NoError(t, err)
	require.Contains(t, table, "| 128 | 44, 88, 62, 100, 62 | 9, 12, 32, 0, 51 | 2.824 ± 0.141 |\n")
	_, err = contexts.Losses("", set, contexts.Own)
	require.NoError(t, err)
}

// Figures show the contexts that there are, and refuse what was not measured.
func TestFigures(t *testing.T) {
	set := grid(t, "context")
	for _, f := range []func(eval string) error{
		func(eval string) error { _, err := contexts.Along("", set, eval, 0); return err },
		func(eval string) error {
			_, err := contexts.Single("", set.Where(contexts.Field, "64"), eval, 70)
			return err
		},
		func(eval string) error { _, err := contexts.Dots("", set, curves.SinkRate(eval, 0), 105); return err },
	} {
		require.NoError(t, f(contexts.Short))
		require.Error(t, f(contexts.Brief), "texts of 16 tokens were not read")
	}
}

// Two contexts of four and six positions: a cost that falls with the position and goes with the
// sink rate at positions 2 and 3 alone.
func TestCosts(t *testing.T) {
	costs := []hidden.Cost{
		{Context: "5", BOS: []float64{9, 2, 2, 0.5}, Control: []float64{0, 0, 0, 0.25}},
		{Context: "5", BOS: []float64{9, 3, 3, 0.5}, Control: []float64{0, 0, 0, 0.75}},
		{Context: "9", BOS: []float64{9, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.125}, Control: make([]float64, 8)},
		{Context: "9", BOS: []float64{9, 4, 4, 0.5, 0.5, 0.5, 0.5, 0.125}, Control: make([]float64, 8)},
	}
	table, err := contexts.CostTable(costs)
	require.NoError(t, err)
	require.Contains(t, table, "| 2 to 3 | 2.500 (0.000) | 2.500 (0.000) |\n| 4 to 7 | 0.500 (0.500) | 0.500 (0.000) |\n| 8 to 15 | | 0.125 (0.000) |\n")
	_, err = contexts.CostCurves("", costs)
	require.NoError(t, err)

	_, tau, err := contexts.CostByRate(costs, []float64{20, 30, 10, 40}, hidden.Range{First: 2, Last: 3})
	require.NoError(t, err)
	require.InDelta(t, 1, tau, 1e-9)
	_, tau, err = contexts.CostByRate(costs, []float64{30, 20, 40, 10}, hidden.Range{First: 2, Last: 3})
	require.NoError(t, err)
	require.InDelta(t, -1, tau, 1e-9)
	_, _, err = contexts.CostByRate(costs, []float64{1, 2, 3, 4}, hidden.Range{First: 8, Last: 15})
	require.ErrorContains(t, err, "a range that all have")
	_, _, err = contexts.CostByRate(costs, []float64{1}, hidden.Range{First: 2, Last: 3})
	require.ErrorContains(t, err, "1 models, costs of 4")
}
