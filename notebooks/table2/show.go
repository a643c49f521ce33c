package table2

import (
	"fmt"
	"strings"

	"firsttoken/notebooks/curves"
	"firsttoken/notebooks/table2/controls"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// NineRows are Table 2, ours beside the paper's: a figure of sink rates, and a table in Markdown.
func (r *Runs) NineRows() (*plots.Figure, string, error) {
	bars := plots.Bars{Title: "Sink rate of the nine rows of Table 2", YName: "heads with α₁ > 0.3 (%)", YMax: 100, Width: plots.PageWidth,
		Legend: plots.LegendBelow, XName: "row of the table below"}
	series := plots.BarSeries{Name: "3 layers, 8.2 M tokens"}
	var lines []string
	for i, row := range Rows {
		set := r.of(row.Mask, row.BOS)
		sink, err := set.FinalShare(curves.SinkRate(row.Eval, 0))
		if err != nil {
			return nil, "", err
		}
		loss, err := stats.Repeats(r.losses(row.Mask, row.BOS, row.Eval), stats.Options{})
		if err != nil {
			return nil, "", err
		}
		each, err := set.Last(curves.SinkRate(row.Eval, 0))
		if err != nil {
			return nil, "", err
		}
		var single []string
		for _, x := range each {
			single = append(single, fmt.Sprintf("%.0f", x))
		}
		on := map[string]string{With: "⟨bos⟩ + text", Without: "text"}[row.Eval]
		lines = append(lines, fmt.Sprintf("%d | %s | %s | %s | %.2f | %s | %.2f | %s", i+1, Label(row.Mask, row.BOS), on,
			sink.PlusMinus("%.1f"), row.Sink, loss.PlusMinus("%.3f"), row.Loss, strings.Join(single, ", ")))
		bars.Groups = append(bars.Groups, fmt.Sprint(i+1))
		series.Values, series.Reference = append(series.Values, sink.Value), append(series.Reference, row.Sink)
		lo, hi := sink.Ends()
		series.Lo, series.Hi = append(series.Lo, max(0, lo)), append(series.Hi, hi)
	}
	bars.Series = []plots.BarSeries{series}
	figure, err := bars.Figure()
	head := "row | training | inference on | sink rate (%) | paper (120M) | loss (nats a token) | paper | first seed to last (%)"
	return figure, tables.Markdown(head, lines), err
}

// ByPosition is the loss by predicted token of the text, with and without ⟨bos⟩ in front.
func (r *Runs) ByPosition() (*plots.Figure, error) {
	panel := plots.Panel{Title: "Loss by position, with and without ⟨bos⟩ in front"}
	for _, mask := range masks {
		l := plots.Lines{Title: mask, XName: "predicted token of the text", YName: "loss (nats a token)", Legend: plots.LegendBelow}
		for _, bos := range []string{"none", "document", "fixed"} {
			set := r.of(mask, bos)
			if len(set.Points) == 0 {
				continue
			}
			name := map[string]string{"none": "none", "document": "starts", "fixed": "fixed"}[bos]
			a, err := set.ByPosition(name+", with", With)
			if err != nil {
				return nil, err
			}
			b, err := set.ByPosition(name+", without", Without)
			if err != nil {
				return nil, err
			}
			for i := range b.X {
				b.X[i]++ // without ⟨bos⟩ in front, position 1 predicts token 2
			}
			b.Like = len(l.Series) + 1
			l.Series = append(l.Series, a, b)
		}
		if err := panel.Add(l.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Extra is what models with a fixed ⟨bos⟩ lose without it, against those that never had one, by
// ranges of the text's tokens.
func (r *Runs) Extra() (string, error) {
	var lines []string
	for _, mask := range masks {
		none, err := r.of(mask, "none").ByPosition("", Without)
		if err != nil {
			return "", err
		}
		fixed, err := r.of(mask, "fixed").ByPosition("", Without)
		if err != nil {
			return "", err
		}
		line := mask + ", fixed against none"
		for _, bins := range [][2]int{{0, 1}, {1, 2}, {2, 4}, {4, 8}, {8, 16}} { // of four positions each
			extra := 0.0
			for k := bins[0]; k < bins[1]; k++ {
				extra += (fixed.Y[k] - none.Y[k]) / float64(bins[1]-bins[0])
			}
			line += fmt.Sprintf(" | %.2f", extra)
		}
		lines = append(lines, line)
	}
	return tables.Markdown("extra loss without ⟨bos⟩ at the text's tokens | 2 to 5 | 6 to 9 | 10 to 17 | 18 to 33 | 34 to 64", lines), nil
}

// Controls are sink rates and losses by what stands in front.
func (r *Runs) Controls() (string, error) {
	var lines []string
	for _, t := range Trainings {
		sink, loss := Label(t.Mask, t.BOS)+" | sink rate (%)", "| loss (nats a token)"
		for _, front := range []string{"with", "without", "masked", "random", "doubled"} {
			x, err := stats.Repeats(r.each(t.Mask, t.BOS, func(c controls.Control) float64 { return c.Sink[front] }), stats.Options{Range: stats.Percent})
			if err != nil {
				return "", err
			}
			y, err := stats.Repeats(r.each(t.Mask, t.BOS, func(c controls.Control) float64 { return c.Loss[front] }), stats.Options{})
			if err != nil {
				return "", err
			}
			sink, loss = sink+" | "+x.PlusMinus("%.1f"), loss+" | "+y.PlusMinus("%.3f")
		}
		lines = append(lines, sink, loss)
	}
	return tables.Markdown("training |  | ⟨bos⟩ + text | text | key masked | random token | doubled", lines), nil
}

// Seeds are the sink rate of each run with a fixed ⟨bos⟩, and what it loses without.
func (r *Runs) Seeds() (string, error) {
	var lines []string
	for i, seed := range r.of("causal", "fixed").Values("seed") {
		line := seed
		for _, mask := range masks {
			rate, err := r.of(mask, "fixed").Where("seed", seed).Final(curves.SinkRate(With, 0))
			if err != nil {
				return "", err
			}
			line += fmt.Sprintf(" | %.0f | %+.2f", rate.Value, r.losses(mask, "fixed", Without)[i]-r.losses(mask, "fixed", With)[i])
		}
		lines = append(lines, line)
	}
	return tables.Markdown("fixed ⟨bos⟩, seed | causal: sink rate (%) | loss without − with | intra-document: sink rate (%) | loss without − with", lines), nil
}
