package trained

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// A head's numbers are those of its trace; what it reads behind a gate is what the same values
// write without one.
func TestHeads(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: graphs are compiled")
	}
	docs := [][]int32{{3, 9, 4, 1, 9, 30, 7, 8}, {3, 1, 1, 5, 22, 4, 60, 9}}
	const from = 4
	for _, change := range []func(c *transformer.Config){
		func(c *transformer.Config) { c.Pattern.Kind = transformer.PatternSoftpick },
		func(c *transformer.Config) { c.OutGate = transformer.OutGateHead },
		func(c *transformer.Config) { c.OutGate = transformer.OutGateElement },
	} {
		m := model(t, change)
		got, err := heads(m, docs, from)
		require.NoError(t, err)
		traces, err := probe.Run(m, docs, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.RowSum, ondevice.HeadWrite, ondevice.FirstMass, ondevice.ValueNorm}, Own: gated(&m.Config)})
		require.NoError(t, err)
		for h := range m.Config.Heads {
			var sum, gate, first, write, read, silent float64
			var writes []float64
			for _, x := range traces {
				values := x.Own[valueBefore]
				if values == nil {
					whole, err := probe.Run(m, [][]int32{x.IDs}, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.ValueWrite}})
					require.NoError(t, err)
					values = &sinks.Own{Values: whole[0].ValueWrite}
				}
				for q := from; q < x.T; q++ {
					sum, gate, first = sum+float64(x.RowSum[1][h][q])/8, gate+gateOf(x, 1, h, q)/8, first+float64(x.FirstMass[1][h][q])/8
					write, read = write+float64(x.HeadWrite[1][h][q]), read+float64(values.Values[1][h][q])
					writes = append(writes, float64(x.HeadWrite[1][h][q]))
				}
			}
			for _, x := range writes {
				if x < read/80 { // a tenth of the mean over 8 queries
					silent += 1.0 / 8
				}
			}
			head := got[1][h]
			require.InDelta(t, silent, head.Silent, 1e-6)
			require.InDelta(t, sum, head.RowSum, 1e-6)
			require.InDelta(t, gate, head.Gate, 1e-6)
			require.InDelta(t, first, head.First, 1e-6)
			require.InEpsilon(t, write/read, head.Written, 1e-5)
			require.Equal(t, m.Config.OutGate == "", head.Gate == 1)
		}
	}
}

// Token 1 attends to itself alone: with all of a row it writes its value times its gate, so that the
// values before the gate are told without it.
func TestValueBeforeTheGate(t *testing.T) {
	m := model(t, func(c *transformer.Config) { c.OutGate = transformer.OutGateHead })
	traces, err := probe.Run(m, [][]int32{{3, 9, 4}}, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.HeadWrite}, Own: gated(&m.Config)})
	require.NoError(t, err)
	x := traces[0]
	for l := range m.Config.Layers {
		for h := range m.Config.Heads {
			require.InEpsilon(t, float64(x.HeadWrite[l][h][0]), gateOf(x, l, h, 0)*float64(x.Own[valueBefore].Values[l][h][0]), 1e-5)
		}
	}
}

// Path products are those of patterns times gates, multiplied by other code.
func TestPathProduct(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: graphs are compiled")
	}
	for _, hidden := range []bool{false, true} {
		m := model(t, func(c *transformer.Config) { c.OutGate = transformer.OutGateHead })
		ids := []int32{3, 9, 4, 1, 17}
		var v []probe.Intervention
		if hidden {
			v = []probe.Intervention{probe.MaskKey{}}
		}
		trace, err := probe.Run(m, [][]int32{ids}, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.RowSum}, Own: gated(&m.Config), Interventions: v})
		require.NoError(t, err)
		want := mat.NewDiagDense(len(ids), []float64{1, 1, 1, 1, 1})
		product := mat.DenseCopyOf(want)
		for l := range m.Config.Layers {
			factor := mat.DenseCopyOf(want)
			for h := range m.Config.Heads {
				patterns, err := probe.Patterns(m, ids, []probe.Head{{Layer: l, Head: h}}, v...)
				require.NoError(t, err)
				for q, row := range patterns[0] {
					for s, a := range row {
						factor.Set(q, s, factor.At(q, s)+a*gateOf(trace[0], l, h, q))
					}
				}
			}
			var next mat.Dense
			next.Mul(factor, product)
			product = &next
		}
		got, err := pathProduct(m, ids, v)
		require.NoError(t, err)
		for q := range got {
			require.InDeltaSlice(t, mat.Row(nil, q, product)[:q+1], got[q][:q+1], 1e-5)
		}
		require.Equal(t, hidden, got[4][0] < 1e-9, "no way leads from a hidden key")
	}
}
