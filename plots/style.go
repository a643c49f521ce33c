package plots

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figure widths in inches, as two-column papers print them.
const (
	ColumnWidth = 3.3 // one column
	PageWidth   = 6.9 // the full text width
)

// DPI is the resolution of PNG output, in dots per inch: a figure of
// [ColumnWidth] is 528 pixels wide, one of [PageWidth] 1104.
const DPI = 160

// px is one device pixel of PNG output. Layout is in whole multiples of it, so
// that cells and frames fall on the pixel grid.
const px = vg.Inch / DPI

// Sizes of everything that figures share; lengths in points.
const (
	titleSize  vg.Length = 8.5
	labelSize  vg.Length = 8
	tickSize   vg.Length = 7
	noteSize   vg.Length = 6.5
	letterSize vg.Length = 9
	leading              = 1.22 // line distance / font size

	frameWidth = px // drawn just outside the data area, so that no cell is covered
	tickLength = 2.6
	lineWidth  = 1.3
	thinWidth  = 0.7 // lines of more than manyPoints points
	refWidth   = 0.8
	errWidth   = 0.8
	markRadius = 2.3

	gapTick   = 1.8 // tick to its label
	gapLabel  = 3.5 // tick labels to the axis name
	gapTitle  = 4.5 // title to the data area
	gapBar    = 6   // data area to the colour bar
	barWidth  = 7.2 // of the colour bar
	gapPanel  = 11  // between the panels of a figure
	figurePad = 3   // around a figure

	manyPoints = 400
)

var (
	inkColor     = color.RGBA{0x1A, 0x1A, 0x1A, 0xFF}
	frameColor   = color.RGBA{0x4D, 0x4D, 0x4D, 0xFF}
	noteColor    = color.RGBA{0x59, 0x59, 0x59, 0xFF}
	gridColor    = color.RGBA{0xE8, 0xE8, 0xE8, 0xFF}
	refColor     = color.RGBA{0x59, 0x59, 0x59, 0xFF}
	missingColor = color.RGBA{0xB3, 0xB3, 0xB3, 0xFF} // NaN and ±Inf
	futureColor  = color.RGBA{0xF1, 0xF1, 0xF1, 0xFF} // keys that a causal query cannot see
)

// dashes are told apart at any line width that figures use; the first is solid.
var dashes = [][]vg.Length{nil, {5, 2}, {1.2, 1.6}, {6, 1.6, 1.2, 1.6}, {3, 1.4}, {8, 2, 1.2, 2, 1.2, 2}}

func line(c color.Color, width vg.Length, dash ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: dash}
}
