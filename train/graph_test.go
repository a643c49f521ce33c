package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/transformer"
)

// run builds a graph over the weights and calls it on a batch.
func runGraph(t *testing.T, d *decoder, vars *model.Store, b corpus.Batch, build func(w window) []*Node) [][]float32 {
	t.Helper()
	exec, err := model.NewExec(openBackend(t), vars, func(_ *model.Scope, in []*Node) []*Node { return build(d.window(in)) })
	require.NoError(t, err)
	defer exec.Finalize()
	var args []any
	for _, in := range d.inputs(b) {
		args = append(args, in)
	}
	outs, err := exec.Call(args...)
	require.NoError(t, err)
	values := make([][]float32, len(outs))
	for i, out := range outs {
		values[i], err = tensors.CopyFlatData[float32](out)
		require.NoError(t, err)
	}
	return values
}

// The gradient of each weight, along a random direction u: ∂L/∂w · u against
// (L(w+hu) − L(w−hu)) / 2h.
func TestGradientsEqualFiniteDifferences(t *testing.T) {
	for _, test := range []struct {
		packing   corpus.Packing
		pattern   transformer.PatternKind
		recompute bool
		family    string // whose switches are set
	}{
		{packing: fixedBOS()},
		{packing: corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSFixed, Positions: corpus.PositionsRestarted}},
		{packing: corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSNone, Positions: corpus.PositionsContinued}, recompute: true},
		{packing: fixedBOS(), pattern: transformer.PatternSinkLogit},
		{packing: fixedBOS(), pattern: transformer.PatternKeyBias, family: "gated"},
		{packing: fixedBOS(), family: "gemma 3"},
		{packing: corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSNone, Positions: corpus.PositionsRestarted}, family: "gpt"},
	} {
		t.Run(fmt.Sprint(test.packing, test.pattern, test.recompute, test.family), func(t *testing.T) {
			if test.recompute || test.family != "" || test.pattern != "" {
				fullOnly(t, "two packings will do")
			}
			c := tiny(t).Model
			c.Layers, c.TiedOutput, c.Pattern.Kind = 2, test.family != "", test.pattern
			switch test.family {
			case "gemma 3":
				c.Activation, c.ScaleEmbed = transformer.ActivationGELUTanh, true
				c.QKNorm, c.Placement = transformer.QKNormHead, transformer.PlacementSandwich
				c.Kinds, c.Tile = map[string]transformer.Kind{"L": {Window: 3, RopeBase: 100}, "G": {}}, "LG"
			case "gated":
				c.OutGate = transformer.OutGateHead
			case "gpt":
				c.Norm, c.PlainMLP, c.Activation = transformer.NormLayer, true, transformer.ActivationGELU
				c.Bias, c.LearnedPositions = transformer.Bias{QKV: true, Out: true, MLP: true}, c.Context
			}
			d := &decoder{c: &c, packing: test.packing, recompute: test.recompute}
			vars := randomVars(t, &c, 0.3)
			b, err := walk{t: 8, v: c.Vocab, p: test.packing, seed: 3}.Batch(0, 3)
			require.NoError(t, err)

			var names []string
			p := &transformer.Params[struct{}]{Layers: make([]transformer.Layer[struct{}], c.Layers)}
			p.Each(&c, func(name string, _ *struct{}, _ []int) { names = append(names, name) })
			all := runGraph(t, d, vars, b, func(w window) []*Node {
				loss := d.loss(vars, w)
				var nodes []*Node
				for _, name := range names {
					nodes = append(nodes, vars.GetVariable(modelScope+name).NodeValue(loss))
				}
				return Gradient(loss, nodes...)
			})

			exec, err := model.NewExec(openBackend(t), vars, func(_ *model.Scope, in []*Node) *Node { return d.loss(vars, d.window(in)) })
			require.NoError(t, err)
			defer exec.Finalize()
			loss := func() float64 {
				var args []any
				for _, in := range d.inputs(b) {
					args = append(args, in)
				}
				outs, err := exec.Call(args...)
				require.NoError(t, err)
				return float64(tensors.ToScalar[float32](outs[0]))
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for i, name := range names {
				v := vars.GetVariable(modelScope + name)
				old, err := tensors.CopyFlatData[float32](v.MustValue())
				require.NoError(t, err)
				direction, want := make([]float64, len(old)), 0.0
				for j := range direction {
					direction[j] = rng.NormFloat64() / math.Sqrt(float64(len(old)))
					want += direction[j] * float64(all[i][j])
				}
				at := func(h float64) float64 {
					moved := make([]float32, len(old))
					for j := range moved {
						moved[j] = old[j] + float32(h*direction[j])
					}
					require.NoError(t, v.SetValue(tensors.FromFlatDataAndDimensions(moved, v.Shape().Dimensions...)))
					return loss()
				}
				const h = 0.02
				got := (at(h) - at(-h)) / (2 * h)
				at(0)
				require.InDelta(t, want, got, 2e-3+0.02*math.Abs(want), name)
			}
		})
	}
}

// A document under intra-document masking has the losses it has alone, wherever it
// lies in the window; with a fixed ⟨bos⟩, those it has alone after ⟨bos⟩.
func TestIntraDocumentEqualsSeparateDocuments(t *testing.T) {
	fullOnly(t, "compiles a model a packing")
	for _, positions := range []corpus.Positions{corpus.PositionsContinued, corpus.PositionsRestarted} {
		for _, bos := range []corpus.BOS{corpus.BOSNone, corpus.BOSFixed} {
			if bos == corpus.BOSFixed && positions == corpus.PositionsContinued {
				continue // the distance to ⟨bos⟩ then depends on the place in the window
			}
			t.Run(fmt.Sprint(positions, bos), func(t *testing.T) {
				p := corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: bos, Positions: positions}
				c := tiny(t).Model
				c.Layers = 2
				d := &decoder{c: &c, packing: p}
				vars := randomVars(t, &c, 0.4)
				first, second := []int32{3, 1, 4, 1, 5}, []int32{9, 2, 6, 5, 3, 5, 8}
				losses := func(documents ...[]int32) []float32 {
					b := corpus.Batch{B: 1}
					add := func(id, target, segment, position int32) {
						b.Tokens, b.Targets = append(b.Tokens, id), append(b.Targets, target)
						b.Segments, b.Positions = append(b.Segments, segment), append(b.Positions, position)
						b.Weights = append(b.Weights, 1)
					}
					lead := int32(0)
					if bos == corpus.BOSFixed {
						add(0, documents[0][0], 0, 0)
						lead = 1
					}
					for s, doc := range documents {
						for i, id := range doc {
							at := int32(i) + lead
							if positions == corpus.PositionsContinued {
								at = int32(len(b.Tokens))
							}
							add(id, doc[(i+1)%len(doc)], int32(s+1), at)
						}
					}
					b.T = len(b.Tokens)
					out := runGraph(t, d, vars, b, func(w window) []*Node {
						weights := d.weights(vars, w.tokens.Graph())
						_, blocks := d.blocks(weights, w)
						return []*Node{d.losses(weights, blocks[1].ResidOut, w)}
					})
					return out[0][lead:]
				}
				together := losses(first, second)
				require.InDeltaSlice(t, losses(first), together[:len(first)], 1e-5)
				require.InDeltaSlice(t, losses(second), together[len(first):], 1e-5)
				swapped := losses(second, first)
				require.InDeltaSlice(t, swapped[:len(second)], together[len(first):], 1e-5)
			})
		}
	}
}

// Training runs each layer as its kind says, and adds positions as a model does: the
// losses of a window are those of the model with the run's weights.
func TestGraphEqualsModel(t *testing.T) {
	for name, change := range map[string]func(c *transformer.Config){
		"kinds": func(c *transformer.Config) {
			c.Kinds, c.Tile = map[string]transformer.Kind{"L": {Window: 3, RopeBase: 100}, "G": {}, "N": {NoRope: true}}, "LGN"
		},
		"learned positions": func(c *transformer.Config) { c.LearnedPositions = c.Context },
	} {
		t.Run(name, func(t *testing.T) {
			c := tiny(t).Model
			c.Layers = 4
			change(&c)
			vars := randomVars(t, &c, 0.4)
			p, err := transformer.RandomParams(&c, dtypes.Float32, 0.4, 7) // those of randomVars
			require.NoError(t, err)
			m, err := transformer.New(openBackend(t), c, p)
			require.NoError(t, err)
			defer m.Close()
			ids := []int32{3, 1, 4, 1, 5, 9, 2, 6}
			out, err := m.Forward(transformer.One(ids), transformer.Pass{Predict: true})
			require.NoError(t, err)
			b := corpus.Batch{B: 1, T: len(ids), Tokens: ids, Targets: append(slices.Clone(ids[1:]), 0), Weights: make([]float32, len(ids))}
			got := runGraph(t, &decoder{c: &c, packing: fixedBOS()}, vars, b, func(w window) []*Node {
				d := &decoder{c: &c, packing: fixedBOS()}
				weights := d.weights(vars, w.tokens.Graph())
				_, blocks := d.blocks(weights, w)
				return []*Node{d.losses(weights, blocks[3].ResidOut, w)}
			})[0]
			require.InDeltaSlice(t, out.Loss[0], got[:len(ids)-1], 1e-5)
		})
	}
}

// The mask on the device is the packing's own.
func TestVisibleEqualsPacking(t *testing.T) {
	for _, p := range corpus.Packings() {
		d := &decoder{packing: p}
		b, err := walk{t: 9, v: 5, p: p, seed: 4}.Batch(0, 2)
		require.NoError(t, err)
		if !d.masked() {
			continue
		}
		out := runGraph(t, d, model.NewStore(), b, func(w window) []*Node { return []*Node{ConvertDType(d.visible(w), w.weights.DType())} })
		for i := range b.B {
			for at, visible := range p.Visible(b.Row(i).Segments) {
				row, key := at/b.T, at%b.T
				require.Equal(t, visible, key <= row && out[0][i*b.T*b.T+at] == 1, "%v: window %d, row %d, key %d", p, i, row, key)
			}
		}
	}
}

// Products in bfloat16 change the loss by their rounding, no more.
func TestBFloat16IsClose(t *testing.T) {
	fullOnly(t, "compiles two updates")
	c := tiny(t).Model
	vars := randomVars(t, &c, 0.3)
	b, err := walk{t: 8, v: c.Vocab, p: fixedBOS(), seed: 3}.Batch(0, 4)
	require.NoError(t, err)
	losses := map[string]float32{}
	for _, compute := range []string{"float32", "bfloat16"} {
		own := c
		own.Compute = compute
		d := &decoder{c: &own, packing: fixedBOS()}
		losses[compute] = runGraph(t, d, vars, b, func(w window) []*Node { return []*Node{d.loss(vars, w)} })[0][0]
	}
	require.NotEqual(t, losses["float32"], losses["bfloat16"])
	require.InEpsilon(t, losses["float32"], losses["bfloat16"], 0.01)
}
