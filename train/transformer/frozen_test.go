package transformer

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// Both halves of a block read a normalised stream, so its length makes no
// difference to them: x·∇f = 0. With the pattern and the divisors constant,
// attention is linear, so x·∇f = f (Euler), and the MLP notices the length too.
func TestFrozenGradient(t *testing.T) {
	c := Config{
		Vocab: 4, Width: 6, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 4, Hidden: 5,
		Context: 8, NormEps: 1e-9, RopeBase: 100,
	}
	const T = 5
	rng := rand.New(rand.NewPCG(51, 52))
	args := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(floats(T*c.Width, rng.NormFloat64), 1, T, c.Width)}
	var w Layer[struct{}]
	w.Each(&c, func(_ string, _ *struct{}, dims []int) {
		args = append(args, tensors.FromFlatDataAndDimensions(floats(product(dims), rng.NormFloat64), dims...))
	})
	weight := floats(T*c.Width, rng.NormFloat64)
	geo := c.Geometry(0, Ascending(T))
	// along returns f = Σ weight · out and its derivative along in, for both halves.
	along := func(frozen bool) (attn, attnAlong, mlp, mlpAlong float32) {
		outs := run(t, pureGo(t), func(a []*Node) (outs []*Node) {
			g := a[0].Graph()
			var w Layer[*Node]
			rest := a[1:]
			w.Each(&c, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
			n := Block(&c, &w, Inputs{Resid: a[0], Geometry: Constants(g, geo), Frozen: frozen, QueryChunk: 2})
			for _, half := range []struct{ in, out *Node }{{n.Resid, n.AttnOut}, {n.ResidMid, n.MLPOut}} {
				f := ReduceAllSum(Mul(half.out, Reshape(Const(g, weight), 1, T, c.Width)))
				outs = append(outs, f, ReduceAllSum(Mul(Gradient(f, half.in)[0], half.in)))
			}
			return outs
		}, args...)
		return outs[0][0], outs[1][0], outs[2][0], outs[3][0]
	}
	attn, attnAlong, mlp, mlpAlong := along(false)
	require.InDelta(t, 0, attnAlong, 1e-3, "attention reads a normalised stream")
	require.InDelta(t, 0, mlpAlong, 1e-3, "the MLP reads a normalised stream")
	frozenAttn, attnAlong, frozenMLP, mlpAlong := along(true)
	require.Equal(t, []float32{attn, mlp}, []float32{frozenAttn, frozenMLP}, "values do not change")
	require.InEpsilon(t, attn, attnAlong, 1e-4, "attention is linear")
	require.Greater(t, mlpAlong*mlpAlong, float32(1), "the MLP is not invariant any more")
}
