package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// axes is a data area with an x and a y axis: the node of every single figure.
type axes struct {
	title  string
	x, y   axis
	aspect float64 // height / width of the data area
	cells  *cells  // the data area is made of cells, and sized to whole pixels
	ticks  func(a *axes, w, h vg.Length)
	layers []layer // drawn in order, clipped to the data area
	grid   bool    // light lines at labelled ticks of both axes
	bar    *colorBar
	legend legend
	note   string
	small  bool      // a panel of a grid: smaller title
	refs   []refLine // under the layers, their labels over them
}

// layer is something drawn in the data area.
type layer interface {
	draw(c *draw.Canvas, t transform)
}

// obstacle is a layer that a legend must not cover.
type obstacle interface {
	// marks calls yield with points on the layer's ink, densely enough that a
	// legend cannot slip between them.
	marks(t transform, yield func(vg.Point))
}

// transform maps data to paper.
type transform struct {
	x, y axis
	area vg.Rectangle
}

func (t transform) X(v float64) vg.Length { return t.x.pos(t.area, v) }
func (t transform) Y(v float64) vg.Length { return t.y.pos(t.area, v) }

func (t transform) point(x, y float64) vg.Point { return vg.Point{X: t.X(x), Y: t.Y(y)} }

// resolved returns a with its ticks chosen for a data area of that size.
func (a axes) resolved(w, h vg.Length) axes {
	if a.ticks != nil {
		a.ticks(&a, w, h)
	}
	return a
}

func (a axes) stretches() bool { return a.cells == nil }

func (a axes) fit(w vg.Length) (vg.Length, vg.Length) {
	if a.cells != nil {
		return a.cells.fit(w, a.aspect)
	}
	w = snapDown(w)
	return w, snapDown(w * vg.Length(a.aspect))
}

func (a axes) margins(w, h vg.Length) margins {
	a = a.resolved(w, h)
	var m margins
	var low, high vg.Length
	m.bottom, m.left = a.x.thickness(w), a.y.thickness(h)
	low, high = a.x.overhang(w)
	m.left, m.right = max(m.left, low), max(high, a.refsBeside(w, h))
	low, high = a.y.overhang(h)
	m.bottom, m.top = max(m.bottom, low), a.refsAbove()
	if a.bar != nil {
		m.right = max(m.right, a.bar.width(h))
	}
	if below := a.legendBelow(w, h); below > 0 {
		m.bottom += below
	}
	m.right += a.legend.beside()
	if a.note != "" {
		m.bottom += noteGap + noteStyle.height(noteStyle.wrap(a.note, m.left+w+m.right)) + noteSize*descent
	}
	if a.title != "" {
		st := a.titleStyle()
		m.top += a.titleGap() + st.height(a.wrappedTitle(w, m.right)) + 0.2*st.size
	}
	m.top = max(m.top, high)
	return m.snap()
}

const noteGap = 5

func (a axes) titleStyle() textStyle {
	st := titleStyle
	if a.small {
		st.size, st.bold = tickSize, false
	}
	return st
}

func (a axes) titleGap() vg.Length {
	if a.small {
		return 2.5
	}
	return gapTitle
}

func (a axes) wrappedTitle(w, right vg.Length) string { return a.titleStyle().wrap(a.title, w+right) }

// legendBelow is the height of the legend under the axis; 0 if it is elsewhere.
func (a axes) legendBelow(w, h vg.Length) vg.Length {
	if len(a.legend.entries) == 0 || a.legend.place == LegendRight {
		return 0
	}
	if a.legend.place == LegendInside {
		if _, ok := a.legendCorner(rect(0, 0, w, h)); ok {
			return 0
		}
	}
	return a.legend.rowsHeight(w) + noteGap
}

// legendCorner is where in the data area the legend covers nothing.
func (a axes) legendCorner(area vg.Rectangle) (vg.Rectangle, bool) {
	marks := a.inkMarks(area)
	for _, spot := range a.refSpots(area) {
		along([]vg.Point{spot.Min, {X: spot.Max.X, Y: spot.Min.Y}}, func(p vg.Point) { marks = append(marks, p) })
		along([]vg.Point{{X: spot.Min.X, Y: spot.Max.Y}, spot.Max}, func(p vg.Point) { marks = append(marks, p) })
	}
	return a.legend.emptiest(area, marks)
}

// inkMarks are points on everything that a label or legend must not cover.
func (a axes) inkMarks(area vg.Rectangle) []vg.Point {
	var marks []vg.Point
	t := transform{a.x, a.y, area}
	add := func(p vg.Point) { marks = append(marks, p) }
	for _, l := range a.layers {
		if o, ok := l.(obstacle); ok {
			o.marks(t, add)
		}
	}
	for _, r := range a.refs {
		r.marks(t, add)
	}
	return marks
}

func (a axes) draw(c *draw.Canvas, data vg.Rectangle) {
	w, h := data.Size().X, data.Size().Y
	m := a.margins(w, h)
	a = a.resolved(w, h)
	t := transform{a.x, a.y, data}
	if a.grid {
		a.drawGrid(c, t)
	}
	strokeFrame(c, data)
	inside := within(c, data)
	for _, r := range a.refs {
		r.draw(inside, t)
	}
	for _, l := range a.layers {
		l.draw(inside, t)
	}
	a.drawRefLabels(c, t)
	a.x.draw(c, data)
	a.y.draw(c, data)
	if a.bar != nil {
		a.bar.draw(c, data)
	}
	a.drawLegend(c, data, data.Max.X+m.right-a.legend.beside())
	if a.note != "" {
		drawText(c, noteStyle, vg.Point{X: data.Min.X - m.left, Y: data.Min.Y - m.bottom + noteSize*descent},
			noteStyle.wrap(a.note, m.left+w+m.right))
	}
	if a.title != "" {
		drawText(c, a.titleStyle(), vg.Point{X: data.Min.X, Y: data.Max.Y + a.refsAbove() + a.titleGap()}, a.wrappedTitle(w, m.right))
	}
}

func (a axes) drawGrid(c *draw.Canvas, t transform) {
	st := line(gridColor, 0.5)
	for _, k := range a.x.ticks {
		if k.label != "" && !a.x.noMarks {
			c.StrokeLine2(st, t.X(k.value), t.area.Min.Y, t.X(k.value), t.area.Max.Y)
		}
	}
	for _, k := range a.y.ticks {
		if k.label != "" && !a.y.noMarks {
			c.StrokeLine2(st, t.area.Min.X, t.Y(k.value), t.area.Max.X, t.Y(k.value))
		}
	}
}

func (a axes) drawLegend(c *draw.Canvas, data vg.Rectangle, right vg.Length) {
	switch {
	case len(a.legend.entries) == 0:
	case a.legend.place == LegendRight:
		a.legend.drawColumn(c, vg.Point{X: right + legendGap, Y: data.Max.Y - 1})
	default:
		if a.legend.place == LegendInside {
			if r, ok := a.legendCorner(data); ok {
				a.legend.drawBox(c, r)
				return
			}
		}
		top := data.Min.Y - a.x.thickness(data.Size().X) - noteGap
		a.legend.drawRows(c, vg.Point{X: data.Min.X, Y: top}, data.Size().X)
	}
}
