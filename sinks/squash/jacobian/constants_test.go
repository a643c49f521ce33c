package jacobian

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

func spectral(t *testing.T, m mat.Matrix) float64 {
	t.Helper()
	var svd mat.SVD
	require.True(t, svd.Factorize(m, mat.SVDNone))
	return svd.Values(nil)[0]
}

// ‖W_O W_V diag(gain)‖ through Gram matrices, against the product's singular values.
func TestOutputValue(t *testing.T) {
	b, _, err := backend.Open()
	require.NoError(t, err)
	c := tinyConfig()
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		p, err := transformer.RandomParams(&c, dtype, 0.5, 4)
		require.NoError(t, err)
		gain := make([]float32, c.Width)
		for i := range gain {
			gain[i] = 0.3 + float32(i%5)
		}
		p.Layers[1].AttnNorm = tensors.FromFlatDataAndDimensions(gain, c.Width)
		m, err := transformer.New(b, c, p)
		require.NoError(t, err)
		defer m.Close()
		w := p.Layers[1]
		got, err := outputValue(&c, &w)
		require.NoError(t, err)
		out, err := dense(w.Out)
		require.NoError(t, err)
		value, err := dense(w.Value)
		require.NoError(t, err)
		diagonal := mat.NewDiagDense(c.Width, nil)
		for i, x := range gain {
			diagonal.SetDiag(i, float64(x))
		}
		for h := range c.Heads {
			k := h / 2
			var product mat.Dense
			product.Product(out.Slice(0, 12, 4*h, 4*h+4), value.Slice(4*k, 4*k+4, 0, 12), diagonal)
			require.InEpsilon(t, spectral(t, &product), got[h], 1e-9, "head %d", h+1)
		}
	}
}

// The bound on the MLP's Jacobian, against the singular values of what GoMLX
// differentiates in a block whose attention is off: I + ∂ψ, divisors constant.
func TestMLPNorms(t *testing.T) {
	d, err := shared()
	require.NoError(t, err)
	checkMLPNorms(t, d)
	c := tinyConfig()
	c.Activation, c.ScaleEmbed = transformer.ActivationGELUTanh, true
	gemma, err := newTiny(c)
	require.NoError(t, err)
	defer gemma.m.Close()
	defer gemma.Close()
	checkMLPNorms(t, gemma)
}

func checkMLPNorms(t *testing.T, d *Differentiator) {
	t.Helper()
	p, err := d.At(document, Condition{})
	require.NoError(t, err)
	defer p.Close()
	c := &d.m.Config
	const layer = 1
	got, err := d.mlpNorms(layer, p.mid[layer])
	require.NoError(t, err)
	require.Len(t, got, len(document))

	copies := c.Width * len(document)
	units := make([]float32, copies*copies)
	for n := range copies {
		units[n*copies+n] = 1
	}
	cot := tensors.FromFlatDataAndDimensions(units, copies, len(document), c.Width)
	off := tensors.FromFlatDataAndDimensions(make([]float32, copies*len(document)), copies, len(document))
	outs, err := p.run("MLP alone", layer, func(c *transformer.Config, a []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
		in.Resid, in.Frozen, in.Edits = BroadcastToShape(a[0], a[1].Shape()), true, transformer.EditNodes{AttnScale: a[2]}
		return Gradient(ReduceAllSum(Mul(transformer.Block(c, w, in).ResidOut, a[1])), in.Resid)
	}, p.mid[layer], cot, off)
	require.NoError(t, err)
	flat, err := tensors.CopyFlatData[float32](outs[0])
	require.NoError(t, err)
	for i := range document {
		m := mat.NewDense(c.Width, c.Width, nil)
		for a := range c.Width {
			for b := range c.Width {
				m.Set(a, b, float64(flat[(i*c.Width+a)*copies+i*c.Width+b]))
			}
			m.Set(a, a, m.At(a, a)-1)
		}
		want := spectral(t, m)
		require.GreaterOrEqual(t, got[i], want*(1-1e-5), "an upper bound")
		require.LessOrEqual(t, got[i], want*math.Pow(float64(c.Width), 1.0/64)*(1+1e-5), "as tight as promised")
	}
}

func TestSpectralBound(t *testing.T) {
	b, _, err := backend.Open()
	require.NoError(t, err)
	e, err := NewExec(b, func(a []*Node) []*Node { return []*Node{spectralBound(a[0])} })
	require.NoError(t, err)
	defer e.Finalize()
	outs, err := e.Call(tensors.FromValue([][][]float32{
		{{3, 0, 0}, {0, 1, 0}, {0, 0, 2}},             // one large eigenvalue: nearly exact
		{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},             // all equal: as loose as it gets
		{{1e12, 0, 0}, {0, 1, 0}, {0, 0, 0}},          // no overflow
		{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}},             // no 0/0
		{{2e-9, 1e-9, 0}, {1e-9, 2e-9, 0}, {0, 0, 0}}, // small
	}))
	require.NoError(t, err)
	got, err := tensors.CopyFlatData[float32](outs[0])
	require.NoError(t, err)
	for i, want := range []float64{3, math.Pow(3, 1.0/32), 1e12, 0, 3e-9} {
		require.InDelta(t, want, got[i], 1e-4*want+1e-20, "matrix %d", i+1)
	}
}
