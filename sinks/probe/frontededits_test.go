package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// What is compared is what PerturbUnder gives of the same documents, and the controls cost what
// leaving ⟨bos⟩ out costs.
func TestCompareEdits(t *testing.T) {
	var edits []perturb.Edit
	for i, ids := range documents(14, 14, 14) {
		edits = append(edits, perturb.Edit{IDs: ids, Pos: 6 + i, To: ids[6+i] + 1})
	}
	controls := probe.DefaultControls()
	controls.To, controls.Seed, controls.Few, controls.Tolerance = 1, 4, 2, 0.01
	c := probe.EditsConfig{BOS: 32, Draws: 2, Controls: controls}
	got, err := probe.CompareEdits(model(t), edits, c)
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
	require.InEpsilonSlice(t, under(), got.With.Relative, 1e-4)
	require.InEpsilonSlice(t, under(probe.Weaken{Part: probe.MLP, From: 1, To: 1, Spare: 1, Fraction: got.Sizes.Fraction}), got.MLPs.Relative, 1e-4)
	require.NotEqual(t, got.With.Relative, got.Other.Relative)
	for _, s := range []*probe.Spread{got.Noise, got.MLPs} {
		apart := 0.0
		for i, x := range s.Loss {
			apart += (x - got.Without.Loss[i]) / 3
		}
		require.InDelta(t, 0, apart, controls.Tolerance)
		require.NotEqual(t, got.With.Absolute, s.Absolute)
	}

	none := controls
	none.To = 0
	for _, bad := range []probe.EditsConfig{
		{BOS: 32, Draws: 3, Controls: controls}, {BOS: 32, Draws: 1}, {BOS: 32, Draws: 1, Controls: none},
		{BOS: int32(transformer.Tiny().Vocab), Draws: 1, Controls: controls},
	} {
		_, err := probe.CompareEdits(model(t), edits, bad)
		require.Error(t, err)
	}
}
