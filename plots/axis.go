package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

type side int

const (
	bottom side = iota
	left
	right
)

// axis is one scaled edge of a data area, with ticks, their labels, and a name.
type axis struct {
	side     side
	span     span
	inverted bool // lo is at the top (of a left axis)
	ticks    []tick
	size     vg.Length // font size of tick labels; 0 is tickSize
	upright  bool      // tick labels of a bottom axis read from bottom to top
	noMarks  bool      // labels alone, as for cells and categories
	name     string
}

// norm is the position of v along the axis, 0 at the left or bottom end.
func (a axis) norm(v float64) float64 {
	t := a.span.norm(v)
	if a.inverted {
		return 1 - t
	}
	return t
}

// pos is where v lies on paper.
func (a axis) pos(r vg.Rectangle, v float64) vg.Length {
	t := vg.Length(a.norm(v))
	if a.side == bottom {
		return r.Min.X + t*(r.Max.X-r.Min.X)
	}
	return r.Min.Y + t*(r.Max.Y-r.Min.Y)
}

func (a axis) style() textStyle {
	st := tickStyle
	if a.size > 0 {
		st.size = a.size
	}
	switch a.side {
	case bottom:
		st.xAlign, st.yAlign = 0.5, 1
		if a.upright {
			st.rotate, st.xAlign, st.yAlign = true, 1, 0.5
		}
	case left:
		st.xAlign, st.yAlign = 1, 0.5
	case right:
		st.xAlign, st.yAlign = 0, 0.5
	}
	return st
}

func (a axis) markLength() vg.Length {
	if a.noMarks {
		return 0.6
	}
	return tickLength
}

// labelDepth is how far tick labels reach away from the axis.
func (a axis) labelDepth() vg.Length {
	st, depth := a.style(), vg.Length(0)
	for _, t := range a.ticks {
		if t.label == "" {
			continue
		}
		d := st.width(t.label)
		if a.side == bottom && !a.upright {
			d = st.height(t.label) + st.size*descent
		}
		depth = max(depth, d)
	}
	return depth
}

func (a axis) nameStyle() textStyle {
	st := labelStyle
	st.xAlign, st.rotate = 0.5, a.side != bottom
	if a.side != left {
		st.yAlign = 1
	}
	return st
}

// wrapped is the axis name broken to the axis' length.
func (a axis) wrapped(length vg.Length) string {
	return labelStyle.wrap(a.name, max(length*1.1, 40))
}

// thickness is the room that the axis takes outside the data area.
func (a axis) thickness(length vg.Length) vg.Length {
	var t vg.Length
	if len(a.ticks) > 0 {
		t = a.markLength() + gapTick + a.labelDepth()
	}
	if a.name != "" {
		t += gapLabel + labelStyle.height(a.wrapped(length)) + labelSize*descent
	}
	return snapUp(t)
}

// overhang is how far tick labels and the name reach beyond the two ends of an
// axis of the given length.
func (a axis) overhang(length vg.Length) (low, high vg.Length) {
	st := a.style()
	reach := func(at, half vg.Length) {
		low, high = max(low, half-at), max(high, at+half-length)
	}
	for _, t := range a.ticks {
		if t.label == "" {
			continue
		}
		half := st.height(t.label)/2 + st.size*0.1
		if a.side == bottom && !a.upright {
			half = st.width(t.label) / 2
		}
		reach(vg.Length(a.norm(t.value))*length, half)
	}
	if a.name != "" {
		reach(length/2, labelStyle.width(a.wrapped(length))/2)
	}
	return low, high
}

func (a axis) draw(c *draw.Canvas, r vg.Rectangle) {
	st, mark := a.style(), line(frameColor, frameWidth)
	for _, t := range a.ticks {
		at, length := a.pos(r, t.value), a.markLength()
		if t.label == "" {
			length *= 0.6
		}
		var from, to, text vg.Point
		switch a.side {
		case bottom:
			from = vg.Point{X: at, Y: r.Min.Y}
			to = vg.Point{X: at, Y: r.Min.Y - length}
			text = vg.Point{X: at, Y: r.Min.Y - a.markLength() - gapTick}
		case left:
			from = vg.Point{X: r.Min.X, Y: at}
			to = vg.Point{X: r.Min.X - length, Y: at}
			text = vg.Point{X: r.Min.X - a.markLength() - gapTick, Y: at}
		case right:
			from = vg.Point{X: r.Max.X, Y: at}
			to = vg.Point{X: r.Max.X + length, Y: at}
			text = vg.Point{X: r.Max.X + a.markLength() + gapTick, Y: at}
		}
		if !a.noMarks {
			c.StrokeLine2(mark, from.X, from.Y, to.X, to.Y)
		}
		if t.label != "" {
			drawText(c, st, text, t.label)
		}
	}
	if a.name == "" {
		return
	}
	mid := r.Min.Add(r.Max).Scale(0.5)
	away := a.markLength() + gapTick + a.labelDepth() + gapLabel
	var at vg.Point
	length := r.Size().Y
	switch a.side {
	case bottom:
		at, length = vg.Point{X: mid.X, Y: r.Min.Y - away}, r.Size().X
	case left:
		at = vg.Point{X: r.Min.X - away - labelSize*descent, Y: mid.Y}
	case right:
		at = vg.Point{X: r.Max.X + away, Y: mid.Y}
	}
	drawText(c, a.nameStyle(), at, a.wrapped(length))
}

// positionTicks numbers n cells from first, about want of them: the first one,
// and multiples of a round step (a power of two from 16 on).
func positionTicks(n, first, want int) []tick {
	step := 1
	for (n+step-1)/step > max(want, 2) {
		switch {
		case step >= 8:
			step *= 2
		case step == 1:
			step = 2
		case step == 2:
			step = 4
		default:
			step = 8
		}
	}
	out := []tick{{0, number(float64(first), 0)}}
	for i := 1; i < n; i++ {
		if (i+first)%step == 0 && 4*i >= 3*step {
			out = append(out, tick{float64(i), number(float64(i+first), 0)})
		}
	}
	return out
}

// labelTicks puts a label on every cell.
func labelTicks(labels []string) []tick {
	out := make([]tick, len(labels))
	for i, l := range labels {
		out[i] = tick{float64(i), l}
	}
	return out
}

// cellSpan is the axis of n cells, whose centres are at 0…n−1.
func cellSpan(n int) span { return span{lo: -0.5, hi: float64(n) - 0.5} }

// padded returns s with room at both ends, as a share of its length.
func (s span) padded(share float64) span {
	lo, hi := s.scale.forward(s.lo), s.scale.forward(s.hi)
	d := (hi - lo) * share
	return span{s.scale, s.scale.inverse(lo - d), s.scale.inverse(hi + d)}
}

// cover extends s to v where v has a place on the scale.
func (s *span) cover(v float64) {
	if s.scale.shows(v) {
		s.lo, s.hi = math.Min(s.lo, v), math.Max(s.hi, v)
	}
}
