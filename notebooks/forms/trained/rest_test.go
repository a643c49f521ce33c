package trained

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/notebooks/resting/values"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train"
	"firsttoken/train/transformer"
)

// A head that gives ⟨bos⟩ a tenth of little rests on it all the same, and a row of zeros rests on
// nothing; rows of the other kind and those in front do not count.
func TestRestAt(t *testing.T) {
	trace := &sinks.Trace{L: 1, H: 1, K: 1, T: 4, IDs: []int32{9, 7, 7, 5},
		FirstMass: [][][]float32{{{1, .1, 0, .5}}}, RowSum: [][][]float32{{{1, .2, 0, 1}}}, Diagonal: [][][]float32{{{1, .05, 0, .25}}},
		RowEntropy: sinks.Cube(1, 1, 4), HeadWrite: [][][]float32{{{1, .5, 0, 1}}}, ValueWrite: [][][]float32{{{1, 1, 1, 1}}},
		ResidNorm: [][]float32{{2, 2, 2, 2}, {2, 2, 2, 2}}, Own: map[string]*sinks.Own{gateName: {Values: [][][]float32{{{1, .2, .4, 1}}}}}}
	at, err := restAt([]*sinks.Trace{trace}, 1, func(id int32) bool { return id == 7 })
	require.NoError(t, err)
	require.InDelta(t, 100*(.5+0)/2, at.BOS, 1e-4)
	require.InDelta(t, 100*(.25+0)/2, at.Own, 1e-4)
	require.InDelta(t, .1, at.RowSum, 1e-6)
	require.InDelta(t, .25, at.Written, 1e-6)
	require.InDelta(t, .3, at.Gate, 1e-6)
	require.InDelta(t, .1, trace.FirstMass[0][0][1], 1e-6, "the trace is left as it was")

	_, err = restAt([]*sinks.Trace{trace}, 1, func(id int32) bool { return id == 1 })
	require.ErrorContains(t, err, "nothing to look at")
}

// Without a gate what a value would write is what it writes; with one the mean gate is seen, and
// what a value writes is that of the same weights without it.
func TestReadAndGate(t *testing.T) {
	c, docs := transformer.Tiny(), [][]int32{{1, 2, 3, 4, 5}}
	plain := tiny.Open(t, c, 0.5, 3)
	traces, err := restTraces(plain, docs)
	require.NoError(t, err)
	want, err := probe.Run(plain, docs, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.ValueWrite}})
	require.NoError(t, err)
	c.OutGate = transformer.OutGateElement
	gated, err := restTraces(tiny.Open(t, c, 0.5, 3), docs)
	require.NoError(t, err)
	for h := range c.Heads {
		require.InDeltaSlice(t, want[0].ValueWrite[0][h], traces[0].ValueWrite[0][h], 1e-4)
		require.InDeltaSlice(t, want[0].ValueWrite[0][h], gated[0].ValueWrite[0][h], 1e-4)
		for _, g := range gated[0].Own[gateName].Values[0][h] {
			require.True(t, 0 < g && g < 1)
		}
	}
}

// Softmax rests on ⟨bos⟩ as notebook 4b found the same run to.
func TestRestOfSoftmaxIsNotebook4b(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a model is measured")
	}
	_, forms, err := Grid(filepath.Join("..", "..", "grids", "patterns-mean.json"))
	require.NoError(t, err)
	own := forms["softmax"][:1]
	rests, err := Rests(context.Background(), own, 256, 4)
	require.NoError(t, err)

	all := keeptest.Shipped[[]values.TaskRun](t, "04b/looked")
	configs := keeptest.Configs(t, "rest")
	i := slices.IndexFunc(configs, func(c train.Config) bool { return c.ID() == own[0].ID() })
	want := all[i]
	for _, pair := range [][2]float64{{100 * want.Value.First, rests[0].Value.BOS}, {100 * want.Value.Own, rests[0].Value.Own},
		{100 * want.Trigger.First, rests[0].Trigger.BOS}, {want.Value.Written, rests[0].Value.Written}, {want.Trigger.Written, rests[0].Trigger.Written},
		{want.Excess, rests[0].Excess}, {1, rests[0].Value.RowSum}} {
		require.InDelta(t, pair[0], pair[1], 1e-3*max(1, pair[0]))
	}
}
