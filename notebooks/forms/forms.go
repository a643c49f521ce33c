// Package forms holds trainings that differ in how scores become attention and in nothing else
// (notebooks/grids/patterns.json): what each run came to, and how a form compares with softmax of
// the same seed.
//
// Metrics are those of the training monitor (store.Eval) at texts of 64 tokens behind ⟨bos⟩. Rates
// and shares are in %. It imports no tensor library, so that cells which only plot link fast;
// package trained reads the runs.
package forms

import (
	"fmt"
	"math"
	"slices"

	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// Eval is the evaluation that everything here is read from.
const Eval = "bos+text@64"

// Run is what a training came to.
type Run struct {
	ID   string `json:"id"`
	Seed uint64 `json:"seed"`
	End  End    `json:"end"`
	// Along the training, one entry an evaluation: millions of tokens read, loss in nats, sink rate
	// of the pattern as it is.
	Tokens []float64 `json:"tokens"`
	Loss   []float64 `json:"loss"`
	Rate   []float64 `json:"rate"`
}

// End is a model after training.
type End struct {
	Loss     float64 `json:"loss"`     // nats
	Rate     float64 `json:"rate"`     // heads with α₁ > 0.3, by text, %
	Scaled   float64 `json:"scaled"`   // the same of rows divided by their sums
	RowSum   float64 `json:"row_sum"`  // mean over heads
	Kurtosis float64 `json:"kurtosis"` // E[(h−μ)⁴]/σ⁴ of the residual stream, the largest over layers
	MaxAbs   float64 `json:"max_abs"`  // |h|, the largest
	Sparsity float64 `json:"sparsity"` // entries s ≤ t at most 1e-5, %
	// By layer and head: α₁ of rows divided by their sums, the mean row sum, the mean gate (nil
	// without one).
	Score   [][]float64 `json:"score"`
	RowSums [][]float64 `json:"row_sums"`
	Gate    [][]float64 `json:"gate,omitempty"`
}

// NewEnd reads an evaluation. Rows of patterns without row sums sum to 1. It is an error if the
// evaluation lacks outliers, which runs of before they were measured do.
func NewEnd(e *store.Eval) (End, error) {
	if e.Kurtosis == nil || e.Sparsity == nil {
		return End{}, fmt.Errorf("forms: the evaluation %q has no kurtosis or sparsity: measure the run again", e.Name)
	}
	end := End{Loss: e.Loss, Rate: 100 * e.SinkRate[0], Scaled: 100 * e.SinkRate[0], Kurtosis: slices.Max(e.Kurtosis), MaxAbs: slices.Max(e.MaxAbs),
		Score: e.SinkScore, RowSums: e.RowSum, Gate: e.Gate}
	if e.NormalisedRate != nil {
		end.Scaled, end.Score = 100*e.NormalisedRate[0], e.NormalisedScore
	}
	if end.RowSums == nil {
		for _, heads := range e.SinkScore {
			end.RowSums = append(end.RowSums, slices.Repeat([]float64{1}, len(heads)))
		}
	}
	for _, heads := range end.RowSums {
		end.RowSum += sinks.RowSum(heads) / float64(len(heads)*len(end.RowSums))
	}
	end.Sparsity = 100 * sinks.RowSum(e.Sparsity) / float64(len(e.Sparsity))
	return end.rounded(), nil
}

// rounded keeps five digits: what comes with the checkout is to be small.
func (e End) rounded() End {
	for _, x := range []*float64{&e.Loss, &e.Rate, &e.Scaled, &e.RowSum, &e.Kurtosis, &e.MaxAbs, &e.Sparsity} {
		*x = round(*x)
	}
	for _, m := range []*[][]float64{&e.Score, &e.RowSums, &e.Gate} {
		var rows [][]float64
		for _, row := range *m {
			rows = append(rows, rounds(row))
		}
		*m = rows
	}
	return e
}

func rounds(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = round(v)
	}
	return out
}

// round keeps five significant digits.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	unit := math.Pow(10, 4-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*unit) / unit
}

// NewRun reads curves, whose last evaluation end may stand in for where it lacks what is measured
// today; nil: it does not.
func NewRun(id string, seed uint64, records []store.Record, end *store.Eval) (Run, error) {
	r := Run{ID: id, Seed: seed}
	var last *store.Eval
	for _, record := range records {
		e := record.Eval(Eval)
		if e == nil {
			return r, fmt.Errorf("forms: run %s was not evaluated under %q at step %d", id, Eval, record.Step)
		}
		last = e
		r.Tokens = append(r.Tokens, float64(record.Tokens)/1e6)
		r.Loss, r.Rate = append(r.Loss, e.Loss), append(r.Rate, 100*e.SinkRate[0])
	}
	if last == nil {
		return r, fmt.Errorf("forms: run %s has no curves", id)
	}
	if end != nil && (math.Abs(end.Loss-last.Loss) > 1e-3 || math.Abs(end.SinkRate[0]-last.SinkRate[0]) > 0.01) {
		return r, fmt.Errorf("forms: run %s measured again has a loss of %g and a sink rate of %g, its curves end at %g and %g", id, end.Loss, end.SinkRate[0], last.Loss, last.SinkRate[0])
	}
	if end == nil {
		end = last
	}
	r.Tokens, r.Loss, r.Rate = rounds(r.Tokens), rounds(r.Loss), rounds(r.Rate)
	var err error
	r.End, err = NewEnd(end)
	return r, err
}

// Each reads a number of each run's end.
func Each(runs []Run, of func(End) float64) []float64 {
	var x []float64
	for _, r := range runs {
		x = append(x, of(r.End))
	}
	return x
}

// Paired is the mean of f(form, softmax) over the seeds that both have, with Student's t interval,
// which stays within a range if one is given.
func Paired(form, softmax []Run, f func(a, b End) float64, within stats.Range) (stats.Estimate, error) {
	var x []float64
	for _, r := range form {
		if i := slices.IndexFunc(softmax, func(s Run) bool { return s.Seed == r.Seed }); i >= 0 {
			x = append(x, f(r.End, softmax[i].End))
		}
	}
	return stats.Repeats(x, stats.Options{Range: within})
}

// Against are the runs with losses along the training less those of softmax of the same seed; runs
// without such a one are left out.
func Against(form, softmax []Run) (out []Run) {
	for _, r := range form {
		i := slices.IndexFunc(softmax, func(s Run) bool { return s.Seed == r.Seed && len(s.Loss) == len(r.Loss) })
		if i < 0 {
			continue
		}
		r.Loss = slices.Clone(r.Loss)
		for k := range r.Loss {
			r.Loss[k] -= softmax[i].Loss[k]
		}
		out = append(out, r)
	}
	return out
}

// Curve is the mean over runs of a number along the training, with the smallest and the largest run
// as band.
func Curve(name string, runs []Run, of func(Run) []float64) (plots.Series, error) {
	s := plots.Series{Name: name}
	for i, at := range runs[0].Tokens {
		lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
		for _, r := range runs {
			if i >= len(r.Tokens) || r.Tokens[i] != at {
				return s, fmt.Errorf("forms: runs %s and %s were evaluated at different tokens", runs[0].ID, r.ID)
			}
			x := of(r)[i]
			lo, hi, sum = min(lo, x), max(hi, x), sum+x
		}
		s.X, s.Y = append(s.X, at), append(s.Y, sum/float64(len(runs)))
		s.Lo, s.Hi = append(s.Lo, lo), append(s.Hi, hi)
	}
	return s, nil
}
