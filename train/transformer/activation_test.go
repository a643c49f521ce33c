package transformer

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// Values and slopes against the formulas in float64, far out on both sides too.
func TestActivation(t *testing.T) {
	var x []float32
	for i := -400; i <= 400; i++ {
		x = append(x, float32(i)/20)
	}
	x = append(x, -1e4, 1e4)
	silu := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
	gelu := func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	exact := func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }
	for a, want := range map[Activation]func(float64) float64{"": silu, ActivationSiLU: silu, ActivationGELUTanh: gelu, ActivationGELU: exact} {
		out := run(t, pureGo(t), func(in []*Node) []*Node {
			y := a.Apply(in[0])
			return []*Node{y, Gradient(ReduceAllSum(y), in[0])[0]}
		}, tensors.FromFlatDataAndDimensions(x, len(x)))
		for i, v := range x {
			v := float64(v)
			scale := 1e-6 * max(1, math.Abs(v))
			require.InDelta(t, want(v), out[0][i], scale, "%q at %g", a, v)
			const h = 1e-4
			require.InDelta(t, (want(v+h)-want(v-h))/(2*h), out[1][i], 2e-6, "slope of %q at %g", a, v)
		}
	}
}

// √D, rounded as the compute type has it, multiplies the embedding and nothing else.
func TestScaleEmbed(t *testing.T) {
	c := Tiny()
	c.Width = 3072
	for compute, want := range map[string]float64{"": float64(float32(math.Sqrt(3072))), "float32": float64(float32(math.Sqrt(3072))), "bfloat16": 55.5} {
		c.Compute = compute
		require.Equal(t, want, c.embedFactor(), compute)
	}
	for _, compute := range []string{"float32", "bfloat16"} {
		c := Tiny()
		c.Compute = compute
		table := tensors.FromFlatDataAndDimensions(floats(c.Vocab*c.Width, func() float64 { return 0.3 }), c.Vocab, c.Width)
		ids := tensors.FromValue([][]int32{{0, 63}})
		embed := func() float32 {
			return run(t, pureGo(t), func(a []*Node) []*Node { return []*Node{Embed(&c, &Params[*Node]{Embed: a[0]}, a[1], nil)} }, table, ids)[0][c.Width]
		}
		plain := embed()
		c.ScaleEmbed = true
		require.Equal(t, plain*float32(c.embedFactor()), embed(), compute)
	}
}
