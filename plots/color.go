package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// decades is the range of a Log colour scale that finds its own lower end.
// Softmax weights reach 1e-30; what lies four decades below the largest value
// is nothing that a reader should see structure in.
const decades = 4

// coloring maps values to colours.
type coloring struct {
	span
	colors      Colormap
	below, over bool // whether data lie outside the span
}

func (m coloring) at(v float64) color.RGBA {
	switch {
	case !finite(v):
		return missingColor
	case !m.scale.shows(v):
		return m.colors.At(0)
	}
	return m.colors.At(m.norm(v))
}

// colorOptions is what figures with a colour bar let users choose.
type colorOptions struct {
	scale    Scale
	min, max float64
	colors   Colormap
}

func (o colorOptions) validate() error {
	if err := o.scale.validate(); err != nil {
		return err
	}
	if o.min > o.max || o.min == o.max && o.min != 0 || !finite(o.min) || !finite(o.max) {
		return fmt.Errorf("colour range [%g, %g] is not a range; Min must be below Max, or both 0 for the data's own", o.min, o.max)
	}
	if o.min != o.max && o.scale != Linear && !(o.min > 0 || o.scale == Sqrt && o.min == 0) {
		return fmt.Errorf("colour range [%g, %g] on a %v scale; Min must be positive", o.min, o.max, o.scale)
	}
	return nil
}

// resolve chooses the colour range for values: the options' own; else the
// values' smallest and largest; on a Log scale at most four decades.
func (o colorOptions) resolve(values func(yield func(float64) bool)) coloring {
	m := coloring{span: span{scale: o.scale, lo: math.Inf(1), hi: math.Inf(-1)}, colors: o.colors}
	if m.colors.table == nil {
		m.colors = Viridis
	}
	smallest, largest := math.Inf(1), math.Inf(-1)
	for v := range values {
		if !finite(v) {
			continue
		}
		smallest, largest = math.Min(smallest, v), math.Max(largest, v)
		if o.scale.shows(v) {
			m.lo, m.hi = math.Min(m.lo, v), math.Max(m.hi, v)
		}
	}
	if o.min < o.max {
		m.lo, m.hi = o.min, o.max
	} else {
		if m.lo > m.hi { // nothing to show: any range will do
			m.lo, m.hi = 0.1, 1
		}
		if o.scale == Log || o.scale == Log2 {
			m.lo = math.Max(m.lo, m.hi*math.Pow(10, -decades))
		}
		m.span = m.opened()
	}
	m.below, m.over = smallest < m.lo, largest > m.hi
	return m
}

// colorBar is the key of a coloring, drawn right of a data area.
type colorBar struct {
	coloring
	name string
}

const maxBarHeight = 190

func (b *colorBar) axis(height vg.Length) axis {
	a := axis{side: right, span: b.span, name: b.name, ticks: b.ticks(max(2, int(height/26)))}
	// The label at an end that data lie beyond says so.
	if b.below {
		a.ticks = replaceTick(a.ticks, b.span, b.lo, "≤ ", 0.04)
	}
	if b.over {
		a.ticks = replaceTick(a.ticks, b.span, b.hi, "≥ ", 0.04)
	}
	return a
}

// replaceTick puts a tick at the end value v, in place of those next to it.
func replaceTick(ticks []tick, s span, v float64, prefix string, near float64) []tick {
	label := ""
	var kept []tick
	for _, t := range ticks {
		if math.Abs(s.norm(t.value)-s.norm(v)) > near {
			kept = append(kept, t)
		} else if t.label != "" && math.Abs(t.value-v) <= 1e-9*math.Abs(v) {
			label = t.label
		}
	}
	if label == "" {
		label = short(v)
	}
	return append(kept, tick{v, prefix + label})
}

// short writes v with two significant digits.
func short(v float64) string {
	if v == 0 {
		return "0"
	}
	e := int(math.Floor(math.Log10(math.Abs(v)) + 1e-9))
	s := number(v, max(0, 1-e))
	if strings.Contains(s, ".") && !strings.Contains(s, "×") {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "0"), ".")
	}
	return s
}

// barHeight leaves tall figures with a bar that can be read at a glance.
func barHeight(dataH vg.Length) vg.Length { return snapDown(min(dataH, maxBarHeight)) }

// width is the room that the bar takes right of a data area of that height.
func (b *colorBar) width(dataH vg.Length) vg.Length {
	a := b.axis(barHeight(dataH))
	return snapUp(gapBar) + snapUp(barWidth) + a.thickness(barHeight(dataH))
}

func (b *colorBar) rect(data vg.Rectangle) vg.Rectangle {
	h := barHeight(data.Size().Y)
	return rect(data.Max.X+snapUp(gapBar), data.Max.Y-h, snapUp(barWidth), h)
}

func (b *colorBar) draw(c *draw.Canvas, data vg.Rectangle) {
	r := b.rect(data)
	const n = 256
	img := image.NewRGBA(image.Rect(0, 0, 1, n))
	for i := range n {
		img.SetRGBA(0, i, b.colors.At((n-1-float64(i))/(n-1)))
	}
	c.DrawImage(r, img)
	strokeFrame(c, r)
	a := b.axis(r.Size().Y)
	a.draw(c, r)
}
