package resting

import (
	"fmt"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/resting/values"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

// Task are runs on trigger-mean, in the order of points.
type Task struct {
	Points []store.Point
	Runs   []values.TaskRun
}

// over is a number over the seeds of one training on the task.
func (t Task) over(bos, layers, mlp string, number func(values.TaskRun) float64) (stats.Estimate, error) {
	var x []float64
	for i, p := range t.Points {
		if p.Fields["packing.bos"] == bos && p.Fields["model.layers"] == layers && p.Fields["model.hidden"] == mlp {
			x = append(x, number(t.Runs[i]))
		}
	}
	return stats.Repeats(x, stats.Options{})
}

func valueFirst(r values.TaskRun) float64   { return 100 * r.Value.First }
func valueOwn(r values.TaskRun) float64     { return 100 * r.Value.Own }
func triggerFirst(r values.TaskRun) float64 { return 100 * r.Trigger.First }
func triggerOwn(r values.TaskRun) float64   { return 100 * r.Trigger.Own }

// shapes are layers and widths of the MLP.
var shapes = [][2]string{{"1", "8"}, {"2", "8"}, {"1", "176"}, {"3", "176"}}

// taskColumns of the table, in order; those with a name of a series are drawn too.
var taskColumns = []struct {
	head, format, series string
	of                   func(values.TaskRun) float64
}{
	{"values: first (%)", "%.1f", "values: first", valueFirst}, {"strongest head (%)", "%.1f", "", func(r values.TaskRun) float64 { return 100 * r.Value.Strongest }},
	{"own (%)", "%.1f", "values: own", valueOwn}, {"written / read", "%.2f", "", func(r values.TaskRun) float64 { return r.Value.Written }},
	{"triggers: first (%)", "%.1f", "triggers: first", triggerFirst}, {"own (%)", "%.1f", "triggers: own", triggerOwn},
	{"written / read", "%.2f", "", func(r values.TaskRun) float64 { return r.Trigger.Written }}, {"loss − least (nats)", "%.3f", "", func(r values.TaskRun) float64 { return r.Excess }},
}

// Show draws where queries look with nothing and with ⟨bos⟩ in front, and gives the table of all
// columns.
func (t Task) Show() (*plots.Figure, string, error) {
	head := "⟨bos⟩ | layers | MLP"
	for _, c := range taskColumns {
		head += " | " + c.head
	}
	var rows []string
	panel := plots.Panel{Title: "Where queries 5 to 16 look, by layers × width of the MLP; even attention: 10.8 %"}
	for _, bos := range []string{"none", "fixed"} {
		bars := plots.Bars{Title: map[string]string{"none": "Nothing in front", "fixed": "⟨bos⟩ in front"}[bos], YName: "attention (%)", YMax: 100,
			Legend: plots.LegendBelow, Width: plots.PageWidth / 2}
		for _, c := range taskColumns {
			if c.series != "" {
				bars.Series = append(bars.Series, plots.BarSeries{Name: c.series})
			}
		}
		for _, shape := range shapes {
			row, s := fmt.Sprintf("%s | %s | %s", bos, shape[0], shape[1]), 0
			for _, c := range taskColumns {
				e, err := t.over(bos, shape[0], shape[1], c.of)
				if err != nil {
					return nil, "", err
				}
				row += " | " + e.PlusMinus(c.format)
				if c.series != "" {
					add(&bars.Series[s], e)
					s++
				}
			}
			rows, bars.Groups = append(rows, row), append(bars.Groups, shape[0]+" × MLP "+shape[1])
		}
		if err := panel.Add(bars.Figure()); err != nil {
			return nil, "", err
		}
	}
	figure, err := panel.Figure()
	return figure, tables.Markdown(head, rows), err
}

// Even is the attention to the first of t keys, all alike, mean over queries from … to (1-based), %.
func Even(from, to int) (x float64) {
	for t := from; t <= to; t++ {
		x += 100 / float64(t) / float64(to-from+1)
	}
	return x
}

// Figures are what the rules of train/LOG.md read.
func (t Task) Figures() ([]claims.Figure, error) {
	var l claims.List
	add := func(name, bos, layers, mlp string, number func(values.TaskRun) float64) {
		e, err := t.over(bos, layers, mlp, number)
		l.Add(name, "%", e, err)
	}
	add("values, own", "none", "1", "8", valueOwn)
	add("triggers, own", "none", "1", "8", triggerOwn)
	add("values, own, with ⟨bos⟩", "fixed", "1", "8", valueOwn)
	add("values, first, with ⟨bos⟩", "fixed", "1", "8", valueFirst)
	add("two layers, values, first", "none", "2", "8", valueFirst)
	add("wide MLP, values, own", "none", "1", "176", valueOwn)
	add("three layers, values, first", "none", "3", "176", valueFirst)
	return l.Figures()
}

// Rules are the five of train/LOG.md, in its order.
func Rules() []claims.Rule {
	return []claims.Rule{
		claims.Every(claims.Above("values, own", 50), claims.Below("triggers, own", 25)),
		claims.Every(claims.Below("values, own, with ⟨bos⟩", 25), claims.Above("values, first, with ⟨bos⟩", 25)),
		claims.Below("two layers, values, first", Even(5, 16)),
		claims.Below("wide MLP, values, own", 25),
		claims.Above("three layers, values, first", 25),
	}
}
