package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve is one series as a layer.
type curve struct {
	name         string
	x, y, lo, hi []float64
	color        color.RGBA
	dash         []vg.Length
	marker       func(vg.Point, vg.Length) vg.Path
	width        vg.Length
	offset       vg.Length // of the first of sparse markers, as a share of their distance
	points       bool      // no line
}

// Up to markedPoints points have a marker each; longer series have one every
// markerDistance, to be told apart in greyscale.
const (
	markedPoints   = 25
	markerDistance = 40
)

// runs calls yield with every stretch of points between gaps, or with each point that no line
// joins.
func (c curve) runs(t transform, yield func([]vg.Point)) {
	var run []vg.Point
	for i := range c.y {
		if math.IsNaN(c.y[i]) || c.points && len(run) > 0 {
			yield(run)
			run = nil
		}
		if !math.IsNaN(c.y[i]) {
			run = append(run, t.point(c.x[i], c.y[i]))
		}
	}
	yield(run)
}

func (c curve) draw(canvas *draw.Canvas, t transform) {
	next := t.area.Min.X + markerDistance*(0.3+c.offset)
	c.runs(t, func(run []vg.Point) {
		canvas.StrokeLines(draw.LineStyle{Color: c.color, Width: c.width, Dashes: c.dash}, canvas.ClipLinesXY(run)...)
		for _, p := range run {
			if !canvas.Contains(p) || len(c.y) > markedPoints && len(run) > 1 && p.X < next {
				continue
			}
			c.mark(canvas, p)
			for next <= p.X {
				next += markerDistance
			}
		}
	})
}

func (c curve) marks(t transform, yield func(vg.Point)) {
	c.runs(t, func(run []vg.Point) { along(run, yield) })
	if c.lo == nil {
		return
	}
	for i := range c.y {
		if !math.IsNaN(c.y[i]) && t.x.span.scale.shows(c.x[i]) && t.y.span.scale.shows(c.lo[i]) && t.y.span.scale.shows(c.hi[i]) {
			along([]vg.Point{t.point(c.x[i], c.lo[i]), t.point(c.x[i], c.hi[i])}, yield)
		}
	}
}

// along yields points on a polyline no more than 4 pt apart.
func along(line []vg.Point, yield func(vg.Point)) {
	for i, p := range line {
		yield(p)
		if i == 0 {
			continue
		}
		d := p.Sub(line[i-1])
		n := int(math.Min(200, math.Hypot(float64(d.X), float64(d.Y))/4))
		for k := 1; k <= n; k++ {
			yield(line[i-1].Add(d.Scale(vg.Length(k) / vg.Length(n+1))))
		}
	}
}

// sample draws the curve's key.
func (c curve) sample(canvas *draw.Canvas, r vg.Rectangle) {
	y := (r.Min.Y + r.Max.Y) / 2
	if c.lo != nil {
		fillRect(canvas, c.tint(), rect(r.Min.X, y-2.6, r.Size().X, 5.2))
	}
	if !c.points {
		canvas.StrokeLine2(draw.LineStyle{Color: c.color, Width: max(c.width, 1), Dashes: c.dash}, r.Min.X, y, r.Max.X, y)
	}
	c.mark(canvas, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: y})
}

func (c curve) mark(canvas *draw.Canvas, p vg.Point) {
	if c.marker != nil {
		drawMarker(canvas, c.marker, c.color, p)
	}
}

func (c curve) tint() color.Color { return color.NRGBA{c.color.R, c.color.G, c.color.B, 0x38} }

// band is the area between Lo and Hi.
type band struct{ of curve }

func (b band) draw(c *draw.Canvas, t transform) {
	of := b.of
	var upper, lower []vg.Point
	flush := func() {
		slices.Reverse(lower)
		if area := append(upper, lower...); len(area) > 2 {
			c.FillPolygon(of.tint(), c.ClipPolygonXY(area))
		}
		upper, lower = nil, nil
	}
	for i := range of.lo {
		shows := t.y.span.scale.shows
		if math.IsNaN(of.y[i]) || !finite(of.lo[i]) || !shows(of.hi[i]) {
			flush()
			continue
		}
		low := of.lo[i]
		if !shows(low) { // a band that reaches 0 reaches the end of a log axis
			low = t.y.span.lo
		}
		upper = append(upper, t.point(of.x[i], of.hi[i]))
		lower = append(lower, t.point(of.x[i], low))
	}
	flush()
}
