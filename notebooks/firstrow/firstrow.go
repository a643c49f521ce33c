// Package firstrow draws what notebook 16 measures: sentence embeddings with and without Token
// Prepending (package sinks/prepend), and token erasure (sinks/erasure), models side by side.
package firstrow

import (
	"fmt"

	"firsttoken/sinks/stats"
)

// In inches: columnWidth is that of one of two figures side by side, panelWidth that of both as they
// are shown.
const columnWidth, panelWidth = 5.2, 4.9

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
