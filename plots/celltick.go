package plots

import (
	"gonum.org/v1/plot/vg"
)

const (
	labelledCells = 48   // the longest axis on which every cell has a label
	minLabelSize  = 5.0  // of a label that can still be read
	naturalPixels = 400  // of a data area that makes a figure of ColumnWidth
	maxPixels     = 930  // of a data area that fits PageWidth
	labelPixels   = 15.0 // of a cell with a label of comfortable size
)

// naturalWidth is the data area that n columns of cells have unless told.
func naturalWidth(n int, labelled bool) vg.Length {
	cell := max(1, (naturalPixels+n/2)/n)
	if labelled && n <= labelledCells {
		cell = max(cell, labelPixels)
	}
	return px * vg.Length(min(cell*n, max(maxPixels, maxPixels/n*n)))
}

// tokenLabels is what an axis shows: its own tokens, or those of both axes.
func tokenLabels(own, both []string) []string {
	if own == nil {
		own = both
	}
	var out []string
	for _, t := range own {
		out = append(out, TokenLabel(t))
	}
	return out
}

// cellTicks labels n cells along an axis of the given length: with tokens where
// these can be read, else with the number of the position; what names the axis
// unless it has a name.
func cellTicks(a *axis, what string, tokens []string, n, first int, length vg.Length) {
	cell := length / vg.Length(n)
	size := min(tickSize, cell*0.92)
	if len(tokens) > 0 && n <= labelledCells && size >= minLabelSize {
		a.ticks, a.size, a.upright, a.noMarks = labelTicks(tokens), size, a.side == bottom, true
		if a.name == "" {
			a.name = what + " token"
		}
		return
	}
	widest := tickStyle.width(number(float64(first+n-1), 0)) + 5
	if a.side != bottom {
		widest = tickSize * 2
	}
	a.ticks = positionTicks(n, first, max(2, min(int(length/widest), 9)))
	if a.name == "" {
		a.name = what + " position"
	}
}
