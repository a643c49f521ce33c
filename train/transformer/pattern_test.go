package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// everyPattern has one value of each kind.
var everyPattern = []Pattern{
	{},
	{Kind: PatternSoftmax},
	{Kind: PatternOffByOne},
	{Kind: PatternSinkLogit},
	{Kind: PatternKeyBias},
	{Kind: PatternSoftpick},
	{Kind: PatternSigmoid},
	{Kind: PatternClipped, Gamma: -0.1, Zeta: 1.1},
}

// patterns compiles every kind on causal scores [n, n] and a sink logit.
func patterns(t *testing.T, on compute.Backend) func(n int, scores []float32, sink float32) map[Pattern][]float32 {
	t.Helper()
	e, err := NewExec(on, func(a []*Node) []*Node {
		g := a[0].Graph()
		visible := LessOrEqual(Iota(g, a[0].Shape(), 1), Iota(g, a[0].Shape(), 0))
		var outs []*Node
		for _, p := range everyPattern {
			outs = append(outs, p.apply(a[0], visible, a[1]))
		}
		return outs
	})
	require.NoError(t, err)
	t.Cleanup(e.Finalize)
	return func(n int, scores []float32, sink float32) map[Pattern][]float32 {
		outs := call(t, e, tensors.FromFlatDataAndDimensions(scores, n, n), tensors.FromFlatDataAndDimensions([]float32{sink}, 1, 1))
		byKind := map[Pattern][]float32{}
		for i, p := range everyPattern {
			byKind[p] = outs[i]
		}
		return byKind
	}
}

func TestPatternRows(t *testing.T) {
	const n, sink = 6, 0.5
	rng := rand.New(rand.NewPCG(1, 2))
	scores := floats(n*n, func() float64 { return 2 * rng.NormFloat64() })
	for i := range n {
		scores[4*n+i] = -1 - float32(i) // a row in which every score is negative
	}
	scores[2*n], scores[2*n+1], scores[2*n+2] = 9, -9, -9 // a row that clipping saturates
	for p, a := range patterns(t, pureGo(t))(n, scores, sink) {
		for i := range n {
			sum, e := 0.0, 0.0 // of the pattern, and Σ e^s
			for j := range n {
				require.GreaterOrEqual(t, a[i*n+j], float32(0))
				if j > i {
					require.Zero(t, a[i*n+j], "%v: key %d is after query %d", p, j, i)
					continue
				}
				sum += float64(a[i*n+j])
				e += math.Exp(float64(scores[i*n+j]))
			}
			switch p.Kind {
			case "", PatternSoftmax:
				require.InDelta(t, 1, sum, 1e-6)
			case PatternOffByOne:
				require.InDelta(t, e/(1+e), sum, 1e-6)
			case PatternSinkLogit, PatternKeyBias:
				require.InDelta(t, e/(math.Exp(sink)+e), sum, 1e-6)
			case PatternSoftpick:
				require.LessOrEqual(t, sum, 1.0)
				require.Equal(t, i == 4, sum == 0, "row %d sums to %g", i, sum)
			case PatternSigmoid:
				require.Less(t, sum, float64(i+1))
			case PatternClipped:
				if i == 2 {
					require.Equal(t, []float32{1, 0, 0}, a[2*n:2*n+3])
				}
			}
		}
	}
}

// The extremes of float32 scores: no kind may overflow, and a score far above the
// others takes all there is.
func TestPatternExtremes(t *testing.T) {
	backends := map[string]compute.Backend{"go": pureGo(t), "prepared": prepared(t)}
	for name, on := range backends {
		apply := patterns(t, on)
		for _, scale := range []float32{1e4, 1e30, -1e4, -1e30} {
			t.Run(fmt.Sprintf("%s/%g", name, scale), func(t *testing.T) {
				const n = 3
				scores := []float32{scale, 0, 0, scale, 0, 0, 0, scale, 2 * scale}
				for p, a := range apply(n, scores, -scale) {
					for i, x := range a {
						require.False(t, x-x != 0, "%v[%d] = %g", p, i, x)
					}
					largest := a[n*n-1] // of the last row, where scale > 0
					if scale > 0 {
						require.InDelta(t, 1, largest, 1e-5, "%v", p)
					} else {
						require.InDelta(t, 0, largest, 1e-5, "%v", p)
					}
				}
			})
		}
	}
}

// Softmax is the limit of three other kinds, and does not see a shift of a row.
func TestPatternLimits(t *testing.T) {
	const n = 5
	rng := rand.New(rand.NewPCG(3, 4))
	scores := floats(n*n, rng.NormFloat64)
	shifted := make([]float32, len(scores))
	for i, s := range scores {
		shifted[i] = s + 30
	}
	apply := patterns(t, pureGo(t))
	soft, high := apply(n, scores, -60), apply(n, shifted, 0)
	want := soft[Pattern{}]
	for _, got := range [][]float32{
		soft[Pattern{Kind: PatternSoftmax}],
		soft[Pattern{Kind: PatternKeyBias}],
		soft[Pattern{Kind: PatternSinkLogit}], // a sink logit of −60 takes nothing
		high[Pattern{Kind: PatternOffByOne}],  // neither does a 1 beside e³⁰
		high[Pattern{Kind: PatternSoftpick}],
		high[Pattern{}],
	} {
		require.InDeltaSlice(t, want, got, 1e-5)
	}
}

// The gradient at such extremes is finite as well: training must survive them.
func TestPatternExtremeGradients(t *testing.T) {
	const n = 3
	e, err := NewExec(pureGo(t), func(a []*Node) []*Node {
		g := a[0].Graph()
		visible := LessOrEqual(Iota(g, a[0].Shape(), 1), Iota(g, a[0].Shape(), 0))
		var outs []*Node
		for _, p := range everyPattern {
			sum := ReduceAllSum(Mul(p.apply(a[0], visible, a[1]), Iota(g, a[0].Shape(), 1)))
			if p.Kind == PatternSinkLogit || p.Kind == PatternKeyBias {
				outs = append(outs, Gradient(sum, a[0], a[1])...)
			} else {
				outs = append(outs, Gradient(sum, a[0])...)
			}
		}
		return outs
	})
	require.NoError(t, err)
	defer e.Finalize()
	for _, scale := range []float32{1e4, -1e4} {
		scores := tensors.FromFlatDataAndDimensions([]float32{scale, 0, 0, scale, scale, 0, 0, scale, 2 * scale}, n, n)
		for i, gradient := range call(t, e, scores, tensors.FromFlatDataAndDimensions([]float32{-scale}, 1, 1)) {
			require.True(t, Finite(gradient), "output %d at %g: %g", i, scale, gradient)
		}
	}
}
