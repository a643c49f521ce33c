package forms

import (
	"math"
	"slices"

	"firsttoken/sinks/stats"
)

// Spread is how far edits of one token spread in a run: the relative change of the tokens behind it
// (sinks/perturb), mean over tokens and blocks, geometric mean over edits.
type Spread struct {
	Seed   uint64  `json:"seed"`
	Whole  float64 `json:"whole"`  // the model as it is
	Hidden float64 `json:"hidden"` // with ⟨bos⟩'s key hidden in all blocks
}

// SpreadRatio is the geometric mean of a(form)/b(softmax) over the seeds that both have, with the
// interval of Student's t on logarithms.
func SpreadRatio(form, softmax []Spread, a, b func(Spread) float64) (stats.Estimate, error) {
	var x []float64
	for _, s := range form {
		if i := slices.IndexFunc(softmax, func(o Spread) bool { return o.Seed == s.Seed }); i >= 0 {
			x = append(x, math.Log(a(s)/b(softmax[i])))
		}
	}
	e, err := stats.Repeats(x, stats.Options{})
	e.Value = math.Exp(e.Value)
	if e.CI != nil {
		e.CI = &stats.Interval{Lo: math.Exp(e.CI.Lo), Hi: math.Exp(e.CI.Hi), SE: e.Value * e.CI.SE, Level: e.CI.Level}
	}
	return e, err
}

// Whole and Hidden are a run's spread as it is, and with ⟨bos⟩'s key hidden.
func Whole(s Spread) float64  { return s.Whole }
func Hidden(s Spread) float64 { return s.Hidden }
