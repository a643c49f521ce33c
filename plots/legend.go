package plots

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// LegendPlace says where a figure's legend goes.
type LegendPlace int

const (
	// LegendInside takes the spot at the edge of the data area that is farthest
	// from all data; if every spot would cover some, the legend goes below.
	LegendInside LegendPlace = iota
	LegendBelow
	LegendRight
	LegendNone
)

func (p LegendPlace) validate() error {
	if p < LegendInside || p > LegendNone {
		return fmt.Errorf("unknown legend place %d; use LegendInside, LegendBelow, LegendRight or LegendNone", int(p))
	}
	return nil
}

type legend struct {
	place   LegendPlace
	entries []legendEntry
}

type legendEntry struct {
	name   string
	sample func(c *draw.Canvas, r vg.Rectangle) // draws the key into r
}

func (l *legend) add(name string, sample func(c *draw.Canvas, r vg.Rectangle)) {
	if name != "" && l.place != LegendNone {
		l.entries = append(l.entries, legendEntry{name, sample})
	}
}

const (
	sampleWidth = 17
	sampleGap   = 3.5
	legendGap   = 8
	rowHeight   = tickSize * 1.42
	boxPad      = 3.5
)

func (e legendEntry) width() vg.Length { return sampleWidth + sampleGap + tickStyle.width(e.name) }

func (e legendEntry) draw(c *draw.Canvas, x, top vg.Length) {
	e.sample(c, rect(x, top-rowHeight, sampleWidth, rowHeight))
	st := tickStyle
	st.yAlign = 0.5
	drawText(c, st, vg.Point{X: x + sampleWidth + sampleGap, Y: top - rowHeight/2}, e.name)
}

// columnSize is the size of the entries below one another.
func (l legend) columnSize() (w, h vg.Length) {
	for _, e := range l.entries {
		w = max(w, e.width())
	}
	return w, rowHeight * vg.Length(len(l.entries))
}

// beside is the width of a legend right of the data area.
func (l legend) beside() vg.Length {
	if l.place != LegendRight || len(l.entries) == 0 {
		return 0
	}
	w, _ := l.columnSize()
	return legendGap + w
}

func (l legend) drawColumn(c *draw.Canvas, topLeft vg.Point) {
	for i, e := range l.entries {
		e.draw(c, topLeft.X, topLeft.Y-vg.Length(i)*rowHeight)
	}
}

// rows places the entries like words of a text w wide, and returns how many
// rows that makes.
func (l legend) rows(w vg.Length, place func(e legendEntry, x vg.Length, row int)) int {
	x, row := vg.Length(0), 0
	for _, e := range l.entries {
		if x > 0 && x+e.width() > w {
			x, row = 0, row+1
		}
		place(e, x, row)
		x += e.width() + 10
	}
	return row + 1
}

func (l legend) rowsHeight(w vg.Length) vg.Length {
	return rowHeight * vg.Length(l.rows(w, func(legendEntry, vg.Length, int) {}))
}

func (l legend) drawRows(c *draw.Canvas, topLeft vg.Point, w vg.Length) {
	l.rows(w, func(e legendEntry, x vg.Length, row int) {
		e.draw(c, topLeft.X+x, topLeft.Y-vg.Length(row)*rowHeight)
	})
}

// emptiest returns the place in area, of 15 along its edges and middle lines,
// whose nearest mark is farthest; false if each has a mark in it.
func (l legend) emptiest(area vg.Rectangle, marks []vg.Point) (vg.Rectangle, bool) {
	w, h := l.columnSize()
	w, h = w+2*boxPad, h+2*boxPad
	const inset = 3
	room := area.Size().Sub(vg.Point{X: w + 2*inset, Y: h + 2*inset})
	if room.X < 0 || room.Y < 0 {
		return vg.Rectangle{}, false
	}
	var places []vg.Rectangle
	// In order of preference, which decides between equals: top right first.
	for _, fy := range []vg.Length{1, 0, 0.5} {
		for _, fx := range []vg.Length{1, 0, 0.5, 0.75, 0.25} {
			places = append(places, rect(area.Min.X+inset+fx*room.X, area.Min.Y+inset+fy*room.Y, w, h))
		}
	}
	return farthest(places, marks)
}

// farthest returns the place whose nearest mark is farthest; false if each has
// a mark in it or as good as.
func farthest(places []vg.Rectangle, marks []vg.Point) (best vg.Rectangle, ok bool) {
	bestGap := vg.Length(1)
	for _, r := range places {
		gap := vg.Length(12) // farther than that is no better
		for _, p := range marks {
			gap = min(gap, max(r.Min.X-p.X, p.X-r.Max.X, r.Min.Y-p.Y, p.Y-r.Max.Y))
		}
		if gap > bestGap {
			best, bestGap, ok = r, gap, true
		}
	}
	return best, ok
}

func (l legend) drawBox(c *draw.Canvas, r vg.Rectangle) {
	fillRect(c, color.White, r)
	strokeRect(c, gridColor, 0.5, r)
	l.drawColumn(c, vg.Point{X: r.Min.X + boxPad, Y: r.Max.Y - boxPad})
}
