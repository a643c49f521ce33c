package squash

import (
	"math"
	"slices"
)

// Layer holds what Theorem 3.2 says about one block.
type Layer struct {
	Pattern     [][][]float64 `json:"-"`            // [H][T][S] attention, row = query
	OutputValue []float64     `json:"output_value"` // [H] ‖W_O^h W_V^h diag(gain)‖₂
	RMS         []float64     `json:"rms"`          // [T] divisors of the norm before attention
	MLP         []float64     `json:"mlp"`          // [T] upper bounds on ‖∂ψ(z_t)/∂z_t‖₂ (Lip ψ), norm folded in
}

// Bound bounds ‖∂v_j^(L)/∂v_i^(0)‖₂ of the derivative whose attention
// weights and norm divisors are constants, block by block:
//
//   - PathProduct is the part that attention decides, (Ā^(L) … Ā^(1))[j,i] with
//     Ā^(ℓ) = Σ_h |A^(ℓ,h)| + r·I;
//   - Log10 is the theorem, C_max^L · PathProduct, with CMax for the constant;
//   - Local is the same with each layer's, head's and position's own constants
//     instead of the largest, and so far sharper.
//
// r is the weight of the residual path. The proof needs r = 1: a block is
// (I + ∂ψ)(δ_ij I + Σ_h A_ij^h W_O^h W_V^h diag(gain)/rms_j), and the norm of the
// first term of the second factor is 1 whatever the number of heads. r = 1/H, for
// which the theorem has also been read, is no bound.
type Bound []Layer

// PathProduct is Ā^(L) … Ā^(1), [T][T], row = output.
func (b Bound) PathProduct(r float64) [][]float64 {
	return b.product(func(l *Layer, i, j int) float64 {
		sum := 0.0
		for h := range l.Pattern {
			sum += math.Abs(l.Pattern[h][i][j])
		}
		if i == j {
			sum += r
		}
		return sum
	})
}

// Local is the product of (1 + ‖∂ψ_i‖)(Σ_h |A_ij^h| ‖W_O^h W_V^h diag(gain)‖ / rms_j + r·δ_ij)
// over the layers, [T][T], row = output.
func (b Bound) Local(r float64) [][]float64 {
	return b.product(func(l *Layer, i, j int) float64 {
		sum := 0.0
		for h := range l.Pattern {
			sum += math.Abs(l.Pattern[h][i][j]) * l.OutputValue[h] / l.RMS[j]
		}
		if i == j {
			sum += r
		}
		return (1 + l.MLP[i]) * sum
	})
}

// CMax is C_max = max_ℓ (1 + max_t ‖∂ψ_t‖) · max(1, max_{h,t} ‖W_O^h W_V^h diag(gain)‖ / rms_t).
func (b Bound) CMax() float64 {
	c := 0.0
	for _, l := range b {
		c = max(c, (1+slices.Max(l.MLP))*max(1, slices.Max(l.OutputValue)/slices.Min(l.RMS)))
	}
	return c
}

// Log10 is log₁₀ of the theorem's bound, C_max^L · PathProduct(r), which itself can
// leave the range of floats; −Inf where no path leads.
func (b Bound) Log10(r float64) [][]float64 {
	out := b.PathProduct(r)
	c := float64(len(b)) * math.Log10(b.CMax())
	for _, row := range out {
		for i, x := range row {
			row[i] = c + math.Log10(x)
		}
	}
	return out
}

// product multiplies the layers' matrices, whose entries (i, j ≤ i) are given.
func (b Bound) product(entry func(l *Layer, i, j int) float64) [][]float64 {
	var total [][]float64
	for n := range b {
		t := len(b[n].RMS)
		factor := make([][]float64, t)
		for i := range factor {
			factor[i] = make([]float64, t)
			for j := range i + 1 {
				factor[i][j] = entry(&b[n], i, j)
			}
		}
		if total == nil {
			total = factor
			continue
		}
		next := make([][]float64, t)
		for i := range next {
			next[i] = make([]float64, t)
			for k := range i + 1 { // lower triangular: neither sees the future
				for j := range k + 1 {
					next[i][j] += factor[i][k] * total[k][j]
				}
			}
		}
		total = next
	}
	return total
}
