package forms

import (
	"fmt"
	"math"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

// Figures are what claims.S1 and claims.S1Of read of a form, and what stands beside it.
func Figures(name string, form, softmax []Run) ([]claims.Figure, error) {
	var list claims.List
	mean := func(figure, unit string, runs []Run, of func(End) float64, within stats.Range) {
		e, err := stats.Repeats(Each(runs, of), stats.Options{Range: within})
		list.Add(figure, unit, e, err)
	}
	paired := func(figure, unit string, f func(a, b End) float64, within stats.Range) {
		e, err := Paired(form, softmax, f, within)
		list.Add(name+", "+figure, unit, e, err)
	}
	mean("softmax, sink rate", "%", softmax, func(e End) float64 { return e.Rate }, stats.Percent)
	paired("sink rate of rows scaled to sum 1, less a tenth of softmax's", "%", func(a, b End) float64 { return a.Scaled - b.Scaled/10 }, stats.PercentChange)
	paired("loss against softmax's", "%", func(a, b End) float64 { return 100 * (a.Loss/b.Loss - 1) }, stats.Range{})
	paired("logarithm of the kurtosis over softmax's", "", func(a, b End) float64 { return math.Log(a.Kurtosis / b.Kurtosis) }, stats.Range{})
	mean(name+", sparsity", "%", form, func(e End) float64 { return e.Sparsity }, stats.Percent)
	mean(name+", sink rate", "%", form, func(e End) float64 { return e.Rate }, stats.Percent)
	mean(name+", kurtosis", "", form, func(e End) float64 { return e.Kurtosis }, stats.Range{})
	mean("softmax, kurtosis", "", softmax, func(e End) float64 { return e.Kurtosis }, stats.Range{})
	return list.Figures()
}

// Table is a Markdown table of forms: means over seeds ± half of the t interval, losses paired with
// softmax's. published are figures of other works by form, the last column.
func Table(names []string, runs map[string][]Run, published map[string]string) (string, error) {
	text := "| form | seeds | loss | against softmax (%) | sink rate (%) | of rows scaled to sum 1 (%) | row sum | kurtosis | max abs h | sparsity (%) | published, 0.3B and more |\n" +
		"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
	for _, name := range names {
		own := runs[name]
		text += fmt.Sprintf("| %s | %d |", name, len(own))
		cell := func(format string, e stats.Estimate, err error) error {
			text += " " + e.PlusMinus(format) + " |"
			return err
		}
		mean := func(format string, within stats.Range, of func(End) float64) error {
			e, err := stats.Repeats(Each(own, of), stats.Options{Range: within})
			return cell(format, e, err)
		}
		err := mean("%.3f", stats.Range{}, func(e End) float64 { return e.Loss })
		if name == "softmax" {
			text += " |"
		} else if e, e2 := Paired(own, runs["softmax"], func(a, b End) float64 { return 100 * (a.Loss/b.Loss - 1) }, stats.Range{}); err == nil {
			err = cell("%.2f", e, e2)
		}
		for _, c := range []struct {
			format string
			within stats.Range
			of     func(End) float64
		}{
			{"%.1f", stats.Percent, func(e End) float64 { return e.Rate }}, {"%.1f", stats.Percent, func(e End) float64 { return e.Scaled }},
			{"%.2f", stats.Range{}, func(e End) float64 { return e.RowSum }}, {"%.0f", stats.Range{}, func(e End) float64 { return e.Kurtosis }},
			{"%.0f", stats.Range{}, func(e End) float64 { return e.MaxAbs }}, {"%.0f", stats.Percent, func(e End) float64 { return e.Sparsity }},
		} {
			if err == nil {
				err = mean(c.format, c.within, c.of)
			}
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		text += " " + published[name] + " |\n"
	}
	return text, nil
}
