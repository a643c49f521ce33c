package jacobian

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"firsttoken/sinks/squash"
	"firsttoken/train/transformer"
)

// cotangent is a direction in the output at one position.
type cotangent struct {
	j         int
	direction []float64 // [D]
}

// reverse takes cotangents of the last block's output back to the embeddings, as
// many at a time as fit, and hands each gradient, flat [T, D], to visit, which must
// not keep it.
func (p *Point) reverse(kind Kind, list []cotangent, visit func(n int, gradient []float32)) error {
	if kind != Full && kind != Frozen {
		return fmt.Errorf("derivative %q is unknown: use %q or %q", kind, Full, Frozen)
	}
	t, d := len(p.IDs), p.d.m.Config.Width
	copies := min(len(list), max(1, p.d.options.BatchTokens/t))
	for start := 0; start < len(list); start += copies {
		part := list[start:min(start+copies, len(list))]
		flat := make([]float32, copies*t*d) // the last batch is filled up with zeros, to compile once
		for n, u := range part {
			for k, x := range u.direction {
				flat[(n*t+u.j)*d+k] = float32(x)
			}
		}
		cot := tensors.FromFlatDataAndDimensions(flat, copies, t, d)
		for l := len(p.resid) - 1; l >= 0; l-- {
			outs, err := p.run(string(kind), l, pullGraph(kind), p.resid[l], cot)
			transformer.Free(cot)
			if err != nil {
				return fmt.Errorf("layer %d: %w", l+1, err)
			}
			cot = outs[0]
		}
		gradients, err := tensors.CopyFlatData[float32](cot)
		transformer.Free(cot)
		if err != nil {
			return err
		}
		if !transformer.Finite(gradients) {
			return errors.New("a gradient is NaN or infinite: the Jacobian is too large for float32")
		}
		for n := range part {
			visit(start+n, gradients[n*t*d:][:t*d])
		}
	}
	return nil
}

// Exact returns the blocks ∂v_j^(L)/∂v_i^(0) for one j and i = 0 … j, [j+1] of
// [D, D]: entry (a, b) is the derivative of component a of v_j by component b of
// v_i. It costs D reverse passes, all i included.
func (p *Point) Exact(kind Kind, j int) ([]*mat.Dense, error) {
	if err := p.checkOutput(j); err != nil {
		return nil, err
	}
	d := p.d.m.Config.Width
	blocks := make([]*mat.Dense, j+1)
	for i := range blocks {
		blocks[i] = mat.NewDense(d, d, nil)
	}
	list := make([]cotangent, d)
	for a := range list {
		list[a] = cotangent{j, make([]float64, d)}
		list[a].direction[a] = 1
	}
	err := p.reverse(kind, list, func(a int, gradient []float32) {
		for i, block := range blocks {
			for b, x := range gradient[i*d:][:d] {
				block.Set(a, b, float64(x))
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("jacobian: %w", err)
	}
	return blocks, nil
}

func (p *Point) checkOutput(j int) error {
	if j < 0 || j >= len(p.IDs) {
		return fmt.Errorf("jacobian: output position %d: the document has %d tokens", j+1, len(p.IDs))
	}
	return nil
}

// Norms is Exact reduced to the norms of its blocks, [j+1].
func (p *Point) Norms(kind Kind, j int) ([]squash.Norm, error) {
	blocks, err := p.Exact(kind, j)
	if err != nil {
		return nil, err
	}
	norms := make([]squash.Norm, len(blocks))
	for i, block := range blocks {
		var svd mat.SVD
		if !svd.Factorize(block, mat.SVDNone) {
			return nil, fmt.Errorf("jacobian: the singular values of block (%d, %d) do not converge", i+1, j+1)
		}
		norms[i] = squash.Norm{Spectral: svd.Values(nil)[0], Frobenius: mat.Norm(block, 2)}
	}
	return norms, nil
}
