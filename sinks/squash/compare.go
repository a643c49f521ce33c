package squash

import (
	"fmt"
	"math"
)

// Norm is the size of one block of the Jacobian.
type Norm struct {
	Spectral  float64 `json:"spectral"`  // ‖·‖₂, the norm of the theorem
	Frobenius float64 `json:"frobenius"` // ‖·‖_F, which random projections estimate
}

// Comparison holds Jacobian norms of a document beside the bound.
type Comparison struct {
	// Exact is false for a sketch, which has neither spectral norms nor constants: Frobenius
	// norms are estimated there, and of the bound there is the path product alone.
	Exact     bool    `json:"exact"`
	Layers    int     `json:"layers"`
	Heads     int     `json:"heads"`
	Width     int     `json:"width"`      // D
	FirstMass float64 `json:"first_mass"` // mean attention on token 1
	CMax      float64 `json:"c_max"`
	Pairs     []Pair  `json:"pairs"`
}

// Pair is what is known of one block ∂v_j/∂v_i.
type Pair struct {
	I      int  `json:"i"` // the token that moves, 0-based
	J      int  `json:"j"` // the token that is moved
	Full   Norm `json:"full"`
	Frozen Norm `json:"frozen"`
	// PathProduct and Local as in Bound, with + I and with + I/H.
	PathProduct  float64 `json:"path_product"`
	PathProductH float64 `json:"path_product_h"`
	Local        float64 `json:"local"`
	LocalH       float64 `json:"local_h"`
}

// Document is a comparison with the words of its tokens, [T].
type Document struct {
	Tokens []string `json:"tokens"`
	*Comparison
}

// Estimate is a Frobenius norm estimated by random projections.
type Estimate struct {
	Norm float64 `json:"norm"` // ‖∂v_j/∂v_i‖_F
	SE   float64 `json:"se"`   // its standard error
}

// Trial is an exact comparison of one output with estimates of the same norms, one a pair.
type Trial struct {
	Estimates []Estimate `json:"estimates"`
	*Comparison
}

// Log10Theorem is log₁₀(C_max^L · product) for a pair's path product.
func (c *Comparison) Log10Theorem(product float64) float64 {
	return float64(c.Layers)*math.Log10(c.CMax) + math.Log10(product)
}

// rounding is how much a norm of float32 gradients may exceed its bound.
const rounding = 1e-4

// Violations counts the pairs whose Frozen spectral norm exceeds a bound.
type Violations struct {
	Pairs    int `json:"pairs"`
	Theorem  int `json:"theorem"`   // C_max^L · path product, + I
	TheoremH int `json:"theorem_h"` // the same with + I/H
	Local    int `json:"local"`     // local constants, + I
	LocalH   int `json:"local_h"`   // the same with + I/H
}

// Violations counts, with a relative tolerance of 10⁻⁴ for rounding. A sketch has no pairs to
// count. A norm or bound that is NaN cannot be compared and counts as exceeding: NaN > x is false,
// and a check that passes because nothing could be computed is none.
func (c *Comparison) Violations() Violations {
	if !c.Exact {
		return Violations{}
	}
	v := Violations{Pairs: len(c.Pairs)}
	for _, p := range c.Pairs {
		norm := p.Frozen.Spectral / (1 + rounding)
		for _, test := range []struct {
			bound float64 // log₁₀
			count *int
		}{
			{c.Log10Theorem(p.PathProduct), &v.Theorem}, {c.Log10Theorem(p.PathProductH), &v.TheoremH},
			{math.Log10(p.Local), &v.Local}, {math.Log10(p.LocalH), &v.LocalH},
		} {
			if !(math.Log10(norm) <= test.bound) {
				*test.count++
			}
		}
	}
	return v
}

// Add sums counts of several documents.
func (v Violations) Add(w Violations) Violations {
	return Violations{v.Pairs + w.Pairs, v.Theorem + w.Theorem, v.TheoremH + w.TheoremH, v.Local + w.Local, v.LocalH + w.LocalH}
}

// Mixing is the median of log₁₀ of a number over the pairs 2 ≤ i < j (1-based): how
// strongly tokens other than the first move later ones. It fails without such pairs
// and where the number is not positive.
func (c *Comparison) Mixing(of func(Pair) float64) (float64, error) {
	var logs []float64
	for _, p := range c.Pairs {
		if p.I < 1 || p.I >= p.J {
			continue
		}
		x := of(p)
		if !(x > 0) || math.IsInf(x, 1) {
			return 0, fmt.Errorf("squash: the number of ∂v%d/∂v%d is %g: it has no logarithm", p.J+1, p.I+1, x)
		}
		logs = append(logs, math.Log10(x))
	}
	if len(logs) == 0 {
		return 0, fmt.Errorf("squash: no pair of tokens 2 ≤ i < j: ask for outputs from token 3 on")
	}
	return median(logs), nil
}
