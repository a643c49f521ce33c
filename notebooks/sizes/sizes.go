// Package sizes is the work behind notebook 05: what the depth, the width and the heads of a model
// do to its sinks (claim C10 of Barbero et al., arXiv 2504.02732, Table 1), in runs that differ in
// one of them at a time. Sink rates are shares of (text, layer, head) with α₁ above ε, in %, on
// single texts of 64 tokens behind ⟨bos⟩. It links no tensor library.
package sizes

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/curves"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// Short is the evaluation that rates are read from: documents of 64 tokens behind ⟨bos⟩.
const Short = "bos+text@64"

// Rate is the sink rate at ε = 0.3.
var Rate = curves.SinkRate(Short, 0)

// Axis is what a grid varies, and its runs.
type Axis struct {
	Grid  string // of notebooks/grids
	Field string // what the runs' configurations call it
	Name  string
	Runs  *curves.Set
}

// Axes are the three grids, whose runs runs finds by the grid's name.
func Axes(runs func(grid string) (*curves.Set, error)) ([]Axis, error) {
	list := []Axis{{Grid: "depth", Field: "model.layers", Name: "layers"}, {Grid: "heads", Field: "model.heads", Name: "heads"},
		{Grid: "width", Field: "model.width", Name: "width"}}
	for i := range list {
		var err error
		if list[i].Runs, err = runs(list[i].Grid); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Heads is how many heads have a sink at ε = 0.3, mean over texts: a number, not a share.
func Heads(r *store.Record) (float64, bool) {
	e := r.Eval(Short)
	if e == nil || len(e.SinkScore) == 0 {
		return 0, false
	}
	return e.SinkRate[0] * float64(len(e.SinkScore)*len(e.SinkScore[0])), true
}

// Strip draws the sink rate of each run at its end.
func (a Axis) Strip() (*plots.Figure, error) {
	samples, err := a.Runs.Samples(a.Field, Rate)
	if err != nil {
		return nil, err
	}
	return plots.Strip{Title: a.Name, XName: a.Name, YName: "sink heads (%)", YMax: 100, Samples: samples}.Figure()
}

// Along draws the sink rate along the training: means over seeds, bands from the lowest to the
// highest.
func (a Axis) Along() (*plots.Figure, error) {
	lines := plots.Lines{Title: a.Name, XName: "tokens read (millions)", YName: "heads with α₁ > 0.3 (%)", YMax: 100, Legend: plots.LegendBelow}
	for _, value := range a.Runs.Values(a.Field) {
		s, err := a.Runs.Where(a.Field, value).Series(a.Name+" "+value, Rate)
		if err != nil {
			return nil, err
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// Maps draws, for each depth, the sink score of every head, mean over runs at their end, the heads
// of a layer from the strongest to the weakest: which is which differs from seed to seed.
func (a Axis) Maps() (figures []*plots.Figure, err error) {
	for _, value := range a.Runs.Values(a.Field) {
		some := a.Runs.Where(a.Field, value)
		var mean [][]float64
		for i, records := range some.Records {
			e := records[len(records)-1].Eval(Short)
			if e == nil {
				return nil, fmt.Errorf("sizes: run %s was not evaluated on %s", some.Points[i].ID, Short)
			}
			for l, heads := range e.SinkScore {
				if l == len(mean) {
					mean = append(mean, make([]float64, len(heads)))
				}
				sorted := slices.Sorted(slices.Values(heads))
				slices.Reverse(sorted)
				for h, x := range sorted {
					mean[l][h] += x / float64(len(some.Records))
				}
			}
		}
		f, err := plots.HeadMap{Title: "L = " + value, Values: mean, Epsilon: sinks.EpsilonGu, Max: 1}.Figure()
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// C10 are the figures of claims.C10: the rate at the largest value less that at the smallest, seed
// by seed, of depth and width, and the rates at every value beside them.
func C10(axes []Axis) ([]claims.Figure, error) {
	var rates []float64
	var ends, all claims.List
	for _, a := range axes {
		values := a.Runs.Values(a.Field)
		if len(values) < 2 {
			return nil, fmt.Errorf("sizes: %s of %d values: two at least can be compared", a.Field, len(values))
		}
		for _, value := range values {
			e, err := a.Runs.Where(a.Field, value).FinalShare(Rate)
			all.Add(fmt.Sprintf("sink rate, %s %s", a.Name, value), "%", e, err)
		}
		if a.Grid == "heads" {
			continue // no part of the claim
		}
		x, err := a.Runs.Last(Rate)
		if err != nil {
			return nil, err
		}
		rates = append(rates, x...)
		most, least := values[len(values)-1], values[0]
		e, err := curves.Compare(curves.AtEnd(Rate), a.Runs.Where(a.Field, most), a.Runs.Where(a.Field, least), curves.Minus, stats.PercentChange)
		ends.Add(fmt.Sprintf("sink rate, %s %s − %[1]s %[3]s", a.Name, most, least), "%", e, err)
	}
	first, err := ends.Figures()
	if err != nil {
		return nil, err
	}
	rest, err := all.Figures()
	return slices.Concat([]claims.Figure{claims.AtHand("all sizes", rates)}, first, rest), err
}
