package squash

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Check is what exact comparisons say of the bound: whether it holds, by how much, and whether it
// orders pairs.
type Check struct {
	Above Violations `json:"above"` // pairs whose norm exceeds a form of the bound
	// Theorem and Local are the median of log₁₀(bound / frozen spectral norm), with + I, over the
	// pairs that influence each other at all.
	Theorem float64 `json:"theorem"`
	Local   float64 `json:"local"`
	// Tau is Kendall's τ between path product and frozen spectral norm over the pairs 2 ≤ i < j,
	// mean over documents; nil where no document has only pairs with influence.
	Tau *float64 `json:"tau,omitempty"`
}

// none is log₁₀ of a norm that is no influence but rounding.
const none = -30

// NewCheck checks comparisons, sketches among which have nothing to check. It is an error if no
// pair influences another.
func NewCheck(docs ...*Comparison) (Check, error) {
	var c Check
	var theorem, local, taus []float64
	for _, d := range docs {
		if !d.Exact {
			continue
		}
		c.Above = c.Above.Add(d.Violations())
		var inner []Pair
		silent := false
		for _, p := range d.Pairs {
			silent = silent || p.Frozen.Spectral == 0
			if p.I >= 1 && p.I < p.J {
				inner = append(inner, p)
			}
			if norm := math.Log10(p.Frozen.Spectral); norm > none {
				theorem, local = append(theorem, d.Log10Theorem(p.PathProduct)-norm), append(local, math.Log10(p.Local)-norm)
			}
		}
		if !silent {
			taus = append(taus, stat.Kendall(Path.Each(inner), FrozenSpectral.Each(inner), nil))
		}
	}
	if len(theorem) == 0 {
		return c, errors.New("squash: nothing to check: no exact comparison has a pair that influences another")
	}
	c.Theorem, c.Local = median(theorem), median(local)
	if len(taus) > 0 {
		tau := stat.Mean(taus, nil)
		c.Tau = &tau
	}
	return c, nil
}

// median sorts what it is given.
func median(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
