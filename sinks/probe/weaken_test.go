package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
)

// At a fraction of 1 the updates are left out, at 0 nothing changes, and between the loss is
// between: it can be calibrated to.
func TestWeaken(t *testing.T) {
	docs := documents(9, 16)
	weaken := func(by float64) probe.Options {
		return probe.Options{Interventions: []probe.Intervention{probe.Weaken{Part: probe.MLP, From: 0, To: 1, Spare: 1, Fraction: by}}}
	}
	var skip []probe.Intervention
	for layer := range 2 {
		for pos := 1; pos < 9; pos++ {
			skip = append(skip, probe.SkipUpdate{Layer: layer, Pos: pos, Part: probe.MLP})
		}
	}
	require.Equal(t, run(t, docs[:1], probe.Options{Interventions: skip})[0].ResidNorm, run(t, docs[:1], weaken(1))[0].ResidNorm)
	require.Equal(t, run(t, docs, probe.Options{})[1].ResidNorm, run(t, docs, weaken(0))[1].ResidNorm)
	intact, half, off := run(t, docs, weaken(0))[1], run(t, docs, weaken(0.5))[1], run(t, docs, weaken(1))[1]
	require.Equal(t, intact.ResidNorm[2][0], off.ResidNorm[2][0], "a token that is spared")
	require.NotEqual(t, half.ResidNorm[2][5], intact.ResidNorm[2][5])
	require.NotEqual(t, half.ResidNorm[2][5], off.ResidNorm[2][5])

	for want, v := range map[string]probe.Weaken{
		`part ""`:            {Fraction: 1},
		"must ascend":        {Part: probe.MLP, From: 1},
		"must be in [0, 1]":  {Part: probe.MLP, Fraction: 1.5},
		"the model has 2":    {Part: probe.MLP, To: 2},
		"document 1 has 9 t": {Part: probe.MLP, Spare: 9},
	} {
		_, err := probe.Run(model(t), docs, probe.Options{Interventions: []probe.Intervention{v}})
		require.ErrorContains(t, err, want)
	}
}
