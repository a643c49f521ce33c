package ondevice

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/train/transformer"
)

// block holds what several metrics of one block share.
type block struct {
	c    *transformer.Config
	n    *transformer.Nodes
	lens *Node // [B] int32
	done map[Metric]*Node
}

// metric builds a reduction, once.
func (b *block) metric(m Metric) *Node {
	if n, ok := b.done[m]; ok {
		return n
	}
	e, ok := find(m)
	if !ok {
		panic(fmt.Errorf("ondevice: metric %q is not implemented", m))
	}
	reduce := e.reduce
	if e.stream != nil {
		reduce = func(b *block) *Node { return e.stream(b.n.ResidOut) }
	}
	out := reduce(b)
	b.done[m] = out
	return out
}

// norm is ‖x‖₂ along the last axis.
func norm(x *Node) *Node { return Sqrt(ReduceSum(Mul(x, x), -1)) }

// byRow applies a reduction [B, K, G, Tc, Sc] → [B, K, G, Tc] to each chunk of
// rows and joins the results to [B, H, T].
func (b *block) byRow(reduce func(transformer.Rows) *Node) *Node {
	parts := make([]*Node, len(b.n.Rows))
	for i, r := range b.n.Rows {
		parts[i] = reduce(r)
	}
	all := concatenate(parts, 3)
	return Reshape(all, all.Shape().Dim(0), b.c.Heads, all.Shape().Dim(3))
}

// firstIsMax is 1 where no key has more than the first, which has something.
func (b *block) firstIsMax() *Node {
	first := b.metric(FirstMass)
	return ConvertDType(LogicalAnd(GreaterOrEqual(first, b.metric(RowMax)), GreaterThan(first, ZerosLike(first))), dtypes.Float32)
}

// firstKey is A[t, first key] for a chunk of rows.
func firstKey(pattern *Node) *Node {
	first := Slice(pattern, AxisRange(), AxisRange(), AxisRange(), AxisRange(), AxisElem(0))
	return Reshape(first, first.Shape().Dimensions[:4]...)
}

// keyMass is Σ_t A[t, s] over real rows. Rows of padding are dropped; keys of
// padding get nothing from real rows, by causality.
func (b *block) keyMass() *Node {
	var total *Node
	keys := b.n.Key.Shape().Dim(1)
	for _, r := range b.n.Rows {
		d := r.Pattern.Shape().Dimensions
		row := AddScalar(Iota(b.lens.Graph(), shapes.Make(dtypes.Int32, d[0], d[3]), 1), int32(r.Start))
		real := ConvertDType(LessThan(row, InsertAxes(b.lens, -1)), dtypes.Float32) // [B, Tc]
		mass := ReduceSum(Mul(r.Pattern, Reshape(real, d[0], 1, 1, d[3], 1)), 3)
		mass = Reshape(mass, d[0], b.c.Heads, d[4])
		mass = GrowRight(mass, 2, keys-d[4], 0)
		if total == nil {
			total = mass
		} else {
			total = Add(total, mass)
		}
	}
	return total
}

// entropy of a row divided by its sum Σ = Σ_s A: H = log Σ − (Σ_s A log A)/Σ, in
// nats, with 0·log 0 = 0. A row of zeros has entropy 0.
func (b *block) entropy() *Node {
	sum := b.metric(RowSum)
	alogA := b.byRow(func(r transformer.Rows) *Node {
		// The smallest normal float32 stands for 0: its product with A = 0 is 0.
		return ReduceSum(Mul(r.Pattern, Log(MaxScalar(r.Pattern, 1.1754944e-38))), -1)
	})
	empty := LessOrEqual(sum, ScalarZero(sum.Graph(), sum.DType()))
	safe := Where(empty, OnesLike(sum), sum)
	h := MaxScalar(Sub(Log(safe), Div(alogA, safe)), 0) // rounding may take a row of one key below 0
	return Where(empty, ZerosLike(sum), h)
}

// effectiveFirst weighs each key by the norm of what its value writes.
func (b *block) effectiveFirst() *Node {
	weight := b.metric(ValueWrite) // [B, H, S]
	total := b.byRow(func(r transformer.Rows) *Node {
		d := r.Pattern.Shape().Dimensions
		w := Slice(weight, AxisRange(), AxisRange(), AxisRange(0, d[4]))
		// Not a matrix-vector product: beside other reductions of the pattern XLA
		// would lay the pattern out a second time for it, and take half as long again.
		return ReduceSum(Mul(r.Pattern, Reshape(w, d[0], d[1], d[2], 1, d[4])), -1)
	})
	first := Slice(weight, AxisRange(), AxisRange(), AxisElem(0)) // [B, H, 1]
	num := Mul(b.metric(FirstMass), first)
	empty := LessOrEqual(total, ScalarZero(total.Graph(), total.DType()))
	return Where(empty, ZerosLike(num), Div(num, Where(empty, OnesLike(total), total)))
}

// valuesByHead repeats each key/value head's values for the query heads that
// share it: [B, S, H, Dh].
func (b *block) valuesByHead() *Node {
	d := b.n.V.Shape().Dimensions
	v := BroadcastToDims(InsertAxes(b.n.V, 3), d[0], d[1], d[2], b.c.Groups(), d[3])
	return Reshape(v, d[0], d[1], b.c.Heads, d[3])
}

// headWrite is what a head adds to the residual stream, with the divisor of a norm behind
// attention counted as a constant.
func (b *block) headWrite() *Node {
	write := b.writeNorm(b.n.Z) // [B, H, T]
	if b.n.OutDivisor == nil {
		return write
	}
	return Div(write, TransposeAllAxes(b.n.OutDivisor, 0, 2, 1))
}

// writeNorm is ‖x W_O^h‖₂ for x [B, T, H, Dh]: [B, H, T]. It goes through the
// Gram matrix G_h = W_O^h W_O^hᵀ, ‖xW‖² = x G xᵀ, so that nothing of width D is
// made per head.
func (b *block) writeNorm(x *Node) *Node {
	w := ConvertDType(b.n.OutWeight, dtypes.Float32) // [D, H·Dh]
	w = Reshape(w, b.c.Width, b.c.Heads, b.c.HeadDim)
	gram := DotGeneral(w, []int{0}, []int{1}, w, []int{0}, []int{1})  // [H, Dh, Dh]
	xg := DotGeneral(x, []int{3}, []int{2}, gram, []int{1}, []int{0}) // [H, B, T, Dh]
	square := ReduceSum(Mul(xg, TransposeAllAxes(x, 2, 0, 1, 3)), -1) // [H, B, T]
	return TransposeAllAxes(Sqrt(MaxScalar(square, 0)), 1, 0, 2)      // rounding may take it below 0
}
