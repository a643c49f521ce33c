package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// variable is an argument of a function whose gradient is tested.
type variable struct {
	name string
	dims []int
	flat []float32
}

// checkGradient compares GoMLX's gradient of Σ weight · f(vars) with finite
// differences of it along a random direction of each variable, and of all at once.
func checkGradient(t *testing.T, vars []variable, f func([]*Node) *Node) {
	t.Helper()
	rng := rand.New(rand.NewPCG(11, 12))
	var weight []float32
	value, err := NewExec(pureGo(t), f)
	require.NoError(t, err)
	defer value.Finalize()
	// The sum is taken in float64 here: in float32 its rounding would drown small differences.
	eval := func(directions [][]float64, step float64) float64 {
		args := make([]*tensors.Tensor, len(vars))
		for i, v := range vars {
			moved := make([]float32, len(v.flat))
			for j, x := range v.flat {
				moved[j] = float32(float64(x) + step*directions[i][j])
			}
			args[i] = tensors.FromFlatDataAndDimensions(moved, v.dims...)
		}
		y := call(t, value, args...)[0]
		if weight == nil {
			weight = floats(len(y), rng.NormFloat64)
		}
		sum := 0.0
		for i := range y {
			sum += float64(weight[i]) * float64(y[i])
		}
		return sum
	}
	still := make([][]float64, len(vars))
	args := make([]*tensors.Tensor, len(vars))
	for i, v := range vars {
		still[i] = make([]float64, len(v.flat))
		args[i] = tensors.FromFlatDataAndDimensions(v.flat, v.dims...)
	}
	eval(still, 0) // draws the weights of the sum
	w := tensors.FromFlatDataAndDimensions(weight, len(weight))
	gradients := run(t, pureGo(t), func(a []*Node) []*Node {
		y := f(a[:len(vars)])
		return Gradient(ReduceAllSum(Mul(Reshape(y, len(weight)), a[len(vars)])), a[:len(vars)]...)
	}, append(args, w)...)

	along := func(name string, directions [][]float64) {
		want, norm := 0.0, 0.0
		for i := range vars {
			for j, d := range directions[i] {
				g := float64(gradients[i][j])
				want, norm = want+g*d, norm+g*g*d*d
			}
		}
		// The central difference of fourth order.
		const h = 0.02
		got := (8*(eval(directions, h)-eval(directions, -h)) - (eval(directions, 2*h) - eval(directions, -2*h))) / (12 * h)
		require.Positive(t, norm, "%s: the gradient is all zeros", name)
		require.InDelta(t, got, want, 1e-3*max(math.Sqrt(norm), math.Abs(want)), "%s: finite differences against the gradient", name)
	}
	all := make([][]float64, len(vars))
	for i, v := range vars {
		all[i] = make([]float64, len(v.flat))
		for j := range all[i] {
			all[i][j] = rng.NormFloat64() / math.Sqrt(float64(len(v.flat)))
		}
		one := append([][]float64(nil), still...)
		one[i] = all[i]
		along(v.name, one)
	}
	along("all", all)
}

func TestBlockGradient(t *testing.T) {
	c := Config{
		Vocab: 4, Width: 6, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 4, Hidden: 5,
		Context: 8, NormEps: 1e-5, RopeBase: 100,
	}
	const T = 5
	options := map[string]Config{
		"gelu-tanh": {Activation: ActivationGELUTanh}, "gelu": {Activation: ActivationGELU}, "qk-norm": {QKNorm: QKNormWidth},
		"sandwich":    {Placement: PlacementSandwich, QKNorm: QKNormHead, Bias: Bias{QKV: true, Out: true, MLP: true}},
		"gate a head": {OutGate: OutGateHead}, "gate a channel": {OutGate: OutGateElement, Placement: PlacementPost},
		"layer norm": {Norm: NormLayer, Parallel: true, PlainMLP: true, RotaryDim: 2},
	}
	for _, p := range everyPattern[1:] {
		options[string(p.Kind)] = Config{Pattern: p}
	}
	for name, o := range options {
		t.Run(name, func(t *testing.T) {
			o.Vocab, o.Width, o.Layers, o.Heads, o.KVHeads, o.HeadDim = c.Vocab, c.Width, c.Layers, c.Heads, c.KVHeads, c.HeadDim
			o.Hidden, o.Context, o.NormEps, o.RopeBase = c.Hidden, c.Context, c.NormEps, c.RopeBase
			c := o
			rng := rand.New(rand.NewPCG(21, 22))
			vars := []variable{{"resid", []int{1, T, c.Width}, floats(T*c.Width, rng.NormFloat64)}}
			var w Layer[struct{}]
			w.Each(&c, func(name string, _ *struct{}, dims []int) {
				draw := func() float64 { return 0.7 * rng.NormFloat64() }
				if len(dims) == 1 {
					draw = func() float64 { return 1 + 0.3*rng.NormFloat64() }
				}
				vars = append(vars, variable{name, dims, floats(product(dims), draw)})
			})
			geo := c.Geometry(0, Ascending(T))
			checkGradient(t, vars, func(a []*Node) *Node {
				in := Inputs{Resid: a[0], Geometry: Constants(a[0].Graph(), geo), QueryChunk: 2}
				var w Layer[*Node]
				rest := a[1:]
				w.Each(&c, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
				return Block(&c, &w, in).ResidOut
			})
		})
	}
}

func TestLossGradient(t *testing.T) {
	c := Config{NormEps: 1e-5}
	rng := rand.New(rand.NewPCG(31, 32))
	const n, d, v = 4, 6, 9
	vars := []variable{
		{"x", []int{n, d}, floats(n*d, rng.NormFloat64)},
		{"norm", []int{d}, floats(d, func() float64 { return 1 + 0.3*rng.NormFloat64() })},
		{"output", []int{v, d}, floats(v*d, rng.NormFloat64)},
	}
	checkGradient(t, vars, func(a []*Node) *Node {
		loss, _ := NextToken(Logits(&c, &Params[*Node]{Norm: a[1], Output: a[2]}, a[0]), Const(a[0].Graph(), []int32{0, 8, 3, 3}))
		return loss
	})
}

// The formula where ε matters (inputs of 10⁻³) and where it does not.
func TestRMSNorm(t *testing.T) {
	for _, scale := range []float64{1e-3, 1, 1e3} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(41, 42))
			const d = 8
			x := floats(d, func() float64 { return scale * rng.NormFloat64() })
			square := 0.0
			for _, v := range x {
				square += float64(v) * float64(v)
			}
			want := make([]float32, d)
			for i := range x {
				want[i] = float32(2 * float64(x[i]) / math.Sqrt(square/d+1e-5))
			}
			got := run(t, pureGo(t), func(a []*Node) []*Node { return []*Node{RMSNorm(a[0], a[1], 1e-5)} },
				tensors.FromFlatDataAndDimensions(x, 1, d), tensors.FromFlatDataAndDimensions([]float32{2, 2, 2, 2, 2, 2, 2, 2}, d))[0]
			require.InDeltaSlice(t, want, got, 1e-5)
		})
	}
	rng := rand.New(rand.NewPCG(43, 44))
	checkGradient(t, []variable{
		{"x", []int{3, 4}, floats(12, rng.NormFloat64)},
		{"gain", []int{4}, floats(4, rng.NormFloat64)},
	}, func(a []*Node) *Node { return RMSNorm(a[0], a[1], 0.5) })
}
