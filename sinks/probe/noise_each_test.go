package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/plots"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
)

// Every document has noise of its own, whatever batch it is in, and its edited version has the
// same.
func TestNoiseEach(t *testing.T) {
	ids := documents(12)[0]
	other := append([]int32{}, ids...)
	other[5]++
	edits := []perturb.Edit{{IDs: ids, Pos: 8, To: ids[8] + 1}, {IDs: ids, Pos: 8, To: ids[8] + 1}, {IDs: other, Pos: 9, To: other[9] + 1}}
	maps := func(edits []perturb.Edit, batch int, draw int) []*perturb.Map {
		o := normsOnly
		o.BatchTokens = batch
		got, err := probe.PerturbUnder(model(t), edits, [][]probe.Intervention{{probe.NoiseEach{Layer: 0, Spare: 2, Norm: 3, Seed: 7, Draw: draw}}}, o)
		require.NoError(t, err)
		return got[0].Maps
	}
	all := maps(edits, 0, 0)
	same := func(want, got *perturb.Map) {
		t.Helper()
		for l := range want.Norm {
			require.InEpsilonSlice(t, plots.Numbers(want.Norm[l]), plots.Numbers(got.Norm[l]), 1e-5)
			require.InDeltaSlice(t, plots.Numbers(want.Delta[l]), plots.Numbers(got.Delta[l]), 1e-3)
		}
	}
	for i, m := range maps(edits, 1, 0) { // one document a batch
		same(all[i], m)
	}
	same(all[0], maps(edits[:1], 0, 0)[0])
	require.NotEqual(t, all[0].Norm, all[1].Norm, "the same text twice")
	require.NotEqual(t, all[0].Norm, maps(edits, 0, 1)[0].Norm, "another draw")

	plain := run(t, [][]int32{ids}, probe.Options{})[0]
	for l := range all[0].Norm {
		require.InEpsilonSlice(t, plots.Numbers(plain.ResidNorm[l][:2]), plots.Numbers(all[0].Norm[l][:2]), 1e-5, "tokens that are spared")
		require.Zero(t, all[0].Delta[l][7], "both versions have one noise, so nothing moves before the edit")
	}
	require.NotEqual(t, plain.ResidNorm[1][2], all[0].Norm[1][2])

	for want, v := range map[string]probe.NoiseEach{
		"draws count from 0": {Draw: -1},
		"not negative":       {Norm: -1},
		"the model has 2":    {Layer: 2},
		"has 12 t":           {Spare: 12},
	} {
		_, err := probe.Run(model(t), [][]int32{ids}, probe.Options{Interventions: []probe.Intervention{v}})
		require.ErrorContains(t, err, want)
	}
}
