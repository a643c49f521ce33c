// Package collapses draws and judges what notebooks 8 and 8b measure of rank collapse and
// representational collapse (Proposition 3.1 and claim C6 of arXiv 2504.02732). Package states has
// the values, package study measures them.
package collapses

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/collapses/states"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// Wirings are what of a block acts, in the order of figures.
var Wirings = []string{"pure attention", "attention + residual", "full block"}

// Full is the model as it is.
const Full = "full block"

// Number is one number a layer of a text.
type Number func(states.Layers) []float64

// Curve is the mean over texts of a number by layer, with its 95 % interval.
func Curve(name string, list []states.Layers, number Number) (plots.Series, error) {
	s := plots.Series{Name: name}
	for l := range number(list[0]) {
		x := make([]float64, len(list))
		for i := range list {
			x[i] = number(list[i])[l]
		}
		e, err := stats.Mean(x, stats.DefaultOptions())
		if err != nil {
			return s, err
		}
		lo, hi := e.Ends() // one point where all texts are equal
		s.X, s.Y = append(s.X, float64(l)), append(s.Y, e.Value)
		s.Lo, s.Hi = append(s.Lo, lo), append(s.Hi, hi)
	}
	return s, nil
}

// Depth draws a number by layer under every wiring.
func Depth(lines plots.Lines, kept map[string][]states.Layers, number Number) (*plots.Figure, error) {
	lines.XName, lines.Legend = "layer (0: embedding)", plots.LegendBelow
	for _, w := range Wirings {
		s, err := Curve(w, kept[w], number)
		if err != nil {
			return nil, err
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// Both draws a number of all tokens and one without token 1.
func Both(lines plots.Lines, list []states.Layers, all, text Number) (*plots.Figure, error) {
	lines.XName, lines.Legend = "layer (0: embedding)", plots.LegendBelow
	for i, number := range []Number{all, text} {
		s, err := Curve([]string{"all tokens", "without token 1"}[i], list, number)
		if err != nil {
			return nil, err
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// Slack is by how much the bound is too large, least and most, in layers from … to.
func Slack(list []states.Layers, number Number, from, to int) (string, error) {
	s, err := Curve("", list, number)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%.0f to %.0f", 1/slices.Max(s.Y[from:to+1]), 1/slices.Min(s.Y[from:to+1])), nil
}

// Length draws a number by the length of the text, in some layers.
func Length(lines plots.Lines, kept map[int][]states.Layers, lengths, layers []int, number Number) (*plots.Figure, error) {
	lines.XName, lines.XScale, lines.Legend = "tokens n", plots.Log2, plots.LegendBelow
	for _, layer := range layers {
		s := plots.Series{Name: fmt.Sprintf("layer %d", layer)}
		for _, n := range lengths {
			at, err := Curve("", kept[n], number)
			if err != nil {
				return nil, err
			}
			s.X, s.Y = append(s.X, float64(n)), append(s.Y, at.Y[layer])
			s.Lo, s.Hi = append(s.Lo, at.Lo[layer]), append(s.Hi, at.Hi[layer])
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// Repeats draws the distance of the last two tokens by length, a figure a prompt and a curve a run,
// and says in a table when they are equal. kept is by run, in the order of prompts.
func Repeats(runs []string, kept map[string][]states.Repeated, prompts []states.Repeat, T int) (*plots.Figure, string, error) {
	head := "last two tokens equal in bfloat16 from n = | the last two are both X from n ="
	for _, run := range runs {
		head += " | " + run
	}
	var rows []string
	panel := plots.Panel{Columns: 2}
	for i, p := range prompts {
		lines := plots.Lines{Title: p.String(), XName: "tokens n", YName: "‖v(n) − v(n−1)‖ / ‖v(n)‖; 0 drawn at 10⁻⁸", XScale: plots.Log2, YScale: plots.Log,
			YMin: 1e-8, YMax: 20, Legend: plots.LegendBelow}
		front := kept[runs[0]][i].Front
		if front > 0 {
			lines.VLines = []plots.RefLine{{At: float64(front) + 0.5, Label: "the prompt ends"}}
		}
		row := fmt.Sprintf("%s | %d", p, front+2)
		for _, run := range runs {
			r := kept[run][i]
			s := plots.Series{Name: run}
			for n := 2; n <= T; n = n + n/8 + 1 { // an eighth more each time: as dense as the axis shows
				s.X, s.Y = append(s.X, float64(n)), append(s.Y, max(r.Relative[n-2], 1e-8))
			}
			lines.Series = append(lines.Series, s)
			row += " | " + r.EqualFrom()
		}
		rows = append(rows, row)
		if err := panel.Add(lines.Figure()); err != nil {
			return nil, "", err
		}
	}
	figure, err := panel.Figure()
	return figure, tables.Markdown(head, rows), err
}
