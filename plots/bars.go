package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bars compares numbers across categories: grouped bars with error bars and,
// as hollow diamonds, the values that a paper reports.
type Bars struct {
	// Title says what is seen.
	Title string
	// YName names the value axis, with its unit; required. XName is optional:
	// categories often speak for themselves.
	XName, YName string
	// Groups names the categories [G], along the x axis.
	Groups []string
	Series []BarSeries
	// ReferenceName names the reported values in the legend; default "paper".
	ReferenceName string
	// HLines are labelled reference values.
	HLines []RefLine
	// YMin and YMax are the ends of the value axis; both 0: from 0 to the
	// largest value. Bars start at 0, or at the axis' end if 0 is not on it.
	YMin, YMax float64
	Legend     LegendPlace
	// Width of the figure in inches; 0: ColumnWidth.
	Width float64
	// Aspect is height/width of the data area; 0: 0.62.
	Aspect float64
}

// BarSeries is one bar in every group.
type BarSeries struct {
	Name   string    // in the legend; "" for none
	Values []float64 // [G]; NaN leaves the bar out, and a note says so, but where a group is nothing but reported values
	// Lo and Hi are [G], the ends of error bars; both nil for none.
	Lo, Hi []float64
	// Reference is [G], the reported values; nil or NaN for none.
	Reference []float64
}

// Validate reports what is wrong with the figure's data or options.
func (b Bars) Validate() error { return invalid("Bars", b.validate()) }

func (b Bars) validate() error {
	if len(b.Groups) == 0 || len(b.Series) == 0 {
		return fmt.Errorf("%d Groups and %d Series; give at least one of each", len(b.Groups), len(b.Series))
	}
	if b.YName == "" {
		return fmt.Errorf("field YName is empty; name the quantity and its unit")
	}
	for i, s := range b.Series {
		for _, f := range []struct {
			name   string
			values []float64
			must   bool
		}{{"Values", s.Values, true}, {"Lo", s.Lo, s.Hi != nil}, {"Hi", s.Hi, s.Lo != nil}, {"Reference", s.Reference, false}} {
			if (f.values != nil || f.must) && len(f.values) != len(b.Groups) {
				return fmt.Errorf("series %d (%q): %s has %d values for %d groups", i+1, s.Name, f.name, len(f.values), len(b.Groups))
			}
		}
	}
	return cmp.Or(checkRefs("HLines", b.HLines, Linear), checkRange("Y", Linear, b.YMin, b.YMax), b.Legend.validate(), checkWidth(b.Width), checkAspect(b.Aspect))
}

// Figure lays the bars out.
func (b Bars) Figure() (*Figure, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	groups := slices.Clone(b.Groups)
	y := span{lo: 0, hi: 0}
	missing, total, references := 0, 0, false
	layer := bars{}
	for _, s := range b.Series {
		s.Values, s.Lo, s.Hi, s.Reference = slices.Clone(s.Values), slices.Clone(s.Lo), slices.Clone(s.Hi), slices.Clone(s.Reference)
		layer.series = append(layer.series, s)
		for g, v := range s.Values {
			if b.reported(g) {
				continue
			}
			total++
			if !finite(v) {
				missing++
			}
		}
		for _, values := range [][]float64{s.Values, s.Lo, s.Hi, s.Reference} {
			for _, v := range values {
				y.cover(v)
			}
		}
		for _, v := range s.Reference {
			references = references || finite(v)
		}
	}
	for _, r := range b.HLines {
		y.cover(r.At)
	}
	if b.YMin < b.YMax {
		y.lo, y.hi = b.YMin, b.YMax
	} else {
		low, high := y.lo, y.hi
		y = y.opened().padded(0.05)
		if low == 0 {
			y.lo = 0
		}
		if high == 0 && low < 0 {
			y.hi = 0
		}
	}
	a := axes{title: b.Title, aspect: cmp.Or(b.Aspect, 0.62), grid: true, legend: legend{place: b.Legend}}
	var shown [][]float64
	for _, s := range layer.series {
		shown = append(shown, s.Values, s.Reference)
	}
	beyond, drawn := y.beyond(shown...)
	a.note = sentences(missingNote(missing, total, "are NaN or infinite and left out."), missingNote(beyond, drawn, beyondAxes))
	a.x = axis{side: bottom, span: cellSpan(len(groups)), name: b.XName, noMarks: true}
	a.y = axis{side: left, span: y, name: b.YName}
	a.ticks = func(a *axes, w, h vg.Length) {
		valueTicks(a, w, h)
		groupTicks(&a.x, groups, w)
	}
	a.refs = refLines(b.HLines, nil)
	a.layers = append(a.layers, layer)
	for i, s := range b.Series {
		a.legend.add(s.Name, func(c *draw.Canvas, r vg.Rectangle) {
			drawBar(c, i, rect(r.Min.X+3, r.Min.Y+1.8, r.Size().X-6, r.Size().Y-3.6))
		})
	}
	if references {
		a.legend.add(cmp.Or(b.ReferenceName, "paper"), func(c *draw.Canvas, r vg.Rectangle) {
			hollow(c, diamond, r.Min.Add(r.Max).Scale(0.5))
		})
	}
	return filling(a, cmp.Or(b.Width, ColumnWidth))
}

// reported tells a group that has values of others alone.
func (b Bars) reported(group int) bool {
	some := false
	for _, s := range b.Series {
		if finite(s.Values[group]) {
			return false
		}
		some = some || s.Reference != nil && finite(s.Reference[group])
	}
	return some
}

// groupTicks labels categories: broken into lines if that makes them fit, else
// upright.
func groupTicks(a *axis, groups []string, w vg.Length) {
	room := w/vg.Length(len(groups)) - 3
	wrapped := make([]string, len(groups))
	for i, g := range groups {
		wrapped[i] = tickStyle.wrap(g, room)
		if tickStyle.width(wrapped[i]) > room+2 {
			a.ticks, a.upright = labelTicks(groups), true
			return
		}
	}
	a.ticks = labelTicks(wrapped)
}

// bars is the layer of all series.
type bars struct{ series []BarSeries }

// slot is the share of a group's width that its bars take.
const slot = 0.78

// bar returns the rectangle of a series' bar in a group, from 0 or the axis' end.
func (b bars) bar(t transform, series, group int) vg.Rectangle {
	w := slot / float64(len(b.series))
	left := float64(group) - slot/2 + w*float64(series)
	s := t.y.span
	from := t.Y(min(max(0, s.lo), s.hi))
	to := t.Y(min(max(b.series[series].Values[group], s.lo), s.hi))
	x0, x1 := t.X(left), t.X(left+w*0.92)
	return vg.Rectangle{Min: vg.Point{X: x0, Y: min(from, to)}, Max: vg.Point{X: x1, Y: max(from, to)}}
}

func (b bars) each(t transform, yield func(series, group int, r vg.Rectangle)) {
	for i, s := range b.series {
		for g, v := range s.Values {
			if finite(v) {
				yield(i, g, b.bar(t, i, g))
			}
		}
	}
}

func (b bars) draw(c *draw.Canvas, t transform) {
	if s := t.y.span; s.lo < 0 && s.hi > 0 {
		c.StrokeLine2(line(frameColor, frameWidth), t.area.Min.X, t.Y(0), t.area.Max.X, t.Y(0))
	}
	b.each(t, func(i, g int, r vg.Rectangle) { drawBar(c, i, r) })
	b.each(t, func(i, g int, r vg.Rectangle) {
		s, x := b.series[i], (r.Min.X+r.Max.X)/2
		if s.Lo != nil && finite(s.Lo[g]) && finite(s.Hi[g]) {
			if g < len(s.Reference) && finite(s.Reference[g]) {
				x -= 0.2 * r.Size().X // beside the diamond
			}
			drawErrorBar(c, t, x, s.Lo[g], s.Hi[g], min(2.4, r.Size().X/4))
		}
	})
	for i, s := range b.series {
		for g, v := range s.Reference {
			if r := b.bar(t, i, g); finite(v) {
				p := vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: t.Y(v)}
				if s.Lo != nil {
					p.X += 0.2 * r.Size().X
				}
				if c.Contains(p) {
					hollow(c, diamond, p)
				}
			}
		}
	}
}

// drawErrorBar draws a whisker over a white one, visible on any bar.
func drawErrorBar(c *draw.Canvas, t transform, x vg.Length, lo, hi float64, cap vg.Length) {
	y0, y1 := t.Y(lo), t.Y(hi)
	whisker := c.ClipLinesXY([]vg.Point{{X: x, Y: y0}, {X: x, Y: y1}},
		[]vg.Point{{X: x - cap, Y: y0}, {X: x + cap, Y: y0}}, []vg.Point{{X: x - cap, Y: y1}, {X: x + cap, Y: y1}})
	c.StrokeLines(line(color.White, errWidth+1.4), whisker...)
	c.StrokeLines(line(inkColor, errWidth), whisker...)
}

// barFills lists how series are filled: colour, and direction of hatching, so
// that neighbours differ in greyscale too.
var barFills = []struct {
	color color.RGBA
	hatch float64 // slope of white lines; 0 none
}{{OkabeIto[0], 0}, {OkabeIto[4], 0}, {OkabeIto[2], 1}, {OkabeIto[3], -1}, {OkabeIto[5], 0}, {OkabeIto[1], 1}, {color.RGBA{0x80, 0x80, 0x80, 0xFF}, -1}}

func drawBar(c *draw.Canvas, series int, r vg.Rectangle) {
	f := barFills[series%len(barFills)]
	fillRect(c, f.color, r)
	if f.hatch == 0 || r.Size().Y <= 0 {
		return
	}
	clip := within(c, r)
	w, h := r.Size().X, r.Size().Y
	for d := -h; d < w; d += 3.4 {
		y0, y1 := r.Min.Y, r.Max.Y
		if f.hatch < 0 {
			y0, y1 = y1, y0
		}
		c.StrokeLines(line(color.White, 0.6), clip.ClipLinesXY([]vg.Point{{X: r.Min.X + d, Y: y0}, {X: r.Min.X + d + h, Y: y1}})...)
	}
}

func (b bars) marks(t transform, yield func(vg.Point)) {
	b.each(t, func(i, g int, r vg.Rectangle) {
		top := r.Max.Y
		for _, values := range [][]float64{b.series[i].Hi, b.series[i].Reference} {
			if values != nil && finite(values[g]) {
				top = max(top, t.Y(values[g])+3)
			}
		}
		n := math.Ceil(float64(r.Size().X) / 4)
		for k := 0.0; k <= n; k++ {
			x := r.Min.X + vg.Length(k/n)*r.Size().X
			along([]vg.Point{{X: x, Y: r.Min.Y}, {X: x, Y: top}}, yield)
		}
	})
}
