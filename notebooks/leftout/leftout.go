// Package leftout draws and judges what a model that was trained with ⟨bos⟩ in front of every text
// loses when it is left out (Barbero et al., arXiv 2504.02732, Figs. 2 and 3, Tables 2 and 3:
// claims C2, C3 and C13), and how its tokens draw together over the depth (claim C6). Package
// measure runs the model.
package leftout

import (
	"fmt"

	"firsttoken/notebooks/leftout/measure"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/stats"
)

// front is one of the three that are compared.
type front struct {
	name string
	*fronts.Outcome
}

func all(c *probe.Compared) []front {
	return []front{{"⟨bos⟩", c.With}, {"nothing", c.Without}, {"another token", c.Other}}
}

// Number is one number a text behind a front.
type Number func(o *fronts.Outcome) []float64

// The numbers that are drawn.
var (
	Rate Number = func(o *fronts.Outcome) []float64 { return o.Rate } // % of heads with α₁ > 0.3
	Any  Number = func(o *fronts.Outcome) []float64 { return o.Any }  // … with such a mean on any key
	Loss Number = func(o *fronts.Outcome) []float64 { return o.Loss } // nats a token
)

// Strip draws a number behind the three fronts, a dot a passage.
func Strip(title, unit string, c *probe.Compared, number Number) (*plots.Figure, error) {
	strip := plots.Strip{Title: title, XName: "in front of the text", YName: unit}
	for _, f := range all(c) {
		strip.Samples = append(strip.Samples, plots.Sample{Name: f.name, Values: number(f.Outcome)})
	}
	return strip.Figure()
}

// Heads draws α₁ of every head, mean over passages, behind ⟨bos⟩ and behind nothing.
func Heads(c *probe.Compared) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Sink score α₁ of every head, mean over passages", Columns: 2}
	for _, f := range all(c)[:2] {
		if err := panel.Add(plots.HeadMap{Title: "behind " + f.name, Values: f.Score, Epsilon: sinks.EpsilonGu, Max: 1}.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Table has a row for each front: sink rates, losses, entropies, means over passages with 95 %
// intervals.
func Table(m measure.Fronts) (string, error) {
	var rows []string
	mean := func(x []float64, within stats.Range) (string, error) {
		o := stats.DefaultOptions()
		o.Range = within
		e, err := stats.Mean(x, o)
		return e.PlusMinus("%.2f"), err
	}
	for _, f := range all(m.Fronts) {
		row := f.name
		for _, c := range []struct {
			x      []float64
			within stats.Range
		}{
			{f.Rate, stats.Percent}, {f.Rate8, stats.Percent}, {f.Any, stats.Percent}, {f.Loss, stats.Range{}},
			{f.TextEntropy[measure.Global], stats.Range{}}, {f.TextEntropy[measure.Local], stats.Range{}}, {f.Entropy[measure.All], stats.Range{}},
		} {
			cell, err := mean(c.x, c.within)
			if err != nil {
				return "", fmt.Errorf("behind %s: %w", f.name, err)
			}
			row += " | " + cell
		}
		rows = append(rows, row)
	}
	unigram, err := mean(m.Unigram, stats.Range{})
	head := "in front | sink rate, ε = 0.3 (%) | ε = 0.8 (%) | any key, ε = 0.3 (%) | loss (nats) | entropy over the text's keys, global layers | local layers | whole rows, all layers"
	return tables.Markdown(head, rows) + fmt.Sprintf("\nMeans over %d passages with 95 %% intervals. A unigram model has a loss of %s nats on the same targets.", len(m.Names), unigram), err
}
