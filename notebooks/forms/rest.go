package forms

import (
	"slices"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

// Rest is what the heads of a run do on trigger-mean, at values, where they should be silent, and at
// triggers, where they should average (sinks/rest).
type Rest struct {
	Seed    uint64  `json:"seed"`
	Value   RestAt  `json:"value"`
	Trigger RestAt  `json:"trigger"`
	Excess  float64 `json:"excess"` // held-out loss above the least possible, nats
}

// RestAt is what heads do at tokens of one kind, means over heads, sequences and queries.
type RestAt struct {
	BOS     float64 `json:"bos"`            // attention to ⟨bos⟩ in rows scaled to sum 1, %
	Own     float64 `json:"own"`            // of a token to itself, the same, %
	RowSum  float64 `json:"row_sum"`        // of the rows as they are
	Written float64 `json:"written"`        // ‖g ⊙ z W_O‖ / mean ‖v W_O‖
	Gate    float64 `json:"gate,omitempty"` // the mean gate; 0 without one
}

// RestFigures are what claims.S1tOf reads of a form.
func RestFigures(name string, form, softmax []Rest) ([]claims.Figure, error) {
	var list claims.List
	e, err := stats.Repeats(EachRest(softmax, func(r Rest) float64 { return r.Value.BOS }), stats.Options{Range: stats.Percent})
	list.Add("softmax"+claims.RestOnBOS, "%", e, err)
	paired := func(figure, unit string, within stats.Range, f func(a, b Rest) float64) {
		var x []float64
		for _, r := range form {
			if i := slices.IndexFunc(softmax, func(s Rest) bool { return s.Seed == r.Seed }); i >= 0 {
				x = append(x, f(r, softmax[i]))
			}
		}
		e, err := stats.Repeats(x, stats.Options{Range: within})
		list.Add(name+figure, unit, e, err)
	}
	paired(claims.RestLess, "%", stats.PercentChange, func(a, b Rest) float64 { return a.Value.BOS - b.Value.BOS/4 })
	paired(claims.RestWritten, "", stats.Range{}, func(a, _ Rest) float64 { return a.Value.Written })
	paired(claims.RestCost, "nats", stats.Range{}, func(a, b Rest) float64 { return a.Excess - b.Excess })
	return list.Figures()
}

// EachRest reads a number of each run.
func EachRest(runs []Rest, of func(Rest) float64) []float64 {
	var x []float64
	for _, r := range runs {
		x = append(x, of(r))
	}
	return x
}

// RestRows are the rows of a table of forms in this order, means over seeds ± half of the t interval.
func RestRows(names []string, runs map[string][]Rest) (rows []string, err error) {
	for _, name := range names {
		row := name
		for _, c := range []struct {
			format string
			of     func(Rest) float64
		}{
			{"%.1f", func(r Rest) float64 { return r.Value.BOS }}, {"%.1f", func(r Rest) float64 { return r.Value.Own }},
			{"%.2f", func(r Rest) float64 { return r.Value.RowSum }}, {"%.2f", func(r Rest) float64 { return r.Value.Gate }},
			{"%.2f", func(r Rest) float64 { return r.Value.Written }},
			{"%.1f", func(r Rest) float64 { return r.Trigger.BOS }}, {"%.2f", func(r Rest) float64 { return r.Trigger.RowSum }},
			{"%.2f", func(r Rest) float64 { return r.Trigger.Gate }}, {"%.2f", func(r Rest) float64 { return r.Trigger.Written }},
			{"%.3f", func(r Rest) float64 { return r.Excess }},
		} {
			e, err := stats.Repeats(EachRest(runs[name], c.of), stats.Options{})
			if err != nil {
				return nil, err
			}
			row += " | " + e.PlusMinus(c.format)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// RestHead is the head of the table of [RestRows].
const RestHead = "form | values: ⟨bos⟩ (%) | own (%) | row sum | gate | written / read | triggers: ⟨bos⟩ (%) | row sum | gate | written / read | loss − least (nats)"
