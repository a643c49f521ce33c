package contexts

import (
	"firsttoken/notebooks/curves"
	"firsttoken/plots"
)

// styles are how contexts look in every figure; others follow from their place.
var styles = map[string]int{"16": 4, "64": 1, "128": 2, "256": 3}

const (
	tokens = "tokens read (millions)"
	heads  = "heads with α₁ > 0.3 (%)"
)

// Along draws the sink rate at ε = 0.3 along the training under an evaluation, by context: means
// over seeds, bands from the lowest to the highest. The vertical axis ends at most %; 0: where the
// data do.
func Along(title string, set *curves.Set, eval string, most float64) (*plots.Figure, error) {
	return along(plots.Lines{Title: title, YName: heads, YMax: most}, set, curves.SinkRate(eval, 0))
}

// along draws a number by tokens read and context.
func along(lines plots.Lines, set *curves.Set, number curves.Number) (*plots.Figure, error) {
	lines.XName, lines.Legend = tokens, plots.LegendBelow
	for _, length := range set.Values(Field) {
		s, err := set.Where(Field, length).Series("context "+length, number)
		if err != nil {
			return nil, err
		}
		s.Style = styles[length]
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// Single draws the same of each run of a set that has one context.
func Single(title string, set *curves.Set, eval string, most float64) (*plots.Figure, error) {
	lines := plots.Lines{Title: title, XName: tokens, YName: heads, YMax: most, Legend: plots.LegendBelow}
	for _, seed := range set.Values("seed") {
		s, err := set.Where("seed", seed).Series("seed "+seed, curves.SinkRate(eval, 0))
		if err != nil {
			return nil, err
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// Dots draws the share of sink heads of each run at its end, by context, on an axis up to most %.
func Dots(title string, set *curves.Set, rate curves.Number, most float64) (*plots.Figure, error) {
	samples, err := set.Samples(Field, rate)
	if err != nil {
		return nil, err
	}
	return plots.Strip{Title: title, XName: "training context", YName: "sink heads (%)", YMax: most, Samples: samples}.Figure()
}
