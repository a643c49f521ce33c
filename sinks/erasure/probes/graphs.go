package probes

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/erasure"
	"firsttoken/train/transformer"
)

// sharpnesses are the factors of cosines that are tried.
var sharpnesses = []float32{2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91}

// graphs are the computations on chunks of rows.
type graphs struct {
	d           int
	types       *tensors.Tensor // [V', D] centred embeddings of length 1
	sum         *Exec
	costs, hits *Exec
}

// newGraphs looks the types' embeddings up and prepares the computations.
func newGraphs(m *transformer.Model, types []int32) (*graphs, error) {
	g := &graphs{d: m.Config.Width}
	ids := tensors.FromFlatDataAndDimensions(types, 1, len(types))
	defer ids.MustFinalizeAll()
	var positions *tensors.Tensor
	if m.Config.LearnedPositions > 0 { // a constant, which centring takes off
		positions = tensors.FromFlatDataAndDimensions(make([]int32, len(types)), 1, len(types))
		defer positions.MustFinalizeAll()
	}
	embedded, err := m.Embed(ids, positions)
	if err != nil {
		return nil, err
	}
	defer embedded.MustFinalizeAll()
	for _, e := range []struct {
		to    **Exec
		build func([]*Node) []*Node
	}{{&g.sum, sums}, {&g.costs, costs}, {&g.hits, hits}} {
		if *e.to, err = NewExec(m.Backend, e.build); err != nil {
			g.close()
			return nil, err
		}
		(*e.to).SetMaxCache(-1) // the last chunk of a set is of another length
	}
	centre, err := NewExec(m.Backend, func(x *Node) *Node { return unit(centred(Reshape(x, x.Shape().Dim(1), x.Shape().Dim(2)))) })
	if err != nil {
		g.close()
		return nil, err
	}
	defer centre.Finalize()
	out, err := centre.Call(embedded)
	if err != nil {
		g.close()
		return nil, err
	}
	g.types = out[0]
	return g, nil
}

func (g *graphs) close() {
	for _, e := range []*Exec{g.sum, g.costs, g.hits} {
		if e != nil {
			e.Finalize()
		}
	}
	if g.types != nil {
		g.types.MustFinalizeAll()
	}
}

// call runs a computation on rows [n·D], the embeddings and what else it reads, and returns its
// results flat.
func (g *graphs) call(e *Exec, rows []float32, targets []int32, more ...*tensors.Tensor) ([][]float32, error) {
	n := len(rows) / g.d
	if len(targets) != n*erasure.Offsets {
		return nil, fmt.Errorf("%d rows and %d targets", n, len(targets))
	}
	in := []any{tensors.FromFlatDataAndDimensions(rows, n, g.d), g.types, tensors.FromFlatDataAndDimensions(targets, n, erasure.Offsets)}
	own := []*tensors.Tensor{in[0].(*tensors.Tensor), in[2].(*tensors.Tensor)}
	for _, x := range more {
		in, own = append(in, x), append(own, x)
	}
	defer func() {
		for _, x := range own {
			x.MustFinalizeAll()
		}
	}()
	out, err := e.Call(in...)
	if err != nil {
		return nil, err
	}
	var flat [][]float32
	for _, x := range out {
		data, err := tensors.CopyFlatData[float32](x)
		x.MustFinalizeAll()
		if err != nil {
			return nil, err
		}
		flat = append(flat, data)
	}
	return flat, nil
}

// sums are Σ x xᵀ [D+1, D+1] and Σ x yᵀ [D+1, Offsets·D] over rows.
func (g *graphs) sums(rows []float32, targets []int32) (xx, xy []float32, err error) {
	out, err := g.call(g.sum, rows, targets)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// cost is the sum over rows of −log p of the targets, [sharpnesses · Offsets].
func (g *graphs) cost(rows, weights []float32, targets []int32) ([]float32, error) {
	out, err := g.call(g.costs, rows, targets, g.weights(weights))
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// read is 1 where the target has the largest cosine, and the target's probability, both
// [rows · Offsets].
func (g *graphs) read(rows, weights, sharp []float32, targets []int32) (hit, prob []float32, err error) {
	out, err := g.call(g.hits, rows, targets, g.weights(weights), tensors.FromFlatDataAndDimensions(sharp, len(sharp)))
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

func (g *graphs) weights(w []float32) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(w, g.d+1, erasure.Offsets*g.d)
}

func centred(x *Node) *Node { return Sub(x, ReduceAndKeep(x, ReduceMean, 0)) }

// unit scales rows to length 1.
func unit(x *Node) *Node {
	return Div(x, Sqrt(AddScalar(ReduceAndKeep(Mul(x, x), ReduceSum, -1), 1e-12)))
}

// input is a state scaled to a mean square of 1, with a 1 behind it: [n, D+1].
func input(x *Node) *Node {
	x = Div(x, Sqrt(AddScalar(ReduceAndKeep(Mul(x, x), ReduceMean, -1), 1e-12)))
	return Concatenate([]*Node{x, Ones(x.Graph(), shapes.Make(x.DType(), x.Shape().Dim(0), 1))}, -1)
}

// The computations read rows [n, D], the types' embeddings [V', D], targets [n, Offsets], and then
// weights [D+1, Offsets·D] and sharpness [Offsets] where they need them.

func sums(in []*Node) []*Node {
	rows, types, targets := in[0], in[1], in[2]
	x := input(rows)
	y := Gather(types, InsertAxes(targets, -1)) // [n, Offsets, D]
	y = Reshape(y, x.Shape().Dim(0), -1)
	return []*Node{DotGeneral(x, []int{0}, nil, x, []int{0}, nil), DotGeneral(x, []int{0}, nil, y, []int{0}, nil)}
}

// cosines [n, Offsets, V'] of what the probes make of the rows with every type, and those with the
// targets [n, Offsets].
func cosines(in []*Node) (all, target *Node) {
	rows, types, targets, weights := in[0], in[1], in[2], in[3]
	n, d := rows.Shape().Dim(0), rows.Shape().Dim(1)
	y := unit(Reshape(DotGeneral(input(rows), []int{1}, nil, weights, []int{0}, nil), n*erasure.Offsets, d))
	all = Reshape(DotGeneral(y, []int{1}, nil, types, []int{1}, nil), n, erasure.Offsets, -1)
	at := Equal(Iota(rows.Graph(), shapes.Make(targets.DType(), all.Shape().Dimensions...), 2), BroadcastToDims(InsertAxes(targets, -1), all.Shape().Dimensions...))
	return all, ReduceSum(Where(at, all, ZerosLike(all)), -1)
}

func costs(in []*Node) []*Node {
	all, target := cosines(in)
	var list []*Node
	for _, s := range sharpnesses {
		nll := Sub(logSum(MulScalar(all, s)), MulScalar(target, s))
		list = append(list, ReduceSum(nll, 0))
	}
	return []*Node{Concatenate(list, 0)}
}

func hits(in []*Node) []*Node {
	all, target := cosines(in)
	hit := ConvertDType(GreaterOrEqual(target, ReduceMax(all, -1)), dtypes.Float32)
	sharp := Reshape(in[4], 1, erasure.Offsets)
	prob := Exp(Sub(Mul(target, sharp), logSum(Mul(all, InsertAxes(sharp, -1)))))
	return []*Node{hit, prob}
}

// logSum is log Σ exp over the last axis.
func logSum(x *Node) *Node {
	top := ReduceAndKeep(x, ReduceMax, -1)
	return Add(Log(ReduceSum(Exp(Sub(x, top)), -1)), Squeeze(top, -1))
}
