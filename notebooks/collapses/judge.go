package collapses

import (
	"errors"
	"fmt"
	"slices"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/collapses/states"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// Together is Spearman's correlation over the blocks of how far all tokens are spread and how far
// the last two are apart, one number a text.
func Together(list []states.Layers) (r []float64, err error) {
	for _, l := range list {
		x, err := l.Text.Together()
		if err != nil {
			return nil, err
		}
		r = append(r, x)
	}
	return r, nil
}

// TogetherLine says it of one model under one wiring.
func TogetherLine(name string, r []float64) (string, error) {
	e, err := stats.Mean(r, stats.Options{Range: stats.ShareChange})
	return fmt.Sprintf("%-41s rank correlation over blocks %s, from %.2f to %.2f", name, e, slices.Min(r), slices.Max(r)), err
}

// TogetherFigure draws both by block, and the correlations of texts.
func TogetherFigure(list []states.Layers, together []float64) (*plots.Figure, error) {
	left := plots.Lines{Title: "All tokens and the last two", XName: "block", YName: "mean over texts, token 1 left out", YMax: 1.5, Legend: plots.LegendBelow}
	for _, c := range []struct {
		name   string
		number Number
	}{
		{"‖V − mean‖ / ‖V‖", func(l states.Layers) []float64 { return l.Text.Relative }},
		{"‖v(n) − v(n−1)‖ / ‖v(n)‖", func(l states.Layers) []float64 { return l.Text.Apart }},
	} {
		s, err := Curve(c.name, list, c.number)
		if err != nil {
			return nil, err
		}
		left.Series = append(left.Series, s)
	}
	right := plots.Histogram{Title: "Rank correlation over blocks", XName: "correlation, trained, full block", YName: "texts", Min: -1, Max: 1, Bins: 20,
		Legend: plots.LegendNone, Samples: []plots.Sample{{Name: "texts", Values: together}}}
	var panel plots.Panel
	if err := errors.Join(panel.Add(left.Figure()), panel.Add(right.Figure())); err != nil {
		return nil, err
	}
	return panel.Figure()
}

// C6 are the figures of claims.C6: the states measured, the counter-example of study, and the
// correlations of texts in the trained model.
func C6(all states.Bound, example, together []float64) ([]claims.Figure, error) {
	exact := func(name, why string, x float64, n int) claims.Figure {
		return claims.Figure{Name: name, Exact: why, Estimate: stats.Estimate{Value: x, N: n}}
	}
	e, err := stats.Mean(together, stats.Options{Range: stats.ShareChange})
	return []claims.Figure{
		exact("largest ‖vₙ − vₙ₋₁‖ / (√2 ‖V − 1x̄ᵀ‖_F)", "the maximum of all states measured", all.Tightest, all.States),
		exact("counter-example, ‖vₙ − vₙ₋₁‖", "by construction", example[0], 1),
		exact("counter-example, ‖V − 1x̄ᵀ‖_F / ‖V‖_F", "by construction", example[1], 1),
		{Name: "rank correlation over blocks of relative spread and relative distance of the last two tokens", Estimate: e},
	}, err
}
