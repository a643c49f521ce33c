// Package show draws what package edits reduced, and takes from it what claims C1 and C2 are judged
// by.
package show

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"firsttoken/notebooks/edits"
	"firsttoken/plots"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/stats"
)

// Spreads is how far edits spread under one condition, by text.
type Spreads struct {
	Name               string
	Relative, Absolute []float64
}

// Of are those of all conditions, the texts as they are first.
func Of(s edits.Study, all map[string]edits.Outcome) (list []Spreads) {
	for _, c := range edits.Conditions() {
		list = append(list, Spreads{c.Short, s.Over(all[c.Key], "relative"), s.Over(all[c.Key], "absolute")})
	}
	return list
}

// Farther draws how many times as far each edit spreads under conditions as under one of them.
func Farther(title string, base Spreads, others ...Spreads) (*plots.Figure, error) {
	panel := plots.Panel{Title: title}
	for _, q := range []struct {
		title string
		of    func(Spreads) []float64
	}{{"relative change ‖Δv‖ / ‖v‖", func(s Spreads) []float64 { return s.Relative }}, {"absolute change ‖Δv‖₂", func(s Spreads) []float64 { return s.Absolute }}} {
		strip := plots.Strip{Title: q.title, XName: "condition", YName: "spread / spread, " + base.Name, YScale: plots.Log, HLines: []plots.RefLine{{At: 1, Label: base.Name}}}
		for _, o := range others {
			x := slices.Clone(q.of(o))
			if len(x) != len(q.of(base)) {
				return nil, fmt.Errorf("show: %d texts %s, %d %s", len(x), o.Name, len(q.of(base)), base.Name)
			}
			floats.Div(x, q.of(base))
			strip.Samples = append(strip.Samples, plots.Sample{Name: o.Name, Values: x})
		}
		if err := panel.Add(strip.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Picture draws the change of every token after every block, a panel for each of the named maps.
// Tokens that some have in front are left out: the same words stand in the same columns.
func Picture(title string, in perturb.Measure, maps map[string]*perturb.Map, names ...string) (*plots.Figure, error) {
	grid := plots.Grid{Title: fmt.Sprintf("%s: %s change of every token", title, in), Columns: 2,
		Map: plots.HeatMap{RowName: "after block", ColName: "position", RowOffset: -1, Scale: plots.Log, Min: 1, Max: 300, BarName: "‖Δv‖₂"}}
	if in == perturb.Relative {
		grid.Map.Min, grid.Map.Max, grid.Map.BarName = 0.01, 2, "‖Δv‖₂ / ‖v‖₂"
	}
	var all [][][]float64
	width := 0
	for i, name := range names {
		if maps[name] == nil {
			return nil, fmt.Errorf("show: there is no map of %q", name)
		}
		values, err := maps[name].Values(in)
		if err != nil {
			return nil, err
		}
		if n := len(values[0]); i == 0 || n < width {
			width = n
		}
		all = append(all, values)
	}
	for i, values := range all {
		for l, row := range values {
			values[l] = row[len(row)-width:]
		}
		grid.Panels = append(grid.Panels, plots.GridPanel{Title: names[i], Values: values})
	}
	return grid.Figure()
}

// Table is what each condition did to the sink, the loss and the spread, as Markdown.
func Table(s edits.Study, all map[string]edits.Outcome) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "| condition | sink rate %% | blocks %d–%d | … any of keys 1–8 | loss | relative spread / intact | absolute | typical token |\n%s|\n", s.Low(), s.High, strings.Repeat("| --- ", 8))
	for _, c := range edits.Conditions() {
		o := all[c.Key]
		fmt.Fprintf(&b, "| %s", c.Label)
		for _, name := range []string{"rate", "rate above", "rate above, any"} {
			fmt.Fprintf(&b, " | %.1f", stat.Mean(s.Over(o, name), nil))
		}
		loss, err := stats.Mean(s.Over(o, "loss"), stats.DefaultOptions())
		if err != nil {
			return "", err
		}
		b.WriteString(" | " + loss.PlusMinus("%.2f"))
		for _, name := range []string{"relative", "absolute", "typical"} {
			ratio, err := s.Ratio(o, all["intact"], name)
			if err != nil {
				return "", err
			}
			b.WriteString(" | " + ratio.PlusMinus("%.2f"))
		}
		b.WriteString(" |\n")
	}
	return b.String(), nil
}

// Lines draws a quantity by block under some conditions, means over texts with their intervals.
func Lines(s edits.Study, l plots.Lines, all map[string]edits.Outcome, name string, keys ...string) (*plots.Figure, error) {
	l.XName, l.Legend, l.XMin, l.VLines = "after block", plots.LegendBelow, 0, []plots.RefLine{{At: float64(s.Maker), Label: fmt.Sprintf("block %d", s.Maker)}}
	for _, c := range edits.Conditions() {
		if !slices.Contains(keys, c.Key) {
			continue
		}
		series, rows := plots.Series{Name: c.Label, Style: c.Style}, all[c.Key][name]
		l.XMax = float64(len(rows[0]) + 1)
		for block := range rows[0] {
			var x []float64
			for _, row := range rows {
				x = append(x, row[block])
			}
			e, err := stats.Mean(x, stats.DefaultOptions())
			if err != nil {
				return nil, err
			}
			lo, hi := e.Ends()
			series.Y, series.Lo, series.Hi = append(series.Y, e.Value), append(series.Lo, lo), append(series.Hi, hi)
		}
		l.Series = append(l.Series, series)
	}
	return l.Figure()
}

// Heads maps the mean over texts of a quantity with the sink off less intact, by head of the blocks
// with a sink.
func Heads(s edits.Study, title string, all map[string]edits.Outcome, name string) (*plots.Figure, error) {
	off, intact := all["off"], all["intact"]
	sum := make([]float64, len(off[name][0]))
	for i := range off[name] {
		floats.AddScaled(sum, 1/float64(len(off[name])), off[name][i])
		floats.AddScaled(sum, -1/float64(len(off[name])), intact[name][i])
	}
	rows := slices.Collect(slices.Chunk(sum, len(sum)/len(off["entropy"][0])))
	return plots.HeadMap{Title: title, Values: rows[s.Low()-1:], LayerOffset: s.Low() - 1, Diverging: true, BarName: "nats"}.Figure()
}
