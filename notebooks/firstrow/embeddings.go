package firstrow

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks/prepend"
	"firsttoken/sinks/stats"
)

// Embedded is what came of one model's sentence embeddings.
type Embedded struct {
	Name string
	*prepend.Outcome
}

// Blocks draws, for the choosing frames, the agreement with grades by block.
func Blocks(models ...Embedded) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Cosines against grades, the frames that choose", Columns: len(models), Width: panelWidth}
	for _, m := range models {
		at := slices.Index(m.Untils, m.Until)
		lines := plots.Lines{Title: m.Name, XName: "block", YName: "Spearman × 100", Width: columnWidth, Aspect: 0.75, YMin: -60, YMax: 60, Legend: plots.LegendBelow}
		for _, s := range []plots.Series{
			{Name: "prompt alone", Y: m.Alone}, {Name: "placeholder, nothing copied", Y: m.Held},
			{Name: fmt.Sprintf("Token Prepending, to block %d", m.Until), Y: m.Copied[at]},
		} {
			s.Y = s.Y[1:]
			lines.Series = append(lines.Series, s)
		}
		if err := panel.Add(lines.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Kinds is a table of the cosines of the judging pairs by kind, less those of pairs of different
// frames, × 1000.
func Kinds(models ...Embedded) (string, error) {
	head := "kind (grade)"
	for _, m := range models {
		head += fmt.Sprintf(" | %s: prompt alone | Token Prepending", m.Name)
	}
	var rows []string
	for _, k := range prepend.Kinds()[:len(prepend.Kinds())-1] {
		row := fmt.Sprintf("%s (%g)", k, k.Grade())
		for _, m := range models {
			for _, condition := range []string{prepend.Alone, prepend.Copied} {
				by := map[prepend.Kind][]float64{}
				for i, p := range m.Pairs {
					by[p.Kind] = append(by[p.Kind], 1000*m.Cosines[condition][i])
				}
				e, err := stats.Paired(by[k], by[prepend.Random], stats.DefaultOptions())
				if err != nil {
					return "", fmt.Errorf("%s: %w", m.Name, err)
				}
				row += " | " + cell(e)
			}
		}
		rows = append(rows, row)
	}
	return tables.Markdown(head, rows), nil
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
	return tables.Markdown(head, rows), nil
}

// Rates is a table of sink rates in % by the last block whose input is copied to, means over
// sentences.
func Rates(m Embedded) string {
	rows := []string{fmt.Sprintf("nothing copied | %.1f | | ", stat.Mean(m.Sink.Alone, nil))}
	for i, until := range m.Untils {
		rows = append(rows, fmt.Sprintf("%d | %.1f | %.1f | %.1f", until, stat.Mean(m.Sink.Inside[i], nil), stat.Mean(m.Sink.Itself[i], nil), stat.Mean(m.Sink.First[i], nil)))
	}
	return tables.Markdown(m.Name+": copied until block | to the placeholder: sinks at row 1 (%) | sinks at the placeholder | to row 1: sinks there", rows)
}
