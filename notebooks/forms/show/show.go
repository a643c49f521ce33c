// Package show draws and judges what notebook 13b measures: how far forms of attention mix, and what
// their heads do instead. Package trained measures it; nothing here loads a model.
package show

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/forms"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// Figures are measures of forms as they are over softmax's of the same seed, which
// claims.S1b and claims.S1c read, and, softmax included, those with ⟨bos⟩'s key hidden over those as
// it is.
func Figures(names []string, runs map[string][]forms.Mixing, measures ...forms.Measure) ([]claims.Figure, error) {
	var list claims.List
	for _, m := range measures {
		for _, name := range names {
			if name != "softmax" {
				e, err := forms.Ratio(runs[name], runs["softmax"], m.Of, forms.Whole, forms.Whole)
				list.Add(fmt.Sprintf("%s, %s / softmax's", name, m.Name), "", e, err)
			}
			e, err := forms.Ratio(runs[name], runs[name], m.Of, forms.Hidden, forms.Whole)
			list.Add(fmt.Sprintf("%s, %s with ⟨bos⟩'s key hidden / as it is", name, m.Name), "", e, err)
		}
	}
	return list.Figures()
}

// AgainstSoftmax draws what S1b and S1c judge, run by run: a form's measure over that of softmax of
// the same seed, and softmax's own with ⟨bos⟩'s key hidden beside it.
func AgainstSoftmax(names []string, runs map[string][]forms.Mixing) (*plots.Figure, error) {
	if len(names) < 2 {
		return nil, errors.New("show: no form but one is there: nothing to compare")
	}
	panel := plots.Panel{Columns: 1, Width: plots.PageWidth, Title: "Each form over softmax of the same seed; each dot is a run"}
	for k, m := range forms.Measures()[:3] {
		bound := []float64{1.1, 0.9, 1.1}[k]
		strip := plots.Strip{Title: []string{"Spread of an edit", "Relative spread of token states", "Influence of other tokens"}[k], XName: "form", YName: "ratio",
			HLines: []plots.RefLine{{At: 1}, {At: bound, Label: "bound"}}, Width: plots.PageWidth, Aspect: 0.2,
			YMin: []float64{0.6, 0.85, 0.8}[k], YMax: []float64{2.2, 1.1, 1.6}[k]}
		for _, name := range names {
			sample, of := plots.Sample{Name: name}, forms.Whole
			if name == "softmax" {
				sample.Name, of = "softmax, hidden", forms.Hidden
			}
			for _, r := range runs[name] {
				e, err := forms.Ratio([]forms.Mixing{r}, runs["softmax"], m.Of, of, forms.Whole)
				if err != nil {
					return nil, err
				}
				sample.Values = append(sample.Values, e.Value)
			}
			strip.Samples = append(strip.Samples, sample)
		}
		if err := panel.Add(strip.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// ByDepth draws how far token states still differ by depth, means over seeds; of softmax with
// ⟨bos⟩'s key hidden, too.
func ByDepth(names []string, runs map[string][]forms.Mixing) (*plots.Figure, error) {
	lines := plots.Lines{Title: "How far token states still differ", XName: "block (0: embedding)", YName: "‖V − mean‖ / ‖V‖ without ⟨bos⟩", YMin: 0.84, YMax: 0.96, Legend: plots.LegendBelow}
	add := func(name string, list []forms.Mixing, as func(forms.Mixing) forms.Mixed) {
		s := plots.Series{Name: name}
		for l := range as(list[0]).Relative {
			sum := 0.0
			for _, r := range list {
				sum += as(r).Relative[l] / float64(len(list))
			}
			s.X, s.Y = append(s.X, float64(l)), append(s.Y, sum)
		}
		lines.Series = append(lines.Series, s)
	}
	for _, name := range names {
		add(name, runs[name], forms.Whole)
		if name == "softmax" {
			add("softmax, ⟨bos⟩ hidden", runs[name], forms.Hidden)
		}
	}
	return lines.Figure()
}

// Table is a Markdown table of figures named "form, rest": a row a form, a column a rest.
func Table(figures []claims.Figure) string {
	cells, rows, columns := map[[2]string]string{}, []string{}, []string{}
	for _, f := range figures {
		form, rest, _ := strings.Cut(f.Name, ", ")
		if !slices.Contains(rows, form) {
			rows = append(rows, form)
		}
		if !slices.Contains(columns, rest) {
			columns = append(columns, rest)
		}
		cells[[2]string{form, rest}] = f.PlusMinus("%.3g")
	}
	text := "| form | " + strings.Join(columns, " | ") + " |\n" + strings.Repeat("| --- ", len(columns)+1) + "|\n"
	for _, form := range rows {
		text += "| " + form
		for _, rest := range columns {
			text += " | " + cells[[2]string{form, rest}]
		}
		text += " |\n"
	}
	return text
}

// Rests draws all heads of all seeds of each form: how much of its attention a head lets through,
// and how much it writes of what it reads. Heads that rest stand low; where they stand to the right
// they rest on a key.
func Rests(names []string, runs map[string][]forms.Mixing) (*plots.Figure, error) {
	panel := plots.Panel{Title: "All heads of all seeds, queries 17 to 64", Columns: 3}
	for _, name := range names {
		heads := plots.Series{Points: true}
		for _, r := range runs[name] {
			for _, layer := range r.Heads {
				for _, h := range layer {
					heads.X, heads.Y = append(heads.X, h.Passed()), append(heads.Y, h.Written)
				}
			}
		}
		if err := panel.Add(plots.Lines{Title: name, XName: "row sum × gate", YName: "written / read", XMin: 0, XMax: 1.4, YMin: 0, YMax: 1, Aspect: 0.7,
			Series: []plots.Series{heads}}.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// RestTable is a Markdown table of what heads do, means over heads, then over seeds ± half of the t
// interval.
func RestTable(names []string, runs map[string][]forms.Mixing) (string, error) {
	text := "| form | row sum | gate | row sum × gate | on ⟨bos⟩ (%) | keys | written / read | silent (%) | written / stream | path product of others / softmax's |\n" + strings.Repeat("| --- ", 10) + "|\n"
	for _, name := range names {
		text += "| " + name
		for _, c := range []struct {
			format string
			of     func(forms.Head) float64
		}{
			{"%.2f", func(h forms.Head) float64 { return h.RowSum }}, {"%.2f", func(h forms.Head) float64 { return h.Gate }}, {"%.2f", forms.Head.Passed},
			{"%.1f", func(h forms.Head) float64 { return 100 * h.First }}, {"%.1f", func(h forms.Head) float64 { return h.Keys }},
			{"%.2f", func(h forms.Head) float64 { return h.Written }}, {"%.0f", func(h forms.Head) float64 { return 100 * h.Silent }},
			{"%.2f", func(h forms.Head) float64 { return h.Stream }},
		} {
			e, err := stats.Repeats(eachRun(runs[name], c.of), stats.Options{})
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			text += " | " + e.PlusMinus(c.format)
		}
		e, err := forms.Ratio(runs[name], runs["softmax"], forms.Measures()[4].Of, forms.Whole, forms.Whole)
		if err != nil {
			text += " | not defined |\n"
			continue
		}
		text += " | " + e.PlusMinus("%.2f") + " |\n"
	}
	return text, nil
}

// eachRun is the mean over heads of a number, by run.
func eachRun(runs []forms.Mixing, of func(forms.Head) float64) (x []float64) {
	for _, r := range runs {
		sum, n := 0.0, 0
		for _, layer := range r.Heads {
			for _, h := range layer {
				sum, n = sum+of(h), n+1
			}
		}
		x = append(x, sum/float64(n))
	}
	return x
}
