package quantize

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// MaxAt is the metric max |x_c| over channels of what a site reads, [B, T], before rounding. Traces
// have it in Own under its name.
func MaxAt(site transformer.Site) ondevice.Own {
	return ondevice.Own{Name: "max at " + site.String(), Dims: "LT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
		return graph.ReduceMax(graph.Abs(n.Read[site]), -1)
	}}
}

// maxTurned is the same after a turn.
func maxTurned(turn *Turn) ondevice.Own {
	return ondevice.Own{Name: "max after " + turn.Name, Dims: "LT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
		x := n.Read[turn.Site]
		matrix := graph.ConstTensor(x.Graph(), tensors.FromFlatDataAndDimensions(turn.Matrix, turn.side(), turn.side()))
		return graph.ReduceMax(graph.Abs(transformer.Turned(x, matrix, false)), -1)
	}}
}

// Measure says what [Traces] records, and under what.
type Measure struct {
	Loss  bool  // also the loss of each target
	Turn  *Turn // what the channels of its site are after it, too; for steps of an [Activations] with this turn
	Under []probe.Intervention
}

// Traces runs a model on documents for what this package asks of traces: the largest channel of
// each token at every site and of the residual stream, their moments, and the mass on token 1.
func Traces(m *transformer.Model, docs [][]int32, o Measure) ([]*sinks.Trace, error) {
	own := moments()
	for site := range transformer.Sites {
		own = append(own, MaxAt(site))
	}
	if o.Turn != nil {
		own = append(own, maxTurned(o.Turn))
	}
	return probe.Run(m, docs, probe.Options{
		Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.ResidMax}, Own: own, MetricsOnly: !o.Loss, Interventions: o.Under,
	})
}

// Calibrated is the range of static steps: the largest |x| of traces, as [Traces] makes them, at
// each layer and site, tokens that are kept left out. With a turn, its site's is that after it.
func Calibrated(traces []*sinks.Trace, keep *Keep, turn *Turn) (Range, error) {
	if len(traces) == 0 {
		return nil, errors.New("quantize: no texts to calibrate on")
	}
	r := make(Range, traces[0].L)
	for _, t := range traces {
		kept := keep.at(t.IDs)
		for site := range transformer.Sites {
			name := MaxAt(site).Name
			if turn != nil && turn.Site == site {
				name = maxTurned(turn).Name
			}
			own := t.Own[name]
			if own == nil || len(own.Values) == 0 || len(own.Values[0]) != len(r) {
				return nil, fmt.Errorf("quantize: a trace without %q for %d layers: use Traces", name, len(r))
			}
			for l, row := range own.Values[0] {
				for pos, x := range row {
					if !slices.Contains(kept, pos) {
						r[l][site] = max(r[l][site], x)
					}
				}
			}
		}
	}
	return r, nil
}
