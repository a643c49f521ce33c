package sizes_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/curves"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/notebooks/sizes"
	"firsttoken/train/store"
)

// axes are the runs that come with the checkout.
func axes(t *testing.T) []sizes.Axis {
	t.Helper()
	list, err := sizes.Axes(func(grid string) (*curves.Set, error) { return curves.Load(keeptest.Points(t, grid)) })
	require.NoError(t, err)
	return list
}

// The record of C10 holds what today's code makes of them.
func TestRecord(t *testing.T) {
	record, err := claims.Load("", "C10")
	require.NoError(t, err)
	ours, err := sizes.C10(axes(t))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(record.Ours), fmt.Sprint(claims.Figures(ours)))
	verdict, _, err := claims.C10().Apply(ours)
	require.NoError(t, err)
	require.Equal(t, record.Verdict, verdict)

	one := axes(t)[:1]
	one[0].Runs = one[0].Runs.Where("model.layers", "3")
	_, err = sizes.C10(one)
	require.ErrorContains(t, err, "model.layers of 1 values")
}

func TestFigures(t *testing.T) {
	list := axes(t)
	for _, a := range list {
		_, err := a.Strip()
		require.NoError(t, err)
		_, err = a.Along()
		require.NoError(t, err)
	}
	maps, err := list[0].Maps()
	require.NoError(t, err)
	require.Len(t, maps, 3)
	none := sizes.Axis{Field: "model.layers", Runs: &curves.Set{}}
	_, err = none.Strip()
	require.Error(t, err)
}

// Heads are counted, not shared out: half of two layers of three heads are three.
func TestHeads(t *testing.T) {
	r := &store.Record{Evals: []store.Eval{{Name: sizes.Short, SinkRate: []float64{0.5}, SinkScore: [][]float64{{1, 0, 1}, {0, 1, 0}}}}}
	n, ok := sizes.Heads(r)
	require.True(t, ok)
	require.Equal(t, 3.0, n)
	_, ok = sizes.Heads(&store.Record{})
	require.False(t, ok)
}
