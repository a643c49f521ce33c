package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// What is compared is what Perturb gives of the same documents, and the controls cost what leaving
// ⟨bos⟩ out costs.
func TestFrontedEdits(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: searches for controls")
	}
	var edits []perturb.Edit
	for i, ids := range documents(14, 14, 14) {
		edits = append(edits, perturb.Edit{IDs: ids, Pos: 6 + i, To: ids[6+i] + 1})
	}
	c := probe.DefaultControls()
	c.To, c.Seed, c.Few, c.Tolerance = 1, 4, 2, 0.01
	e := probe.FrontedEdits{Model: model(t), Edits: edits, BOS: 32}
	behind, err := e.Fronts(2)
	require.NoError(t, err)
	sizes, err := e.Size(c, behind.Without)
	require.NoError(t, err)
	damaged, err := e.Damaged(c, sizes)
	require.NoError(t, err)

	var fronted []perturb.Edit
	for _, e := range edits {
		fronted = append(fronted, perturb.Edit{IDs: append([]int32{32}, e.IDs...), Pos: e.Pos + 1, To: e.To})
	}
	under := func(list ...probe.Intervention) (relative []float64) {
		maps, _, err := probe.Perturb(model(t), fronted, probe.Options{Interventions: list})
		require.NoError(t, err)
		relative, err = perturb.Depth(maps, perturb.Relative, perturb.Mean, 1, 2)
		require.NoError(t, err)
		return relative
	}
	require.InEpsilonSlice(t, under(), behind.With.Relative, 1e-4)
	require.InEpsilonSlice(t, under(c.Weaker(sizes.Fraction)[0]...), damaged.MLPs.Relative, 1e-4)
	require.NotEqual(t, behind.With.Relative, behind.Other.Relative)
	for _, s := range []*probe.Spread{damaged.Noise, damaged.MLPs} {
		apart := 0.0
		for i, x := range s.Loss {
			apart += (x - behind.Without.Loss[i]) / 3
		}
		require.InDelta(t, 0, apart, c.Tolerance)
		require.NotEqual(t, behind.With.Absolute, s.Absolute)
	}

	_, err = e.Fronts(3)
	require.ErrorContains(t, err, "3 edits, 3 draws")
	_, err = probe.FrontedEdits{Model: model(t), BOS: 32}.Size(c, behind.Without)
	require.ErrorContains(t, err, "no edits")
	_, err = probe.FrontedEdits{Model: model(t), Edits: edits, BOS: int32(transformer.Tiny().Vocab)}.Fronts(1)
	require.ErrorContains(t, err, "outside the vocabulary")
	c.To = 0
	_, err = e.Damaged(c, sizes)
	require.ErrorContains(t, err, "blocks must ascend")
}
