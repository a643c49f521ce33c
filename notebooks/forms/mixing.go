package forms

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"firsttoken/sinks/stats"
)

// Mixing is how far the tokens of a run's texts are mixed, and what its heads do instead.
type Mixing struct {
	Seed   uint64 `json:"seed"`
	Whole  Mixed  `json:"whole"`  // the model as it is
	Hidden Mixed  `json:"hidden"` // with ⟨bos⟩'s key hidden in all blocks
	// Heads are those of the model as it is, [L][H].
	Heads [][]Head `json:"heads"`
}

// Mixed are measures of mixing, geometric means over texts; all without a unit.
type Mixed struct {
	// Spread is how far edits of one token spread (C1, sinks/perturb): the relative change of the
	// tokens behind it, mean over tokens and blocks.
	Spread float64 `json:"spread"`
	// Relative is ‖V − 1x̄ᵀ‖_F / ‖V‖_F and Apart the distance of the last two tokens in units of the
	// last (C6, sinks/collapse), ⟨bos⟩ left out, both by depth, [L+1]: the embedding first.
	Relative []float64 `json:"relative"`
	Apart    []float64 `json:"apart"`
	// Influence is √Σ_i ‖∂v_j/∂v_i‖²_F over 1 < i < j in units of ‖∂v_j/∂v_j‖_F (C5): the model's
	// own derivative of the last block's output by the embeddings.
	Influence float64 `json:"influence"`
	// Paths is the same of the path product of Theorem 3.2, Σ_i P_ji / P_jj; a gate of one number a
	// head counts as part of the head's pattern, as constant as that is to the theorem. 0 where a
	// gate has a number for each channel, which no pattern can hold.
	Paths float64 `json:"paths,omitempty"`
}

// Head is what a head does at the queries from the 17th on, means over them and over texts.
type Head struct {
	RowSum float64 `json:"row_sum"`
	Gate   float64 `json:"gate"`  // mean of its gate; 1 without one
	First  float64 `json:"first"` // attention to ⟨bos⟩, of the row as it is
	Keys   float64 `json:"keys"`  // that would share a row evenly; 1 for a row of zeros
	// Written is ‖z_t W_O‖ / mean ‖v_j W_O‖, what it writes of what it reads (sinks/rest): behind
	// its gate, of values that no gate has touched.
	Written float64 `json:"written"`
	// Silent is the share of queries at which it writes less than a tenth of a mean value.
	Silent float64 `json:"silent"`
	Stream float64 `json:"stream"` // ‖z_t W_O‖ / ‖x_t‖, against what the stream holds before the block
}

// Passed is the share of attention that a head lets through: its row sum, times its gate.
func (h Head) Passed() float64 { return h.RowSum * h.Gate }

// Rounded keeps five digits: what comes with the checkout is to be small.
func (m Mixing) Rounded() Mixing {
	for _, x := range []*Mixed{&m.Whole, &m.Hidden} {
		x.Spread, x.Influence, x.Paths = round(x.Spread), round(x.Influence), round(x.Paths)
		x.Relative, x.Apart = rounds(x.Relative), rounds(x.Apart)
	}
	for _, layer := range m.Heads {
		for h := range layer {
			for _, x := range []*float64{&layer[h].RowSum, &layer[h].Gate, &layer[h].First, &layer[h].Keys, &layer[h].Written, &layer[h].Silent, &layer[h].Stream} {
				*x = round(*x)
			}
		}
	}
	return m
}

// Measure is one number of how far a run mixes.
type Measure struct {
	Name string // as figures of claims name it
	Of   func(Mixed) float64
}

// Measures are those that forms are compared by; the first is S1b's, the next two are S1c's.
func Measures() []Measure {
	return []Measure{
		{"relative spread", func(m Mixed) float64 { return m.Spread }},
		{"relative spread of token states", func(m Mixed) float64 { return overBlocks(m.Relative) }},
		{"influence of other tokens", func(m Mixed) float64 { return m.Influence }},
		{"distance of the last two tokens", func(m Mixed) float64 { return overBlocks(m.Apart) }},
		{"path product of other tokens", func(m Mixed) float64 { return m.Paths }},
	}
}

// overBlocks is the geometric mean of what blocks hand on.
func overBlocks(byDepth []float64) float64 { return stat.GeometricMean(byDepth[1:], nil) }

// Whole and Hidden are a run as it is, and with ⟨bos⟩'s key hidden.
func Whole(m Mixing) Mixed  { return m.Whole }
func Hidden(m Mixing) Mixed { return m.Hidden }

// Ratio is the geometric mean of a number of one form's runs over that of another's, over the seeds
// that both have, with the interval of Student's t on logarithms.
func Ratio(form, other []Mixing, of func(Mixed) float64, a, b func(Mixing) Mixed) (stats.Estimate, error) {
	var x []float64
	for _, m := range form {
		i := slices.IndexFunc(other, func(o Mixing) bool { return o.Seed == m.Seed })
		if i < 0 {
			continue
		}
		one, two := of(a(m)), of(b(other[i]))
		if !(one > 0 && two > 0) {
			return stats.Estimate{}, fmt.Errorf("forms: seed %d has a measure of %g over %g: it has no logarithm", m.Seed, one, two)
		}
		x = append(x, math.Log(one/two))
	}
	e, err := stats.Repeats(x, stats.Options{})
	e.Value = math.Exp(e.Value)
	if e.CI != nil {
		e.CI = &stats.Interval{Lo: math.Exp(e.CI.Lo), Hi: math.Exp(e.CI.Hi), SE: e.Value * e.CI.SE, Level: e.CI.Level}
	}
	return e, err
}
