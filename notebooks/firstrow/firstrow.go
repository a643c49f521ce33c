// Package firstrow draws what notebook 16 measures: sentence embeddings with and without Token
// Prepending (package sinks/prepend), and token erasure (sinks/erasure), models side by side.
package firstrow

import (
	"fmt"
	"strings"

	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// In inches: columnWidth is that of one of two figures side by side, panelWidth that of both as they
// are shown.
const columnWidth, panelWidth = 5.2, 4.9

// panel puts figures in two columns, one for each model, row by row.
func panel(title string, columns int, figures ...func() (*plots.Figure, error)) (*plots.Figure, error) {
	p := plots.Panel{Title: title, Columns: columns, Width: panelWidth}
	for _, of := range figures {
		f, err := of()
		if err != nil {
			return nil, err
		}
		p.Figures = append(p.Figures, f)
	}
	return p.Figure()
}

// table is Markdown, of a head and rows whose cells are separated by " | ".
func table(head string, rows []string) string {
	text := "| " + head + " |\n|" + strings.Repeat(" --- |", strings.Count(head, " | ")+1) + "\n"
	for _, row := range rows {
		text += "| " + row + " |\n"
	}
	return text
}

// floats are whole numbers as an axis takes them.
func floats(list []int) (out []float64) {
	for _, v := range list {
		out = append(out, float64(v))
	}
	return out
}

// cell is an estimate in a table.
func cell(e stats.Estimate) string { return fmt.Sprintf("%.1f [%s]", e.Value, ends(e)) }

func ends(e stats.Estimate) string {
	lo, hi := e.Ends()
	return fmt.Sprintf("%.1f, %.1f", lo, hi)
}
