package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// refLine is a dashed line across the data area. The label of a vertical one is
// above the data area, that of a horizontal one inside, over the line's right end.
type refLine struct {
	RefLine
	vertical bool
}

var refStyle = textStyle{size: tickSize, color: refColor}

// refRoom is the height above the data area that labels of vertical lines need.
func refRoom(lines []RefLine) vg.Length {
	for _, r := range lines {
		if r.Label != "" {
			return tickSize * leading
		}
	}
	return 0
}

func (r refLine) draw(c *draw.Canvas, t transform) {
	if at := t.axis(r.vertical).norm(r.At); at < 0 || at > 1 {
		return
	}
	st, text := line(refColor, refWidth, 3, 2), refStyle
	if r.vertical {
		x := t.X(r.At)
		c.StrokeLine2(st, x, t.area.Min.Y, x, t.area.Max.Y)
		// Kept within the data area's width.
		half := text.width(r.Label) / 2
		text.xAlign = 0.5
		drawText(c, text, vg.Point{X: min(max(x, t.area.Min.X+half), t.area.Max.X-half), Y: t.area.Max.Y + 2.2}, r.Label)
		return
	}
	y := t.Y(r.At)
	c.StrokeLine2(st, t.area.Min.X, y, t.area.Max.X, y)
	if r.Label != "" {
		p, align := r.labelPoint(t)
		text.xAlign, text.yAlign = align, 0
		drawBoxed(c, text, p, r.Label)
	}
}

// labelPoint is where a horizontal line's label stands.
func (r refLine) labelPoint(t transform) (vg.Point, float64) {
	y := t.Y(r.At) + 2.4
	if y+tickSize > t.area.Max.Y {
		y = t.Y(r.At) - 2.4 - tickSize*capHeight
	}
	return vg.Point{X: t.area.Max.X - 3, Y: y}, 1
}

func (r refLine) marks(t transform, yield func(vg.Point)) {
	if at := t.axis(r.vertical).norm(r.At); at < 0 || at > 1 {
		return
	}
	if r.vertical {
		x := t.X(r.At)
		along([]vg.Point{{X: x, Y: t.area.Min.Y}, {X: x, Y: t.area.Max.Y}}, yield)
		return
	}
	y := t.Y(r.At)
	along([]vg.Point{{X: t.area.Min.X, Y: y}, {X: t.area.Max.X, Y: y}}, yield)
	p, _ := r.labelPoint(t)
	w := refStyle.width(r.Label)
	for _, dy := range []vg.Length{0, tickSize * capHeight} {
		along([]vg.Point{{X: p.X - w, Y: p.Y + dy}, {X: p.X, Y: p.Y + dy}}, yield)
	}
}

func (t transform) axis(x bool) axis {
	if x {
		return t.x
	}
	return t.y
}
