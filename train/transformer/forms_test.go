package transformer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// Each form is its formula on rows where float32 could go wrong: all scores negative, one huge, all
// keys hidden but one, ±10⁶.
func TestFormsEqualTheirFormulas(t *testing.T) {
	const n = 6
	rng := rand.New(rand.NewPCG(7, 8))
	var rows, slots []float32
	var visible []bool
	add := func(slot float32, seen int, scores ...float32) {
		rows, slots = append(rows, scores...), append(slots, slot)
		for i := range n {
			visible = append(visible, i < seen)
		}
	}
	add(0.5, n, floats(n, rng.NormFloat64)...)
	add(-2, n, -1, -2, -0.1, -30, -5, -1e-4) // all negative
	add(3, n, 1, 80, 0, -1, 2, 3)            // one huge
	add(-1, 1, 0.7, 9, 9, 9, 9, 9)           // all hidden but one
	add(4, 1, -0.7, 9, 9, 9, 9, 9)           // and that one negative
	add(1, n, 1e6, 1e6, -1e6, 0, 1, -1)
	add(1e6, n, -1e6, 2, 1e6, 1e6, 0, -3)
	add(-1e6, n, slices.Repeat([]float32{-1e6}, n)...)
	add(-2e6, n, -1e6, -1e6, -1e6-1, -1e6-2, -1e6, -2e6)
	add(0, n, 0, 0, 0, 0, 0, 0)
	for name, on := range map[string]compute.Backend{"go": pureGo(t), "prepared": prepared(t)} {
		got := run(t, on, func(a []*Node) []*Node {
			var outs []*Node
			for _, p := range everyPattern {
				outs = append(outs, p.apply(a[0], a[1], a[2]))
			}
			return outs
		}, tensors.FromFlatDataAndDimensions(rows, len(slots), n), tensors.FromFlatDataAndDimensions(visible, len(slots), n),
			tensors.FromFlatDataAndDimensions(slots, len(slots), 1))
		for i, p := range everyPattern {
			for r := range slots {
				var seen []float64
				for j := range n {
					if visible[r*n+j] {
						seen = append(seen, float64(rows[r*n+j]))
					}
				}
				want := append(p.Row(seen, float64(slots[r])), make([]float64, n-len(seen))...) // hidden: 0
				for j := range n {
					require.InDelta(t, want[j], got[i][r*n+j], 1e-6, "%s: %v, row %d, key %d", name, p, r+1, j+1)
				}
			}
		}
	}
}

// capturedWith is a pass of a model whose weights of that name in each layer are set.
func capturedWith(t *testing.T, c Config, ids []int32, set func(w *Layer[*tensors.Tensor])) *captured {
	t.Helper()
	p, err := RandomParams(&c, dtypes.Float32, 0.4, 1)
	require.NoError(t, err)
	for l := range p.Layers {
		if set != nil {
			set(&p.Layers[l])
		}
	}
	return mustCapture(t, newModel(t, pureGo(t), c, p), One(ids), nil)
}

// A learned key of zeros is off-by-one. Where a head's query is the same at every token, it is a
// sink logit of q·k′/√Dh. Else the slot takes more of one query than of another.
func TestKeyBiasIsASinkLogitThatDependsOnTheQuery(t *testing.T) {
	c := Tiny()
	ids := document(c, 8, 1) // several tokens
	c.Pattern.Kind = PatternOffByOne
	want := capturedWith(t, c, ids, nil)
	c.Pattern.Kind = PatternKeyBias
	kv := c.KVHeads * c.HeadDim
	got := capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
		w.SinkKey = tensors.FromFlatDataAndDimensions(make([]float32, kv), kv)
	})
	requireClose(t, want.document(&c, 0, 8), got.document(&c, 0, 8))

	// Queries from a bias alone, no turning: the same at all tokens.
	c.LearnedPositions, c.Bias.QKV = c.Context, true
	rng := rand.New(rand.NewPCG(9, 10))
	q, key := floats(c.Heads*c.HeadDim, rng.NormFloat64), floats(kv, rng.NormFloat64)
	logits := make([]float32, c.Heads)
	for h := range logits {
		for d := range c.HeadDim {
			logits[h] += q[h*c.HeadDim+d] * key[h/c.Groups()*c.HeadDim+d] / float32(math.Sqrt(float64(c.HeadDim)))
		}
	}
	constant := func(w *Layer[*tensors.Tensor]) {
		w.Query = tensors.FromFlatDataAndDimensions(make([]float32, len(q)*c.Width), len(q), c.Width)
		w.QueryBias = tensors.FromFlatDataAndDimensions(q, len(q))
	}
	got = capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
		constant(w)
		w.SinkKey = tensors.FromFlatDataAndDimensions(key, kv)
	})
	c.Pattern.Kind = PatternSinkLogit
	want = capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
		constant(w)
		w.Sink = tensors.FromFlatDataAndDimensions(logits, len(logits))
	})
	requireClose(t, want.document(&c, 0, 8), got.document(&c, 0, 8))
}

// A gate of W_g = 0 is ½ everywhere: twice the output projection makes up for it, to the last bit.
// A gate a channel whose rows are equal within a head is a gate a head.
func TestGateIdentities(t *testing.T) {
	c := Tiny()
	ids := document(c, 8, 1)
	plain := capturedWith(t, c, ids, nil)
	double := func(w *Layer[*tensors.Tensor]) {
		require.NoError(t, tensors.MutableFlatData(w.Out, func(flat []float32) {
			for i := range flat {
				flat[i] *= 2
			}
		}))
	}
	for _, gate := range []OutGate{OutGateHead, OutGateElement} {
		c.OutGate = gate
		rows := c.Heads * c.gateWidth()
		half := capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
			double(w)
			w.OutGate = tensors.FromFlatDataAndDimensions(make([]float32, rows*c.Width), rows, c.Width)
		})
		require.Equal(t, plain.Logits, half.Logits)
	}
	weights := map[int][]float32{}
	c.OutGate = OutGateHead
	l := 0
	want := capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
		weights[l] = tensors.MustCopyFlatData[float32](w.OutGate)
		l++
	})
	require.NotEqual(t, plain.Logits, want.Logits)
	c.OutGate, l = OutGateElement, 0
	got := capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
		var flat []float32
		for h := range c.Heads {
			flat = append(flat, slices.Repeat(weights[l][h*c.Width:(h+1)*c.Width], c.HeadDim)...)
		}
		w.OutGate = tensors.FromFlatDataAndDimensions(flat, c.Heads*c.HeadDim, c.Width)
		l++
	})
	requireClose(t, want.document(&c, 0, 8), got.document(&c, 0, 8))
}

// The gate is σ(W_g N(x)), in float64, of the normed input and not of the stream, and z is
// multiplied by it.
func TestGateIsItsFormula(t *testing.T) {
	c := Tiny()
	ids := document(c, 5, 1)
	plain := capturedWith(t, c, ids, nil)
	for _, gate := range []OutGate{OutGateHead, OutGateElement} {
		c.OutGate = gate
		var weight, gain []float32
		gated := capturedWith(t, c, ids, func(w *Layer[*tensors.Tensor]) {
			if weight == nil {
				weight, gain = tensors.MustCopyFlatData[float32](w.OutGate), tensors.MustCopyFlatData[float32](w.AttnNorm)
			}
		})
		require.Equal(t, plain.pattern[0], gated.pattern[0], "the gate is behind the pattern")
		for at := range ids {
			x := plain.resid[0][at*c.Width:][:c.Width]
			square := 0.0
			for _, v := range x {
				square += float64(v) * float64(v)
			}
			for i := range c.Heads * c.HeadDim {
				row, logit := i/(c.HeadDim/c.gateWidth()), 0.0
				for d, v := range x {
					logit += float64(weight[row*c.Width+d]) * float64(v) * float64(gain[d]) / math.Sqrt(square/float64(c.Width)+c.NormEps)
				}
				j := at*c.Heads*c.HeadDim + i
				require.InDelta(t, float64(plain.z[0][j])/(1+math.Exp(-logit)), gated.z[0][j], 1e-5)
			}
		}
	}
}

// The gradients of the two forms that have corners are those of their formulas, in float64: of
// softpick e^s/(Σ |e^s − 1| + ε) · (w − c above 0, c below it), c = Σ w A; of clipped softmax's, of
// what is not clipped. What is hidden has none.
func TestGradientsAtCornersEqualTheirFormulas(t *testing.T) {
	const n = 5
	rng := rand.New(rand.NewPCG(11, 12))
	var rows, weights []float32
	var visible []bool
	for r, row := range [][]float64{{1, -2, 0.5, 3, 9}, {-1, -2, -0.1, -3, 0.4}, {2, -1, 4, 0.3, -0.5}, {0.2, 9, 9, 9, 9}, {12, 1, -3, 2, 0.1}} {
		for i, s := range row {
			rows, weights = append(rows, float32(s)), append(weights, float32(rng.NormFloat64()))
			visible = append(visible, i <= r)
		}
	}
	kinds := []Pattern{{Kind: PatternSoftpick}, {Kind: PatternClipped, Gamma: -0.1, Zeta: 1.1}}
	for name, on := range map[string]compute.Backend{"go": pureGo(t), "prepared": prepared(t)} {
		got := run(t, on, func(a []*Node) (outs []*Node) {
			for _, p := range kinds {
				outs = append(outs, Gradient(ReduceAllSum(Mul(p.apply(a[0], a[1], nil), a[2])), a[0])...)
			}
			return outs
		}, tensors.FromFlatDataAndDimensions(rows, n, n), tensors.FromFlatDataAndDimensions(visible, n, n),
			tensors.FromFlatDataAndDimensions(weights, n, n))
		for i, p := range kinds {
			for r := range n {
				var seen []float64
				for j := range n {
					if visible[r*n+j] {
						seen = append(seen, float64(rows[r*n+j]))
					}
				}
				a, soft := p.Row(seen, 0), Pattern{}.Row(seen, 0)
				passed, c, sum := make([]float64, n), 0.0, softpickEps*math.Exp(max(slices.Max(seen), 0))
				for j, s := range seen {
					passed[j] = float64(weights[r*n+j])
					sum += math.Abs(math.Exp(s) - 1)
					if p.Kind == PatternSoftpick {
						c += passed[j] * a[j]
						continue
					}
					if a[j] == 0 || a[j] == 1 {
						passed[j] = 0
					}
					c += passed[j] * soft[j]
				}
				for j := range n {
					want := 0.0
					switch {
					case j >= len(seen):
					case p.Kind == PatternClipped:
						want = (p.Zeta - p.Gamma) * soft[j] * (passed[j] - c)
					case seen[j] > 0:
						want = math.Exp(seen[j]) / sum * (passed[j] - c)
					default:
						want = math.Exp(seen[j]) / sum * c
					}
					require.InDelta(t, want, got[i][r*n+j], 2e-6, "%s: %v, row %d, key %d", name, p, r+1, j+1)
				}
			}
		}
	}
}
