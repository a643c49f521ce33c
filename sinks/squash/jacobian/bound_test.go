package jacobian

import (
	"math"
	"sync"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/train/transformer"
)

// The theorem's Jacobian stays below the bound in both forms, at every pair and
// under every bias; the local form is the sharper one.
func TestBoundHolds(t *testing.T) {
	for _, bias := range []float64{0, 3, math.Inf(-1)} {
		p := tinyPoint(t, bias)
		b, err := p.Bound()
		require.NoError(t, err)
		global, local := b.Log10(1), b.Local(1)
		for j := range document {
			norms, err := p.Norms(Frozen, j)
			require.NoError(t, err)
			for i, n := range norms {
				require.LessOrEqual(t, n.Spectral, local[j][i]*(1+1e-4), "bias %g, ∂v%d/∂v%d", bias, j+1, i+1)
				require.LessOrEqual(t, math.Log10(local[j][i]), global[j][i]+1e-9)
			}
			for i := j + 1; i < len(document); i++ {
				require.Zero(t, local[j][i], "no path from the future")
			}
		}
	}
}

// silent is a model whose blocks write nothing: values and MLP outputs are 0.
var silent = sync.OnceValues(func() (*Differentiator, error) {
	m, err := tiny.Random(tinyConfig(), 0.5, 3, func(params *transformer.Params[*tensors.Tensor]) {
		for l := range params.Layers {
			w := &params.Layers[l]
			w.Value = tensors.FromShape(w.Value.Shape())
			w.Down = tensors.FromShape(w.Down.Shape())
		}
	})
	if err != nil {
		return nil, err
	}
	return New(m, Options{})
})

func silentPoint(t *testing.T) *Point {
	t.Helper()
	d, err := silent()
	require.NoError(t, err)
	p, err := d.At(document, Condition{FirstKeyBias: 30})
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// Where heads write nothing and look at token 1, the stream passes untouched:
// ‖∂v_j/∂v_j‖ = 1. The bound with + I allows that, the one with + I/H does not.
func TestResidualWeightIsOne(t *testing.T) {
	p := silentPoint(t)
	require.InDelta(t, 1, p.FirstMass(), 1e-6)
	norms, err := p.Norms(Frozen, 4)
	require.NoError(t, err)
	require.InDelta(t, 1, norms[4].Spectral, 1e-6)
	require.InDelta(t, math.Sqrt(12), norms[4].Frobenius, 1e-5)
	require.Zero(t, norms[1].Spectral)
	b, err := p.Bound()
	require.NoError(t, err)
	require.InDelta(t, 1, b.CMax(), 1e-6)
	require.InDelta(t, 1, b.PathProduct(1)[4][4], 1e-6)
	require.InDelta(t, 0, b.Log10(1)[4][4], 1e-6)
	require.InDelta(t, math.Pow(0.25, 3), b.PathProduct(0.25)[4][4], 1e-6, "H = 4, three layers")
}

// A bias on key 1 moves mass, and BiasFor finds the one wanted.
func TestBiasFor(t *testing.T) {
	d, err := shared()
	require.NoError(t, err)
	docs := [][]int32{document, {1, 2, 3, 4, 5, 6, 7}}
	last := -1.0
	for _, mass := range []float64{0.2, 0.9} {
		bias, err := d.BiasFor(docs, 0, mass)
		require.NoError(t, err)
		got := 0.0
		for _, ids := range docs {
			p, err := d.At(ids, Condition{FirstKeyBias: bias})
			require.NoError(t, err)
			got += p.FirstMass() / 2
			p.Close()
		}
		require.InDelta(t, mass, got, 1e-3)
		require.Greater(t, got, last)
		last = got
	}
	hidden := tinyPoint(t, math.Inf(-1))
	require.Zero(t, hidden.FirstMass())
	// Documents run together have the mean of what each has alone, whatever their lengths.
	docs = [][]int32{{7, 6, 5}, {1, 2, 3, 4, 5, 6, 7}, {3, 2, 1}}
	bias, err := d.BiasFor(docs, 2, 0.6)
	require.NoError(t, err)
	alone := 0.0
	for _, ids := range docs {
		p, err := d.At(ids, Condition{Layers: 2, FirstKeyBias: bias})
		require.NoError(t, err)
		together, err := d.firstMass([][]int32{ids, ids}, Condition{Layers: 2, FirstKeyBias: bias})
		require.NoError(t, err)
		require.InDelta(t, p.FirstMass(), together, 1e-6)
		alone += p.FirstMass() / 3
		p.Close()
	}
	require.InDelta(t, 0.6, alone, 1e-3)
	_, err = d.BiasFor(docs, 0, 1)
	require.ErrorContains(t, err, "between 0 and 1")
	_, err = d.BiasFor(nil, 0, 0.5)
	require.ErrorContains(t, err, "0 documents")
}

func TestRefuses(t *testing.T) {
	d, err := shared()
	require.NoError(t, err)
	p := tinyPoint(t, 0)
	failing := func(_ any, err error) error { return err }
	c := tinyConfig()
	c.Compute = "bfloat16"
	params, err := transformer.RandomParams(&c, dtypes.BFloat16, 0.5, 3)
	require.NoError(t, err)
	half, err := transformer.New(d.m.Backend, c, params)
	require.NoError(t, err)
	defer half.Close()
	for want, err := range map[string]error{
		"no model":                         failing(New(nil, Options{})),
		"computes in bfloat16":             failing(New(half, Options{})),
		"layers = 4: the model has 3":      failing(d.At(document, Condition{Layers: 4})),
		"layers = -1":                      failing(d.At(document, Condition{Layers: -1})),
		"batch_tokens = -1":                failing(New(d.m, Options{BatchTokens: -1})),
		"the document has 1 tokens":        failing(d.At([]int32{1}, Condition{})),
		"the document has 17 tokens":       failing(d.At(make([]int32, 17), Condition{})),
		"token 2: id 32":                   failing(d.At([]int32{1, 32}, Condition{})),
		"a bias of +Inf":                   failing(d.At(document, Condition{FirstKeyBias: math.Inf(1)})),
		"a bias of NaN":                    failing(d.At(document, Condition{FirstKeyBias: math.NaN()})),
		"output position 8":                failing(p.Exact(Full, 7)),
		"output position 0":                failing(p.Norms(Full, -1)),
		`derivative "half" is unknown`:     failing(p.Exact("half", 1)),
		"1 random directions":              failing(p.Estimate(Full, []int{1}, Sampling{Directions: 1})),
		"13 random directions":             failing(p.Estimate(Full, []int{1}, Sampling{Directions: 13})),
		"output position 10: the document": failing(p.Estimate(Full, []int{9}, Sampling{Directions: 2})),
	} {
		require.ErrorContains(t, err, want)
	}
}
