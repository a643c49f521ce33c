// Package resting shows what notebook 4b finds of where heads rest: on text, by the layers of five
// trainings that differ in packing and ⟨bos⟩, and on trigger-mean, a task that needs a rest, by what
// stands in front, depth and the width of the MLP. Package values has the numbers, package study
// measures them. Means are over seeds, with 95 % t intervals.
package resting

import (
	"fmt"

	"firsttoken/notebooks/resting/values"
	"firsttoken/notebooks/table2"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// Text are layers of runs, in the order of points.
type Text struct {
	Points []store.Point
	Layers [][]values.Layer
}

// over is a number of a layer's heads, over the seeds of a training.
func (t Text) over(training table2.Training, l int, number func(values.Layer) float64) (stats.Estimate, error) {
	var x []float64
	for i, p := range t.Points {
		if p.Fields["packing.mask"] == training.Mask && p.Fields["packing.bos"] == training.BOS {
			x = append(x, number(t.Layers[i][l]))
		}
	}
	return stats.Repeats(x, stats.Options{})
}

// add puts an estimate behind a series' others.
func add(s *plots.BarSeries, e stats.Estimate) {
	lo, hi := e.Ends()
	s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, max(0, lo)), append(s.Hi, hi)
}

// columns of the table of layers, in order.
var columns = []struct {
	name, format string
	of           func(values.Layer) float64
}{
	{"first (%)", "%.1f", func(r values.Layer) float64 { return 100 * r.First }}, {"own (%)", "%.1f", func(r values.Layer) float64 { return 100 * r.Own }},
	{"favourite (%)", "%.1f", func(r values.Layer) float64 { return 100 * r.Favourite }}, {"keys", "%.1f", func(r values.Layer) float64 { return r.Keys }},
	{"written / read", "%.2f", func(r values.Layer) float64 { return r.Written }}, {"written / stream", "%.2f", func(r values.Layer) float64 { return r.Stream }},
}

// Show draws keys and writes by layer, and gives the table of all columns.
func (t Text) Show() (*plots.Figure, string, error) {
	keys := plots.Bars{Title: "Keys that would share a row evenly", YName: "e^entropy", Legend: plots.LegendBelow}
	written := plots.Bars{Title: "What a head writes of what it reads", YName: "written / read", YMax: 1, Legend: plots.LegendBelow}
	head := "training | layer"
	for _, c := range columns {
		head += " | " + c.name
	}
	var rows []string
	for _, training := range table2.Trainings {
		spread, write := plots.BarSeries{Name: training.Name}, plots.BarSeries{Name: training.Name}
		for l := range t.Layers[0] {
			row := fmt.Sprintf("%s | %d", training.Name, l+1)
			for _, c := range columns {
				e, err := t.over(training, l, c.of)
				if err != nil {
					return nil, "", err
				}
				row += " | " + e.PlusMinus(c.format)
				switch c.name {
				case "keys":
					add(&spread, e)
				case "written / read":
					add(&write, e)
				}
			}
			rows = append(rows, row)
		}
		keys.Series, written.Series = append(keys.Series, spread), append(written.Series, write)
	}
	for l := range t.Layers[0] {
		layer := fmt.Sprint("layer ", l+1)
		keys.Groups, written.Groups = append(keys.Groups, layer), append(written.Groups, layer)
	}
	panel := plots.Panel{Title: "Heads of the five trainings, queries 17 to 64"}
	for _, bars := range []plots.Bars{keys, written} {
		if err := panel.Add(bars.Figure()); err != nil {
			return nil, "", err
		}
	}
	figure, err := panel.Figure()
	return figure, tables.Markdown(head, rows), err
}
