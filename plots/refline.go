package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// refLine is a dashed line across the data area. The label of a vertical one is
// above the data area; that of a horizontal one is on the line where it covers
// no data, or else right of the data area.
type refLine struct {
	RefLine
	vertical bool
}

func refLines(horizontal, vertical []RefLine) []refLine {
	var out []refLine
	for _, r := range horizontal {
		out = append(out, refLine{RefLine: r})
	}
	for _, r := range vertical {
		out = append(out, refLine{RefLine: r, vertical: true})
	}
	return out
}

var refStyle = textStyle{size: tickSize, color: refColor}

// ends are the line's end points.
func (r refLine) ends(t transform) []vg.Point {
	if r.vertical {
		x := t.X(r.At)
		return []vg.Point{{X: x, Y: t.area.Min.Y}, {X: x, Y: t.area.Max.Y}}
	}
	y := t.Y(r.At)
	return []vg.Point{{X: t.area.Min.X, Y: y}, {X: t.area.Max.X, Y: y}}
}

// visible reports whether the line lies within the axes.
func (r refLine) visible(t transform) bool {
	at := t.y.norm(r.At)
	if r.vertical {
		at = t.x.norm(r.At)
	}
	return at >= 0 && at <= 1
}

func (r refLine) draw(c *draw.Canvas, t transform) {
	if r.visible(t) {
		c.StrokeLines(line(refColor, refWidth, 3, 2), r.ends(t))
	}
}

func (r refLine) marks(t transform, yield func(vg.Point)) {
	if r.visible(t) {
		along(r.ends(t), yield)
	}
}

// refSpots are the places of horizontal lines' labels inside the data area, by
// the lines' numbers; lines without a free place are left out.
func (a axes) refSpots(area vg.Rectangle) map[int]vg.Rectangle {
	spots := map[int]vg.Rectangle{}
	t := transform{a.x, a.y, area}
	var marks []vg.Point
	for i, r := range a.refs {
		if r.vertical || r.Label == "" || !r.visible(t) {
			continue
		}
		if marks == nil {
			marks = a.inkMarks(area)
		}
		const inset, off = 3, 2.2
		w, h := refStyle.width(r.Label), refStyle.size*capHeight
		room := area.Size().X - w - 2*inset
		var places []vg.Rectangle
		for _, y := range []vg.Length{t.Y(r.At) + off, t.Y(r.At) - off - h} {
			for _, fx := range []vg.Length{1, 0, 0.5, 0.75, 0.25} {
				if room > 0 && y > area.Min.Y+1 && y+h < area.Max.Y-1 {
					places = append(places, rect(area.Min.X+inset+fx*room, y, w, h))
				}
			}
		}
		if spot, ok := farthest(places, marks); ok {
			spots[i] = spot
		}
	}
	return spots
}

// refsAbove is the room over the data area for labels of vertical lines.
func (a axes) refsAbove() vg.Length {
	for _, r := range a.refs {
		if r.vertical && r.Label != "" {
			return tickSize * leading
		}
	}
	return 0
}

const besideGap = 3

// refsBeside is the room right of a data area for labels of horizontal lines
// that have no place inside.
func (a axes) refsBeside(w, h vg.Length) vg.Length {
	var room vg.Length
	area := rect(0, 0, w, h)
	spots := a.refSpots(area)
	for i, r := range a.refs {
		if _, inside := spots[i]; !inside && !r.vertical && r.Label != "" && r.visible(transform{a.x, a.y, area}) {
			room = max(room, besideGap+refStyle.width(r.Label))
		}
	}
	return room
}

func (a axes) drawRefLabels(c *draw.Canvas, t transform) {
	spots := a.refSpots(t.area)
	for i, r := range a.refs {
		if r.Label == "" || !r.visible(t) {
			continue
		}
		st := refStyle
		if spot, ok := spots[i]; ok {
			drawText(c, st, spot.Min, r.Label)
		} else if r.vertical {
			half := st.width(r.Label) / 2
			st.xAlign = 0.5
			// Kept within the width of the data area.
			x := min(max(t.X(r.At), t.area.Min.X+half), t.area.Max.X-half)
			drawText(c, st, vg.Point{X: x, Y: t.area.Max.Y + 2.2}, r.Label)
		} else {
			st.yAlign = 0.5
			drawText(c, st, vg.Point{X: t.area.Max.X + besideGap, Y: t.Y(r.At)}, r.Label)
		}
	}
}
