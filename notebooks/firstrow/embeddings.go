package firstrow

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"firsttoken/plots"
	"firsttoken/sinks/prepend"
	"firsttoken/sinks/stats"
)

// Embedded is what came of one model's sentence embeddings.
type Embedded struct {
	Name string
	*prepend.Outcome
}

// Blocks draws, for the choosing frames, the agreement with grades by block, above, and by the last
// block whose input is copied to, below: what is gained over the prompt alone.
func Blocks(models ...Embedded) (*plots.Figure, error) {
	var figures []func() (*plots.Figure, error)
	for _, m := range models {
		figures = append(figures, func() (*plots.Figure, error) {
			at := slices.Index(m.Untils, m.Until)
			lines := plots.Lines{Title: m.Name, XName: "block", YName: "Spearman × 100", Width: columnWidth, Legend: plots.LegendBelow}
			for _, s := range []plots.Series{
				{Name: "prompt alone", Y: m.Alone}, {Name: "placeholder, nothing copied", Y: m.Held},
				{Name: fmt.Sprintf("Token Prepending, to block %d", m.Until), Y: m.Copied[at]},
			} {
				s.Y = s.Y[1:]
				lines.Series = append(lines.Series, s)
			}
			return lines.Figure()
		})
	}
	for _, m := range models {
		figures = append(figures, func() (*plots.Figure, error) {
			var rows [][]float64
			var names []string
			for i, row := range m.Copied {
				var gain []float64
				for l, rho := range row[1:] {
					gain = append(gain, rho-m.Alone[l+1])
				}
				rows, names = append(rows, gain), append(names, fmt.Sprint(m.Untils[i]))
			}
			return plots.HeatMap{
				Title: "gain over the prompt alone, same block", Values: rows, RowTokens: names, RowName: "copied until block", ColName: "embedding taken after block",
				BarName: "points", Diverging: true, Width: columnWidth, Aspect: 0.5,
			}.Figure()
		})
	}
	return panel("Cosines against grades, the frames that choose", len(models), figures...)
}

// Kinds draws the cosines of the judging pairs by kind, under three conditions.
func Kinds(models ...Embedded) (*plots.Figure, error) {
	var figures []func() (*plots.Figure, error)
	for _, m := range models {
		figures = append(figures, func() (*plots.Figure, error) {
			bars := plots.Bars{Title: m.Name, YName: "cosine − another frame's", Width: columnWidth, Legend: plots.LegendBelow}
			for _, condition := range []string{prepend.Alone, prepend.Held, prepend.Copied} {
				s := plots.BarSeries{Name: condition}
				by := map[prepend.Kind][]float64{}
				for i, p := range m.Pairs {
					by[p.Kind] = append(by[p.Kind], m.Cosines[condition][i])
				}
				for _, k := range prepend.Kinds()[:len(prepend.Kinds())-1] {
					e, err := stats.Paired(by[k], by[prepend.Random], stats.DefaultOptions())
					if err != nil {
						return nil, err
					}
					lo, hi := e.Ends()
					s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, lo), append(s.Hi, hi)
				}
				bars.Series = append(bars.Series, s)
			}
			for _, k := range prepend.Kinds()[:len(prepend.Kinds())-1] {
				bars.Groups = append(bars.Groups, fmt.Sprintf("%s (%g)", k, k.Grade()))
			}
			return bars.Figure()
		})
	}
	return panel("Cosines by kind of pair (grade), the frames that judge", len(models), figures...)
}

// Conditions is a table of agreement with grades on the judging frames, and what each condition
// gains over the prompt alone.
func Conditions(models ...Embedded) (string, error) {
	head, rows := "condition", []string{}
	for _, m := range models {
		head += fmt.Sprintf(" | %s: block | Spearman × 100 | − prompt alone", m.Name)
	}
	for _, c := range []string{prepend.Alone, prepend.Held, prepend.Copied, prepend.Other, prepend.AtFirst, prepend.NoSink, prepend.CopyNoSink} {
		row := c
		for _, m := range models {
			e, err := m.Spearman(c, "", stats.DefaultOptions())
			if err != nil {
				return "", err
			}
			row += fmt.Sprintf(" | %d | %s", m.Block[c], cell(e))
			if c == prepend.Alone {
				row += " | "
				continue
			}
			if e, err = m.Spearman(c, prepend.Alone, stats.DefaultOptions()); err != nil {
				return "", err
			}
			row += " | " + cell(e)
		}
		rows = append(rows, row)
	}
	return table(head, rows), nil
}

// Rates draws sink rates by the last block whose input is copied to, means over sentences.
func Rates(models ...Embedded) (*plots.Figure, error) {
	var figures []func() (*plots.Figure, error)
	for _, m := range models {
		figures = append(figures, func() (*plots.Figure, error) {
			lines := plots.Lines{
				Title: m.Name, XName: "copied until block", YName: "heads with a sink (%)", YMax: 100, Width: columnWidth, Legend: plots.LegendBelow,
				HLines: []plots.RefLine{{At: stat.Mean(m.Sink.Alone, nil), Label: "row 1, nothing copied"}},
			}
			for _, s := range []struct {
				name string
				rows [][]float64
			}{{"row 1, copied to the placeholder", m.Sink.Inside}, {"the placeholder itself", m.Sink.Itself}, {"row 1, copied to row 1", m.Sink.First}} {
				series := plots.Series{Name: s.name, X: floats(m.Untils)}
				for _, row := range s.rows {
					series.Y = append(series.Y, stat.Mean(row, nil))
				}
				lines.Series = append(lines.Series, series)
			}
			return lines.Figure()
		})
	}
	return panel("Sinks where the last token's state is copied", len(models), figures...)
}
