package ondevice

import (
	"errors"
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/sinks"
	"firsttoken/train/transformer"
)

// entry is how a metric is made: from a block, or from a residual stream [B, T, D], and then also
// from the one before the first block.
type entry struct {
	name   Metric
	reduce func(*block) *Node
	stream func(resid *Node) *Node
}

// table has every metric in the order an observer returns them. A new one is a line here, a
// constant above and a field of sinks.Trace by the same name. A function, because reductions read
// it.
func table() []entry {
	return []entry{
		{name: FirstMass, reduce: func(b *block) *Node {
			return b.byRow(func(r transformer.Rows) *Node { return firstKey(r.Pattern) })
		}},
		{name: FirstIsMax, reduce: (*block).firstIsMax},
		{name: KeyMass, reduce: (*block).keyMass},
		{name: SelfMass, reduce: func(b *block) *Node {
			return b.byRow(func(r transformer.Rows) *Node { return subdiagonal(r, 0) })
		}},
		{name: RowSum, reduce: func(b *block) *Node {
			return b.byRow(func(r transformer.Rows) *Node { return ReduceSum(r.Pattern, -1) })
		}},
		{name: RowMax, reduce: func(b *block) *Node {
			return b.byRow(func(r transformer.Rows) *Node { return ReduceMax(r.Pattern, -1) })
		}},
		{name: RowEntropy, reduce: (*block).entropy},
		{name: EffectiveFirst, reduce: (*block).effectiveFirst},
		{name: HeadWrite, reduce: (*block).headWrite},
		{name: ValueWrite, reduce: func(b *block) *Node { return b.writeNorm(b.valuesByHead()) }},
		{name: ValueNorm, reduce: func(b *block) *Node { return TransposeAllAxes(norm(b.n.V), 0, 2, 1) }},
		{name: ResidNorm, stream: norm},
		{name: ResidMax, stream: func(x *Node) *Node { return ReduceMax(Abs(x), -1) }},
		{name: Resid, stream: func(x *Node) *Node { return x }},
		{name: AttnWrite, reduce: func(b *block) *Node { return norm(b.n.AttnOut) }},
		{name: MLPWrite, reduce: func(b *block) *Node { return norm(b.n.MLPOut) }},
	}
}

// Defined lists the metrics that a model has, in that order.
func Defined(c *transformer.Config) []Metric {
	return slices.DeleteFunc(All(), func(m Metric) bool { return undefined(c, m) != nil })
}

// undefined says why a model does not have a metric. A norm behind attention divides what
// all heads write together by a number of its own for each row, so that the write of a
// value alone is none. The write of a head at a row is one, that divisor counted as a
// constant, and in the share of the first value it cancels; LayerNorm also takes the mean
// over the heads' sum off. A gate behind the heads is part of what a head writes; what a value
// writes depends on the query's gate then, and so do shares of keys, unless a head has one gate.
func undefined(c *transformer.Config, m Metric) error {
	if c.OutGate != "" && (m == ValueWrite || m == EffectiveFirst && c.OutGate == transformer.OutGateElement) {
		return fmt.Errorf("metric %s is not defined for this model: each query has a gate of its own on what values write (out_gate %q)", m, c.OutGate)
	}
	if c.Placement == "" || m != ValueWrite && !(c.Norm == transformer.NormLayer && (m == HeadWrite || m == EffectiveFirst)) {
		return nil
	}
	return fmt.Errorf("metric %s is not defined for this model: a norm stands between its heads and the residual stream (norm_placement %q)", m, c.Placement)
}

// find looks a metric up.
func find(m Metric) (entry, bool) {
	all := table()
	i := slices.IndexFunc(all, func(e entry) bool { return e.name == m })
	if i < 0 {
		return entry{}, false
	}
	return all[i], true
}

// All lists every metric, in the order an observer returns them.
func All() []Metric {
	var all []Metric
	for _, e := range table() {
		all = append(all, e.name)
	}
	return all
}

// Embedded lists those of the metrics that also exist for the residual stream before the first
// block, in the order an observer returns them.
func Embedded(metrics []Metric) []Metric {
	var out []Metric
	for _, m := range metrics {
		if e, ok := find(m); ok && e.stream != nil {
			out = append(out, m)
		}
	}
	return out
}

// Field is the name of the sinks.Trace field that the metric fills: its own, but that of the whole
// residual stream only the median stays.
func (m Metric) Field() string {
	if m == Resid {
		return "ResidMedian"
	}
	return string(m)
}

// Own is a metric of one's own: a graph that reduces a block to one float32 output. Dims says of
// what shape: "LHT" for [B, H, T], "LHS" the same by keys, "LKS" for [B, K, S], "LT" for [B, T]; L
// is the layer, of which each call makes one. Whole marks what belongs to the whole text, so that
// cutting a trace drops it.
type Own struct {
	Name   string // by which the trace has it, in Trace.Own; no field's name
	Dims   string
	Whole  bool
	Reduce func(c *transformer.Config, n *transformer.Nodes, lens *Node) *Node
}

// Owns is an observer of the caller's metrics; its outputs come in their order.
func Owns(list ...Own) (*transformer.Observer, error) {
	name := "own"
	for i, o := range list {
		if err := o.validate(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list[:i], func(p Own) bool { return p.Name == o.Name }) {
			return nil, fmt.Errorf("metric %q is asked for twice", o.Name)
		}
		name += "+" + o.Name
	}
	return &transformer.Observer{
		Name: name,
		Observe: func(c *transformer.Config, n *transformer.Nodes, lens *Node) []*Node {
			outs := make([]*Node, len(list))
			for i, o := range list {
				outs[i] = o.Reduce(c, n, lens)
				if err := o.fits(c, n, outs[i]); err != nil {
					panic(err) // Forward returns it
				}
			}
			return outs
		},
	}, nil
}

func (o Own) validate() error {
	if o.Name == "" || o.Reduce == nil {
		return errors.New("a metric of one's own needs a Name and a Reduce")
	}
	if err := sinks.CheckOwn(o.Name, o.Dims); err != nil {
		return err
	}
	return nil
}

// fits refuses an output of another shape or type than Dims says.
func (o Own) fits(c *transformer.Config, n *transformer.Nodes, out *Node) error {
	want := []int{n.Resid.Shape().Dim(0)}
	for _, d := range o.Dims[1:] {
		want = append(want, map[rune]int{'H': c.Heads, 'K': c.KVHeads, 'T': n.Q.Shape().Dim(1), 'S': n.Key.Shape().Dim(1)}[d])
	}
	if !slices.Equal(out.Shape().Dimensions, want) || out.DType() != n.Resid.DType() {
		return fmt.Errorf("ondevice: the metric %q is %s: with dimensions %q it must be %s %v", o.Name, out.Shape(), o.Dims, n.Resid.DType(), want)
	}
	return nil
}
