package atlas

import (
	"fmt"
	"math"
	"strings"

	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// Markdown is the table of all rows, and below it the published rates.
func (a *Atlas) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| model | layers × heads | parameters (M) | in front | sink rate, ε = 0.3 (%%) | ε = 0.8 (%%) | any key, ε = 0.3 (%%) | mass on token 1 (%%) | value of token 1, relative | loss (nats) |\n%s\n", strings.Repeat("| --- ", 10)+"|")
	for _, r := range a.Rows {
		for i, f := range []struct {
			name string
			b    Behind
		}{{r.Token, r.With}, {"nothing", r.Without}, {"another token", r.Other}} {
			about, value := [3]string{}, ""
			if i == 0 {
				about = [3]string{r.Label, fmt.Sprintf("%d × %d", r.Layers, r.Heads), fmt.Sprintf("%.3g", float64(r.Parameters)/1e6)}
				value = "no head with a sink"
				if r.ValueRatio != nil {
					value = r.ValueRatio.PlusMinus("%.3f")
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s", about[0], about[1], about[2], strings.ReplaceAll(f.name, "|", `\|`))
			for _, e := range []stats.Estimate{f.b.Rate, f.b.Rate8, f.b.Any, f.b.Mass} {
				fmt.Fprintf(&b, " | %s", e.PlusMinus("%.1f"))
			}
			fmt.Fprintf(&b, " | %s | %s |\n", value, f.b.Loss.PlusMinus("%.2f"))
		}
	}
	fmt.Fprintf(&b, "\nMeans over %d passages of %d tokens with 95 %% intervals; even attention scores %.3f. The value of token 1 is ‖v₁‖ / mean ‖vⱼ‖ over the heads with a sink at ε = 0.3.\n",
		a.N, a.T, sinks.EvenAttention(a.T, false))
	b.WriteString("\nPublished, with ⟨bos⟩, T = 64, other texts: ")
	for i, p := range PublishedRates() {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %.4g %% at ε = %g (%s)", p.Label, p.Rate, p.Epsilon, p.Source)
	}
	b.WriteString(".\n")
	return b.String()
}

// Figure shows sink rates behind the three fronts, with the published ones, and what leaving ⟨bos⟩
// out costs.
func (a *Atlas) Figure() (*plots.Figure, error) {
	var figures []*plots.Figure
	for _, epsilon := range []float64{sinks.EpsilonGu, sinks.EpsilonTable} {
		f, err := a.rates(epsilon)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	cost := plots.Bars{
		Title: "loss without ⟨bos⟩ less loss with it", YName: "nats a token",
		Legend: plots.LegendNone, Width: plots.PageWidth, Aspect: 0.25,
	}
	series := plots.BarSeries{}
	for _, r := range a.Rows {
		cost.Groups = append(cost.Groups, r.Label)
		lo, hi := r.Cost.Ends()
		series.Values, series.Lo, series.Hi = append(series.Values, r.Cost.Value), append(series.Lo, lo), append(series.Hi, hi)
	}
	cost.Series = []plots.BarSeries{series}
	f, err := cost.Figure()
	if err != nil {
		return nil, err
	}
	return plots.Panel{
		Title:   fmt.Sprintf("The same %d passages of %d tokens behind ⟨bos⟩, nothing and another token, model by model", a.N, a.T),
		Figures: append(figures, f), Columns: 1, Width: plots.PageWidth,
	}.Figure()
}

func (a *Atlas) rates(epsilon float64) (*plots.Figure, error) {
	bars := plots.Bars{
		Title: fmt.Sprintf("heads with a sink at token 1, α₁ > %g", epsilon), YName: "heads (%)", YMax: 105, ReferenceName: "published",
		Legend: plots.LegendBelow, Width: plots.PageWidth, Aspect: 0.3,
		Series: []plots.BarSeries{{Name: "⟨bos⟩ in front"}, {Name: "nothing"}, {Name: "another token"}},
	}
	add := func(series int, e stats.Estimate, reference float64) {
		s := &bars.Series[series]
		lo, hi := e.Ends()
		s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, lo), append(s.Hi, hi)
		s.Reference = append(s.Reference, reference)
	}
	for _, r := range a.Rows {
		bars.Groups = append(bars.Groups, r.Label)
		for i, b := range []Behind{r.With, r.Without, r.Other} {
			e := b.Rate
			if epsilon == sinks.EpsilonTable {
				e = b.Rate8
			}
			add(i, e, math.NaN())
		}
	}
	for _, p := range PublishedRates() {
		if p.Epsilon != epsilon {
			continue
		}
		bars.Groups = append(bars.Groups, p.Label)
		none := stats.Estimate{Value: math.NaN()}
		add(0, none, math.NaN())
		add(1, none, p.Rate) // in the middle
		add(2, none, math.NaN())
	}
	return bars.Figure()
}
