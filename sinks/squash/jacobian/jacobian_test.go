package jacobian

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/squash"
	"firsttoken/train/transformer"
)

// tinyConfig has grouped heads and a last chunk of every kind that is not full.
func tinyConfig() transformer.Config {
	return transformer.Config{
		Vocab: 32, Width: 12, Layers: 3, Heads: 4, KVHeads: 2, HeadDim: 4, Hidden: 20,
		Context: 16, NormEps: 1e-5, RopeBase: 100, TiedOutput: true,
	}
}

// shared by all tests, since compiling is what takes time.
var shared = sync.OnceValues(func() (*Differentiator, error) { return newTiny(tinyConfig()) })

func newTiny(c transformer.Config) (*Differentiator, error) {
	m, err := tiny.Random(c, 0.5, 3)
	if err != nil {
		return nil, err
	}
	return New(m, Options{BatchTokens: 40})
}

var document = []int32{3, 14, 15, 9, 2, 6, 5}

func tinyPoint(t *testing.T, bias float64) *Point {
	t.Helper()
	d, err := shared()
	require.NoError(t, err)
	p, err := d.At(document, Condition{FirstKeyBias: bias})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// The forward pass is the model's own.
func TestPointIsTheModel(t *testing.T) {
	d, err := shared()
	require.NoError(t, err)
	p := tinyPoint(t, 0)
	var last []float32
	_, err = d.m.Forward(transformer.One(document), transformer.Pass{
		Observer: &transformer.Observer{Name: "jacobian test", Observe: func(_ *transformer.Config, n *transformer.Nodes, _ *Node) []*Node {
			return []*Node{n.ResidOut}
		}},
		OnBlock: func(_ int, outs []*tensors.Tensor) (err error) {
			last, err = tensors.CopyFlatData[float32](outs[0])
			return err
		},
	})
	require.NoError(t, err)
	require.InDeltaSlice(t, last[:len(p.out)], p.out, 1e-4)
}

// The full derivative against central differences, with and without a bias that
// moves attention, and with key 1 hidden.
func TestExactEqualsFiniteDifferences(t *testing.T) {
	d, err := shared()
	require.NoError(t, err)
	c := &d.m.Config
	for _, bias := range []float64{0, 2, math.Inf(-1)} {
		p := tinyPoint(t, bias)
		const j = 5
		blocks, err := p.Exact(Full, j)
		require.NoError(t, err)
		require.Len(t, blocks, j+1)
		start, err := tensors.CopyFlatData[float32](p.resid[0])
		require.NoError(t, err)
		// from runs the blocks on another start.
		from := func(x []float32) []float32 {
			q := &Point{IDs: document, Condition: p.Condition, d: d, geometry: p.geometry, edits: p.edits}
			require.NoError(t, q.forward(tensors.FromFlatDataAndDimensions(x, 1, len(document), c.Width)))
			transformer.Free(q.resid...)
			transformer.Free(q.mid...)
			return q.out
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range blocks {
			direction := make([]float64, c.Width)
			for k := range direction {
				direction[k] = rng.NormFloat64() / math.Sqrt(float64(c.Width))
			}
			moved := func(step float64) []float32 {
				x := append([]float32(nil), start...)
				for k, u := range direction {
					x[i*c.Width+k] += float32(step * u)
				}
				return from(x)[j*c.Width:][:c.Width]
			}
			const h = 0.01
			var want []float64
			for _, up := range moved(h) {
				want = append(want, float64(up)/(2*h))
			}
			for k, down := range moved(-h) {
				want[k] -= float64(down) / (2 * h)
			}
			var got mat.VecDense
			got.MulVec(blocks[i], mat.NewVecDense(c.Width, direction))
			require.InDeltaSlice(t, want, got.RawVector().Data, 0.01*(1+mat.Norm(blocks[i], 2)), "bias %g, token %d", bias, i+1)
		}
	}
}

func TestExactIsCausal(t *testing.T) {
	p := tinyPoint(t, 0)
	list := []cotangent{{j: 2, direction: make([]float64, 12)}}
	list[0].direction[3] = 1
	require.NoError(t, p.reverse(Full, list, func(_ int, gradient []float32) {
		for _, x := range gradient[3*12:] {
			require.Zero(t, x)
		}
	}))
	blocks, err := p.Exact(Full, 0)
	require.NoError(t, err)
	require.Len(t, blocks, 1)
}

// The theorem's constants hold for one kind of block; the others are refused by name.
func TestNewRefusesOtherBlocks(t *testing.T) {
	for want, change := range map[string]func(c *transformer.Config){
		"norm set":           func(c *transformer.Config) { c.Norm = transformer.NormLayer },
		"norm_placement set": func(c *transformer.Config) { c.Placement = transformer.PlacementSandwich },
		"parallel set":       func(c *transformer.Config) { c.Parallel = true },
		"out_gate set":       func(c *transformer.Config) { c.OutGate = transformer.OutGateHead },
		"plain_mlp set":      func(c *transformer.Config) { c.PlainMLP = true },
		"bias.mlp set":       func(c *transformer.Config) { c.Bias.MLP = true },
		"": func(c *transformer.Config) {
			c.QKNorm, c.Bias.QKV, c.Kinds, c.Tile = transformer.QKNormHead, true, map[string]transformer.Kind{"L": {Window: 3}}, "L"
		},
	} {
		c := tinyConfig()
		change(&c)
		m, err := tiny.Random(c, 0.5, 3)
		require.NoError(t, err)
		d, err := New(m, Options{})
		if want != "" {
			require.ErrorContains(t, err, want)
			d, err = New(m, Options{AnyBlock: true})
		}
		require.NoError(t, err)
		d.Close()
		m.Close()
	}
}

// Norms behind the sublayers: the derivatives are sketched as elsewhere, and a basis of directions
// gives the exact norm; of constants there is none, and Compare says so.
func TestAnyBlock(t *testing.T) {
	c := tinyConfig()
	c.Placement = transformer.PlacementSandwich
	m, err := tiny.Random(c, 0.5, 3)
	require.NoError(t, err)
	defer m.Close()
	d, err := New(m, Options{AnyBlock: true})
	require.NoError(t, err)
	defer d.Close()
	p, err := d.At(document, Condition{})
	require.NoError(t, err)
	defer p.Close()
	j := len(document) - 1
	sketch, err := p.Sketch([]int{j}, Sampling{Directions: c.Width})
	require.NoError(t, err)
	for _, kind := range []Kind{Full, Frozen} {
		exact, err := p.Norms(kind, j)
		require.NoError(t, err)
		for i, pair := range sketch.Pairs {
			got := map[Kind]squash.Norm{Full: pair.Full, Frozen: pair.Frozen}[kind]
			require.InEpsilon(t, exact[i].Frobenius, got.Frobenius, 1e-3, "%s, token %d", kind, i+1)
			require.Positive(t, pair.PathProduct)
		}
	}
	_, err = p.Compare([]int{j})
	require.ErrorContains(t, err, "norm_placement set")
}
