package leftout_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/notebooks/leftout"
	"firsttoken/notebooks/leftout/measure"
)

// Figures are those of the records on Gemma 3, and the rules give the verdicts that stand there.
func TestFiguresAreTheRecords(t *testing.T) {
	m, c := keeptest.Shipped[measure.Fronts](t, "11/fronts"), keeptest.Shipped[measure.Collapsed](t, "11/collapse")
	of := func(figures func(measure.Fronts) ([]claims.Figure, error)) func() ([]claims.Figure, error) {
		return func() ([]claims.Figure, error) { return figures(m) }
	}
	for id, c := range map[string]struct {
		figures func() ([]claims.Figure, error)
		rule    claims.Rule
	}{
		"C2": {of(leftout.C2), claims.C2(claims.FixedBOS)}, "C3": {of(leftout.C3), claims.C3(claims.FixedBOS)}, "C13": {of(leftout.C13), claims.C13(claims.FixedBOS)},
		"C6": {func() ([]claims.Figure, error) { return leftout.C6(c) }, claims.C6(claims.FixedBOS)},
	} {
		record, err := claims.LoadOn("", id, claims.Gemma3)
		require.NoError(t, err, id)
		ours, err := c.figures()
		require.NoError(t, err, id)
		require.Equal(t, fmt.Sprint(record.Ours), fmt.Sprint(claims.Figures(ours)), id)
		verdict, _, err := c.rule.Apply(ours)
		require.NoError(t, err, id)
		require.Equal(t, record.Verdict, verdict, id)
	}
	m.Fronts.Values = nil
	_, err := leftout.C3(m)
	require.ErrorContains(t, err, "no head has a sink")
}

func TestShown(t *testing.T) {
	m, c := keeptest.Shipped[measure.Fronts](t, "11/fronts"), keeptest.Shipped[measure.Collapsed](t, "11/collapse")
	table, err := leftout.Table(m)
	require.NoError(t, err)
	require.Contains(t, table, "| nothing | 0.00 [0.00, 5.96] | 0.00 [0.00, 5.96] | 16.02 [12.89, 19.60] | 5.91 ")
	require.Contains(t, table, "Means over 60 passages")
	for _, number := range []leftout.Number{leftout.Rate, leftout.Any, leftout.Loss} {
		_, err := leftout.Strip("t", "u", m.Fronts, number)
		require.NoError(t, err)
	}
	_, err = leftout.Heads(m.Fronts)
	require.NoError(t, err)
	_, err = leftout.Depth(c)
	require.NoError(t, err)
	m.Unigram = nil
	_, err = leftout.Table(m)
	require.Error(t, err)
}
