package jacobian

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes/bfloat16"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"firsttoken/sinks/squash"
	"firsttoken/train/transformer"
)

// Bound measures the theorem's constants at this document. Models taken by Options.AnyBlock alone
// have none.
func (p *Point) Bound() (squash.Bound, error) {
	d := p.d
	if err := unbounded(&d.m.Config); err != nil {
		return nil, err
	}
	b := make(squash.Bound, len(p.resid))
	for l := range b {
		mlp, err := d.mlpNorms(l, p.mid[l])
		if err == nil && d.outputValue[l] == nil {
			d.outputValue[l], err = outputValue(&d.m.Config, &d.m.Params().Layers[l])
		}
		if err != nil {
			return nil, fmt.Errorf("jacobian: layer %d: %w", l+1, err)
		}
		b[l] = squash.Layer{Pattern: p.pattern[l], OutputValue: d.outputValue[l], RMS: p.rms[l], MLP: mlp}
	}
	return b, nil
}

// outputValue is ‖W_O^h W_V^h diag(gain)‖₂ of each head of a block. The product is
// [D, D] but of rank Dh, so its singular values come from Gram matrices [Dh, Dh]:
// with W_OᵀW_O = SSᵀ they are the roots of the eigenvalues of Sᵀ W_V diag(gain²) W_Vᵀ S.
func outputValue(c *transformer.Config, w *transformer.Layer[*tensors.Tensor]) ([]float64, error) {
	out, err := dense(w.Out)
	if err != nil {
		return nil, err
	}
	value, err := dense(w.Value)
	if err != nil {
		return nil, err
	}
	gain, err := dense(w.AttnNorm)
	if err != nil {
		return nil, err
	}
	value.Apply(func(_, col int, x float64) float64 { return x * gain.At(0, col) }, value)
	norms := make([]float64, c.Heads)
	for h := range norms {
		k := h / c.Groups()
		var outGram, valueGram mat.SymDense
		outGram.SymOuterK(1, out.Slice(0, c.Width, h*c.HeadDim, (h+1)*c.HeadDim).T())
		valueGram.SymOuterK(1, value.Slice(k*c.HeadDim, (k+1)*c.HeadDim, 0, c.Width))
		var eigen mat.EigenSym
		if !eigen.Factorize(&outGram, true) {
			return nil, fmt.Errorf("head %d: the eigenvalues of the output matrix do not converge", h+1)
		}
		var root, product mat.Dense
		eigen.VectorsTo(&root)
		values := eigen.Values(nil)
		root.Apply(func(_, col int, x float64) float64 { return x * math.Sqrt(max(values[col], 0)) }, &root)
		product.Product(root.T(), &valueGram, &root)
		// Symmetric but for rounding.
		if !eigen.Factorize(mat.NewSymDense(c.HeadDim, product.RawMatrix().Data), false) {
			return nil, fmt.Errorf("head %d: the eigenvalues of W_O W_V do not converge", h+1)
		}
		norms[h] = math.Sqrt(max(eigen.Values(nil)[c.HeadDim-1], 0))
	}
	return norms, nil
}

// dense copies a weight of either type to the host; a vector becomes one row.
func dense(w *tensors.Tensor) (*mat.Dense, error) {
	dims := w.Shape().Dimensions
	if len(dims) == 1 {
		dims = []int{1, dims[0]}
	}
	data := make([]float64, w.Shape().Size())
	err := w.ConstFlatData(func(flat any) {
		switch flat := flat.(type) {
		case []float32:
			for i, x := range flat {
				data[i] = float64(x)
			}
		case []bfloat16.BFloat16:
			for i, x := range flat {
				data[i] = float64(x.Float32())
			}
		}
	})
	w.FinalizeLocal() // the copy that reading made
	if err != nil {
		return nil, err
	}
	return mat.NewDense(dims[0], dims[1], data), nil
}

// mlpFloats bounds the largest intermediate of mlpGraph, positions·F·D floats.
const mlpFloats = 8 << 20

// mlpNorms bounds ‖∂ψ(z_t)/∂z_t‖₂ for each position t of a stream [1, T, D].
func (d *Differentiator) mlpNorms(layer int, mid *tensors.Tensor) ([]float64, error) {
	c := &d.m.Config
	flat, err := tensors.CopyFlatData[float32](mid)
	if err != nil {
		return nil, err
	}
	t := len(flat) / c.Width
	chunk := min(t, max(1, mlpFloats/(c.Hidden*c.Width)))
	w := d.m.Params().Layers[layer]
	var out []float64
	for start := 0; start < t; start += chunk {
		start := min(start, t-chunk) // the last chunk overlaps, to compile once
		x := tensors.FromFlatDataAndDimensions(append([]float32(nil), flat[start*c.Width:(start+chunk)*c.Width]...), chunk, c.Width)
		outs, err := d.mlp.Call(x, w.MLPNorm, w.Gate, w.Up, w.Down)
		transformer.Free(x)
		if err != nil {
			return nil, err
		}
		norms, err := tensors.CopyFlatData[float32](outs[0])
		transformer.Free(outs...)
		if err != nil {
			return nil, err
		}
		if !transformer.Finite(norms) {
			return nil, fmt.Errorf("the norm of the MLP's Jacobian is NaN or infinite")
		}
		for i := len(out) - start; i < chunk; i++ {
			out = append(out, float64(norms[i]))
		}
	}
	return out, nil
}

// mlpGraph: stream [N, D] and the weights of an MLP → an upper bound on the spectral
// norm of its Jacobian at each row, divisors constant, [N].
//
// ψ(z) = W_down (a(g) ⊙ u) with g = W_gate h, u = W_up h, h = gain ⊙ z / rms and the
// activation a has the Jacobian
// W_down (diag(a'(g) ⊙ u) W_gate + diag(a(g)) W_up) diag(gain)/rms.
// There is no constant for all z: it grows with u. The theorem needs it only where
// the document leads.
func (d *Differentiator) mlpGraph(args []*Node) []*Node {
	c := &d.m.Config
	z, gain := args[0], args[1]
	float := func(w *Node) *Node { return ConvertDType(w, z.DType()) }
	gate, up, down := float(args[2]), float(args[3]), float(args[4])
	h := transformer.RMSNorm(z, gain, c.NormEps)
	g := DotGeneral(h, []int{1}, nil, gate, []int{1}, nil) // [N, F]
	u := DotGeneral(h, []int{1}, nil, up, []int{1}, nil)
	active := c.Activation.Apply(g)
	slope := Gradient(ReduceAllSum(active), g)[0] // a', as each element depends on its own alone
	inner := Add(
		Mul(InsertAxes(Mul(slope, u), -1), InsertAxes(gate, 0)),
		Mul(InsertAxes(active, -1), InsertAxes(up, 0))) // [N, F, D]
	jacobian := DotGeneral(down, []int{1}, nil, inner, []int{1}, nil) // [D, N, D]
	divisor := Sqrt(AddScalar(ReduceAndKeep(Mul(z, z), ReduceMean, -1), c.NormEps))
	jacobian = Mul(jacobian, InsertAxes(Div(InsertAxes(float(gain), 0), divisor), 0))
	gram := DotGeneral(jacobian, []int{0}, []int{1}, jacobian, []int{0}, []int{1}) // [N, D, D]
	return []*Node{Sqrt(spectralBound(gram))}
}

// squarings is how often spectralBound squares.
const squarings = 4

// spectralBound bounds the largest eigenvalue λ of symmetric matrices [N, D, D] from
// above, [N]: λ ≤ ‖G^m‖_F^(1/m) ≤ D^(1/2m) λ, m = 2^squarings = 16. It is the bound
// of a certificate, where power iteration approaches λ from below; for D = 576 the
// root is at most 1.1 times too large, and mostly far less.
func spectralBound(g *Node) *Node {
	tiny := 1e-30 // keeps a zero matrix from giving 0/0
	frobenius := func(g *Node) *Node { return AddScalar(Sqrt(ReduceAndKeep(Mul(g, g), ReduceSum, 1, 2)), tiny) }
	norm := frobenius(g)
	log, weight := Log(norm), 1.0
	for range squarings {
		g = Div(g, norm) // powers would overflow
		g = DotGeneral(g, []int{2}, []int{0}, g, []int{1}, []int{0})
		norm = frobenius(g)
		weight /= 2
		log = Add(log, MulScalar(Log(norm), weight))
	}
	return Reshape(Exp(log), log.Shape().Dim(0))
}
