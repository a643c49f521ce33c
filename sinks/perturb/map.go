package perturb

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"firsttoken/sinks/stats"
)

// Map is what one edit changed. Row 0 is the embedding, row ℓ what block ℓ,
// counted from 1, hands on.
type Map struct {
	Pos   int         `json:"pos"`   // 0-based position of the edit
	Delta [][]float32 `json:"delta"` // [L+1][T] Δ_t^(ℓ) = ‖v′_t − v_t‖₂
	Norm  [][]float32 `json:"norm"`  // [L+1][T] ‖v_t‖₂ of the text as it is
}

// Rounded is the map in numbers of so many significant digits, for files.
func (m *Map) Rounded(digits int) *Map {
	round := func(rows [][]float32) (out [][]float32) {
		for _, row := range rows {
			row = slices.Clone(row)
			for t, x := range row {
				short, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', digits, 32), 32)
				row[t] = float32(short)
			}
			out = append(out, row)
		}
		return out
	}
	return &Map{Pos: m.Pos, Delta: round(m.Delta), Norm: round(m.Norm)}
}

// Measure says in what unit a change is counted.
type Measure string

const (
	Absolute Measure = "absolute" // Δ_t, as in the paper
	Relative Measure = "relative" // Δ_t / ‖v_t‖, which a model with larger residual norms does not inflate
)

// Values are the changes by layer and position, [L+1][T].
func (m *Map) Values(in Measure) ([][]float64, error) {
	if in != Absolute && in != Relative {
		return nil, fmt.Errorf("perturb: measure %q: must be %q or %q", in, Absolute, Relative)
	}
	out := make([][]float64, len(m.Delta))
	for l, row := range m.Delta {
		out[l] = make([]float64, len(row))
		for t, d := range row {
			out[l][t] = float64(d)
			if in == Relative && d != 0 {
				out[l][t] /= float64(m.Norm[l][t])
			}
		}
	}
	return out, nil
}

// Average says how the positions after an edit become one number.
type Average string

const (
	Mean   Average = "mean"
	Median Average = "median" // the typical token, whatever a few do
)

// Spread averages over the positions after the edit, [L+1].
func (m *Map) Spread(in Measure, by Average) ([]float64, error) {
	if by != Mean && by != Median {
		return nil, fmt.Errorf("perturb: average %q: must be %q or %q", by, Mean, Median)
	}
	values, err := m.Values(in)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(values))
	for l, row := range values {
		if m.Pos < 1 || m.Pos+1 >= len(row) {
			return nil, fmt.Errorf("perturb: an edit at position %d of %d tokens spreads to none", m.Pos, len(row))
		}
		after := row[m.Pos+1:]
		if by == Mean {
			out[l] = stat.Mean(after, nil)
			continue
		}
		slices.Sort(after)
		out[l] = (after[(len(after)-1)/2] + after[len(after)/2]) / 2
	}
	return out, nil
}

// Depth is each map's spread averaged over the outputs of blocks first to last,
// counted from 1: one number an edit.
func Depth(maps []*Map, in Measure, by Average, first, last int) ([]float64, error) {
	out := make([]float64, len(maps))
	for i, m := range maps {
		spread, err := m.Spread(in, by)
		if err != nil {
			return nil, err
		}
		if first < 1 || last < first || last >= len(spread) {
			return nil, fmt.Errorf("perturb: blocks %d to %d of a model with %d", first, last, len(spread)-1)
		}
		out[i] = stat.Mean(spread[first:last+1], nil)
	}
	return out, nil
}

// Ratio is the geometric mean of a[i]/b[i] with its paired bootstrap interval:
// how many times more the same edits spread under one condition than under
// another. All numbers must be positive.
func Ratio(a, b []float64, o stats.Options) (stats.Estimate, error) {
	logs := func(x []float64) ([]float64, error) {
		out := make([]float64, len(x))
		for i, v := range x {
			if !(v > 0) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("perturb: number %d is %g: a ratio needs positive numbers", i+1, v)
			}
			out[i] = math.Log(v)
		}
		return out, nil
	}
	la, err := logs(a)
	if err != nil {
		return stats.Estimate{}, err
	}
	lb, err := logs(b)
	if err != nil {
		return stats.Estimate{}, err
	}
	e, err := stats.Paired(la, lb, o)
	if err != nil {
		return stats.Estimate{}, err
	}
	e.Value = math.Exp(e.Value)
	if e.CI != nil {
		// The standard error of a ratio r is about r times that of its logarithm.
		e.CI = &stats.Interval{Lo: math.Exp(e.CI.Lo), Hi: math.Exp(e.CI.Hi), SE: e.Value * e.CI.SE, Level: e.CI.Level}
	}
	return e, nil
}
