package trained

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"firsttoken/notebooks/forms"
	"firsttoken/notebooks/resting/study"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/rest"
	"firsttoken/train"
	"firsttoken/train/transformer"
)

// Rests looks at what the heads of one form's runs on trigger-mean do in the first held-out
// sequences, at the queries from `from` on (0-based). The error wraps local.ErrAbsent if a run or
// its weights are not there.
func Rests(ctx context.Context, configs []train.Config, sequences, from int) (list []forms.Rest, err error) {
	for _, c := range configs {
		r := forms.Rest{Seed: c.Seed}
		if err := withModel(c, func(m *transformer.Model) error { return measureRest(ctx, m, c, sequences, from, &r) }); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func measureRest(ctx context.Context, m *transformer.Model, c train.Config, sequences, from int, r *forms.Rest) error {
	docs, task, err := study.Sequences(ctx, c, sequences)
	if err != nil {
		return err
	}
	traces, err := restTraces(m, docs)
	if err != nil {
		return err
	}
	for trigger, to := range map[bool]*forms.RestAt{false: &r.Value, true: &r.Trigger} {
		if *to, err = restAt(traces, from, func(id int32) bool { return (id == task.Trigger()) == trigger }); err != nil {
			return err
		}
	}
	states, err := train.Status([]train.Config{c}, "")
	if err != nil {
		return err
	}
	points, err := train.Points(states)
	if err != nil {
		return err
	}
	r.Excess, err = study.Excess(points[0], c, task)
	return err
}

// Names of metrics of their own. A gate opens by the query, so that what a value alone writes is
// not defined behind it (ondevice.ValueWrite refuses); read is what it would write through an open
// one, and the same as ValueWrite where there is none.
const readName, gateName = "Read", "Gate"

var readMetric = ondevice.Own{Name: readName, Dims: "LHS", Reduce: func(c *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
	d := n.V.Shape().Dimensions // [B, S, K, Dh]
	v := graph.Reshape(graph.BroadcastToDims(graph.InsertAxes(n.V, 3), d[0], d[1], d[2], c.Groups(), d[3]), d[0], d[1], c.Heads, d[3])
	w := graph.Reshape(n.OutWeight, c.Width, c.Heads, c.HeadDim)
	write := graph.Einsum("bshd,ohd->bhso", v, w)
	return graph.Sqrt(graph.ReduceSum(graph.Mul(write, write), -1))
}}

var gateMetric = ondevice.Own{Name: gateName, Dims: "LHT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node {
	return graph.TransposeAllAxes(graph.ReduceMean(n.Gate, -1), 0, 2, 1)
}}

// restTraces are traces that sinks/rest can look at whatever the form: the value's write is filled
// in.
func restTraces(m *transformer.Model, docs [][]int32) ([]*sinks.Trace, error) {
	o := probe.Options{MetricsOnly: true, Own: []ondevice.Own{readMetric},
		Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.SelfMass, ondevice.RowSum, ondevice.RowEntropy, ondevice.HeadWrite, ondevice.ResidNorm}}
	if m.Config.OutGate != "" {
		o.Own = append(o.Own, gateMetric)
	}
	traces, err := probe.Run(m, docs, o)
	if err != nil {
		return nil, err
	}
	for _, t := range traces {
		t.ValueWrite = t.Own[readName].Values
	}
	return traces, nil
}

// zeroRow is a row sum below which a row counts as one of zeros.
const zeroRow = 1e-6

// restAt reads traces at queries of a kind.
func restAt(traces []*sinks.Trace, from int, kind func(id int32) bool) (forms.RestAt, error) {
	var at forms.RestAt
	var layers []int
	for l := range traces[0].L {
		layers = append(layers, l)
	}
	n := 0.0
	var scaled []*sinks.Trace
	for _, t := range traces {
		u := *t
		u.FirstMass, u.Diagonal = sinks.Cube(t.L, t.H, t.T), sinks.Cube(t.L, t.H, t.T)
		for l, heads := range t.RowSum {
			for h, sums := range heads {
				for q, sum := range sums {
					if sum > zeroRow {
						u.FirstMass[l][h][q], u.Diagonal[l][h][q] = t.FirstMass[l][h][q]/sum, t.Diagonal[l][h][q]/sum
					}
					if q < from || !kind(t.IDs[q]) {
						continue
					}
					n++
					at.RowSum += float64(sum)
					if gate := t.Own[gateName]; gate != nil {
						at.Gate += float64(gate.Values[l][h][q])
					}
				}
			}
		}
		scaled = append(scaled, &u)
	}
	looked, err := rest.Look(scaled, layers, from, kind)
	if err != nil {
		return at, fmt.Errorf("forms: %w", err)
	}
	at.RowSum, at.Gate = at.RowSum/n, at.Gate/n
	at.BOS, at.Own, at.Written = 100*looked.First, 100*looked.Own, looked.Written
	return at, nil
}
