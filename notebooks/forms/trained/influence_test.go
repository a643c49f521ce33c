package trained

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/squash/jacobian"
	"firsttoken/train/transformer"
)

// model is a small random one.
func model(t *testing.T, change func(*transformer.Config)) *transformer.Model {
	t.Helper()
	c := transformer.Tiny()
	change(&c)
	return tiny.Open(t, c, 0.4, 3)
}

// projected are the sums of [influence] of given Jacobian blocks [j+1] of [D, D] of each output, by
// the directions that it draws.
func projected(blocks [][]*mat.Dense, directions int, rng *rand.Rand) (others, own []float64) {
	for _, of := range blocks {
		o, w := 0.0, 0.0
		for range directions {
			u := make([]float64, of[0].RawMatrix().Rows)
			for k := range u {
				u[k] = float64(2*rng.IntN(2) - 1)
			}
			for i := 1; i < len(of); i++ {
				var row mat.VecDense
				row.MulVec(of[i].T(), mat.NewVecDense(len(u), u))
				if i < len(of)-1 {
					o += mat.Dot(&row, &row) / float64(directions)
				} else {
					w += mat.Dot(&row, &row) / float64(directions)
				}
			}
		}
		others, own = append(others, o), append(own, w)
	}
	return others, own
}

// Where package jacobian has the derivative, the sums are those of its exact blocks, with ⟨bos⟩'s
// key hidden or not.
func TestInfluenceIsTheJacobians(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: graphs are compiled")
	}
	for _, kind := range []transformer.PatternKind{"", transformer.PatternSoftpick} {
		m := model(t, func(c *transformer.Config) { c.Pattern.Kind = kind })
		d, err := jacobian.New(m, jacobian.Options{})
		require.NoError(t, err)
		defer d.Close()
		ids, outputs := []int32{3, 9, 4, 1, 9, 30, 7}, []int{3, 6}
		var last float64
		for _, hidden := range []bool{false, true} {
			bias := 0.0
			if hidden {
				bias = hide
			}
			p, err := d.At(ids, jacobian.Condition{FirstKeyBias: bias})
			require.NoError(t, err)
			var blocks [][]*mat.Dense
			for _, j := range outputs {
				of, err := p.Exact(jacobian.Full, j)
				require.NoError(t, err)
				blocks = append(blocks, of)
			}
			p.Close()
			wantOthers, wantOwn := projected(blocks, 3, rand.New(rand.NewPCG(1, 2)))
			others, own, err := influence(m, ids, outputs, 3, hidden, rand.New(rand.NewPCG(1, 2)))
			require.NoError(t, err)
			require.InEpsilonSlice(t, wantOthers, others, 1e-4)
			require.InEpsilonSlice(t, wantOwn, own, 1e-4)
			require.NotEqual(t, last, others[1], "hiding the key does something")
			last = others[1]
		}
	}
}

// Behind gates, which package jacobian refuses, they are those of finite differences.
func TestInfluenceBehindGates(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: graphs are compiled")
	}
	for _, gate := range []transformer.OutGate{transformer.OutGateHead, transformer.OutGateElement} {
		m := model(t, func(c *transformer.Config) { c.OutGate = gate })
		ids := []int32{3, 9, 4, 1}
		stream, err := probe.Residuals(m, ids)
		require.NoError(t, err)
		const eps = 2e-3
		T, d := len(ids), m.Config.Width
		var batch [][][]float32 // up and down, by token and component
		for i := range T {
			for b := range d {
				for _, sign := range []float32{1, -1} {
					var moved [][]float32
					for _, row := range stream[0] {
						moved = append(moved, append([]float32(nil), row...))
					}
					moved[i][b] += sign * eps
					batch = append(batch, moved)
				}
			}
		}
		x := tensors.FromValue(batch)
		for l := range m.Config.Layers {
			g := m.Config.Geometry(l, transformer.Ascending(T))
			outs, err := m.Run(transformer.Call{Layer: l, Geometry: g, Args: []*tensors.Tensor{x}, Name: "forward",
				Build: func(c *transformer.Config, args []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
					in.Resid = args[0]
					return []*Node{transformer.Block(c, w, in).ResidOut}
				}})
			require.NoError(t, err)
			g.Free()
			transformer.Free(x)
			x = outs[0]
		}
		flat, err := tensors.CopyFlatData[float32](x)
		require.NoError(t, err)
		at := func(n, a int) float64 { return float64(flat[(n*T+T-1)*d+a]) }
		var blocks []*mat.Dense
		for i := range T {
			block := mat.NewDense(d, d, nil)
			for a := range d {
				for b := range d {
					n := 2 * (i*d + b)
					block.Set(a, b, (at(n, a)-at(n+1, a))/(2*eps))
				}
			}
			blocks = append(blocks, block)
		}
		wantOthers, wantOwn := projected([][]*mat.Dense{blocks}, 4, rand.New(rand.NewPCG(5, 6)))
		others, own, err := influence(m, ids, []int{T - 1}, 4, false, rand.New(rand.NewPCG(5, 6)))
		require.NoError(t, err)
		require.InEpsilonSlice(t, wantOthers, others, 0.01)
		require.InEpsilonSlice(t, wantOwn, own, 0.01)
	}
}
