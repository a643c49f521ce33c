package table2_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/notebooks/table2"
	"firsttoken/notebooks/table2/controls"
)

// runs are those that come with the checkout.
func runs(t *testing.T) *table2.Runs {
	t.Helper()
	points := keeptest.Points(t, "packing")
	r, err := table2.Load(points, keeptest.Shipped[[]controls.Control](t, "04/controls"))
	require.NoError(t, err)
	_, err = table2.Load(points, nil)
	require.ErrorContains(t, err, "25 runs and controls of 0")
	return r
}

// Figures are those of the records, and the rules give the verdicts that stand there.
func TestFiguresAreTheRecords(t *testing.T) {
	r := runs(t)
	records, err := claims.LoadAll("")
	require.NoError(t, err)
	for id, c := range map[string]struct {
		figures func() ([]claims.Figure, error)
		rule    claims.Rule
	}{
		"C11": {r.C11, claims.C11Trained()}, "C12": {r.C12, claims.C12()}, "C14": {r.C14, claims.C14()}, "C15": {r.C15, claims.C15()}, "C16": {r.C16, claims.C16()},
		"C13": {func() ([]claims.Figure, error) { return r.C13(keeptest.Shipped[[]float64](t, "04/unigram")) }, claims.C13Trained()},
	} {
		ours, err := c.figures()
		require.NoError(t, err, id)
		i := slices.IndexFunc(records[id], func(r *claims.Record) bool { return r.Model == claims.Trained })
		require.GreaterOrEqual(t, i, 0, id)
		record := records[id][i]
		require.Len(t, ours, len(record.Ours), id)
		for k, f := range ours {
			require.Equal(t, record.Ours[k].Name, f.Name)
			require.InDelta(t, record.Ours[k].Value, f.Value, 1e-9, f.Name)
		}
		verdict, _, err := c.rule.Apply(ours)
		require.NoError(t, err)
		require.Equal(t, record.Verdict, verdict, id)
	}
}

// A model that never saw ⟨bos⟩ in front loses nothing where it stands alone, and the table says so.
func TestShown(t *testing.T) {
	r := runs(t)
	_, nine, err := r.NineRows()
	require.NoError(t, err)
	require.Contains(t, nine, "| 3 | causal, fixed ⟨bos⟩ | ⟨bos⟩ + text | 51.4 ± 10.1 | 90.84 |")
	extra, err := r.Extra()
	require.NoError(t, err)
	require.Contains(t, extra, "| causal, fixed against none | 1.60 |")
	all, err := r.Controls()
	require.NoError(t, err)
	require.Contains(t, all, "| intra-document, fixed ⟨bos⟩ | sink rate (%) |")
	seeds, err := r.Seeds()
	require.NoError(t, err)
	require.Contains(t, seeds, "| 5 | 61 | +0.39 | 58 | +0.61 |")
	figure, err := r.ByPosition()
	require.NoError(t, err)
	require.NotNil(t, figure)
}
