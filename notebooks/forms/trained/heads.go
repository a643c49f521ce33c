package trained

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/notebooks/forms"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/rest"
	"firsttoken/train/transformer"
)

// The names of what a gated model's heads are measured by.
const gateMean, valueBefore = "gate", "value write before the gate"

// gated are metrics of models with a gate; none of others.
func gated(c *transformer.Config) []ondevice.Own {
	if c.OutGate == "" {
		return nil
	}
	return []ondevice.Own{
		{Name: gateMean, Dims: "LHT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *Node) *Node {
			return TransposeAllAxes(ReduceMean(n.Gate, -1), 0, 2, 1)
		}},
		{Name: valueBefore, Dims: "LHS", Reduce: func(c *transformer.Config, n *transformer.Nodes, _ *Node) *Node {
			d := n.V.Shape().Dimensions // [B, S, K, Dh]
			values := Reshape(BroadcastToDims(InsertAxes(n.V, 3), d[0], d[1], d[2], c.Groups(), d[3]), d[0], d[1], c.Heads, d[3])
			w := Reshape(n.OutWeight, c.Width, c.Heads, c.HeadDim)
			written := DotGeneral(values, []int{3}, []int{2}, w, []int{2}, []int{1}) // [H, B, S, D]
			return TransposeAllAxes(Sqrt(ReduceSum(Square(written), -1)), 1, 0, 2)
		}},
	}
}

// gateOf is a head's gate at a query, 1 in models without.
func gateOf(t *sinks.Trace, l, h, q int) float64 {
	if g := t.Own[gateMean]; g != nil {
		return float64(g.Values[l][h][q])
	}
	return 1
}

// heads looks at each head from a query on, in texts of one length.
func heads(m *transformer.Model, docs [][]int32, from int) (out [][]forms.Head, err error) {
	c := &m.Config
	metrics := []ondevice.Metric{ondevice.FirstMass, ondevice.SelfMass, ondevice.RowSum, ondevice.RowEntropy, ondevice.HeadWrite, ondevice.ResidNorm}
	if c.OutGate == "" {
		metrics = append(metrics, ondevice.ValueWrite)
	}
	traces, err := probe.Run(m, docs, probe.Options{MetricsOnly: true, Metrics: metrics, Own: gated(c)})
	if err != nil {
		return nil, err
	}
	for l := range c.Layers {
		var layer []forms.Head
		for h := range c.Heads {
			var head forms.Head
			own, value := make([]*sinks.Trace, len(traces)), 0.0 // value: mean length of what values write
			share := 1 / float64(len(traces)*(traces[0].T-from))
			for i, t := range traces {
				own[i] = alone(t, l, h)
				for q := from; q < t.T; q++ {
					head.RowSum += share * float64(t.RowSum[l][h][q])
					head.Gate += share * gateOf(t, l, h, q)
					value += share * float64(own[i].ValueWrite[0][0][q])
				}
			}
			for _, t := range own {
				for _, wrote := range t.HeadWrite[0][0][from:t.T] {
					if float64(wrote) < value/10 {
						head.Silent += share
					}
				}
			}
			look, err := rest.Look(own, []int{0}, from, nil)
			if err != nil {
				return nil, fmt.Errorf("layer %d, head %d: %w", l+1, h+1, err)
			}
			head.First, head.Keys, head.Written, head.Stream = look.First, look.Keys, look.Written, look.Stream
			layer = append(layer, head)
		}
		out = append(out, layer)
	}
	return out, nil
}

// alone is what rest.Look reads of one head.
func alone(t *sinks.Trace, l, h int) *sinks.Trace {
	one := func(x [][][]float32) [][][]float32 { return [][][]float32{{x[l][h]}} }
	values := t.ValueWrite
	if v := t.Own[valueBefore]; v != nil {
		values = v.Values
	}
	return &sinks.Trace{L: 1, H: 1, T: t.T, IDs: t.IDs, FirstMass: one(t.FirstMass), Diagonal: one(t.Diagonal), RowEntropy: one(t.RowEntropy),
		HeadWrite: one(t.HeadWrite), ValueWrite: one(values), ResidNorm: t.ResidNorm[l : l+1]}
}
