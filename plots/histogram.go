package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Histogram is the distribution of a per-head number over heads, for one
// sample or several to compare.
type Histogram struct {
	// Title says what is seen.
	Title string
	// XName names the number; required. YName defaults to "heads", or "share of
	// heads" with Share.
	XName, YName string
	Samples      []Sample
	// Bins is the number of bins of equal width; 0: 25.
	Bins int
	// Min and Max are the ends of the bins; both 0: the data's own. Values
	// outside are counted in a note. Max belongs to the last bin.
	Min, Max float64
	// Share divides by the sample's size, to compare samples of different sizes.
	Share bool
	// VLines are labelled reference values such as ε.
	VLines []RefLine
	Legend LegendPlace
	// Width of the figure in inches; 0: ColumnWidth.
	Width float64
	// Aspect is height/width of the data area; 0: 0.6.
	Aspect float64
}

// Sample is a named set of numbers.
type Sample struct {
	Name   string
	Values []float64
}

// Validate reports what is wrong with the figure's data or options.
func (h Histogram) Validate() error { return invalid("Histogram", h.validate()) }

func (h Histogram) validate() error {
	if h.XName == "" {
		return fmt.Errorf("field XName is empty; name the quantity and its unit")
	}
	if h.Bins < 0 || h.Bins > 1000 {
		return fmt.Errorf("%d Bins; use 1 to 1000, or 0 for the default", h.Bins)
	}
	return cmp.Or(checkRefs("VLines", h.VLines, Linear), checkSamples(h.Samples), checkRange("", Linear, h.Min, h.Max), h.Legend.validate(), checkWidth(h.Width), checkAspect(h.Aspect))
}

func checkSamples(samples []Sample) error {
	if len(samples) == 0 {
		return fmt.Errorf("no Samples; give at least one")
	}
	for i, s := range samples {
		if len(s.Values) == 0 {
			return fmt.Errorf("sample %d (%q) is empty", i+1, s.Name)
		}
	}
	return nil
}

// Figure lays the histogram out.
func (h Histogram) Figure() (*Figure, error) {
	if err := h.Validate(); err != nil {
		return nil, err
	}
	x := span{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, s := range h.Samples {
		for _, v := range s.Values {
			x.cover(v)
		}
	}
	if h.Min < h.Max {
		x.lo, x.hi = h.Min, h.Max
	} else if x.lo > x.hi {
		x.lo, x.hi = 0, 1
	}
	x = x.opened()
	n := cmp.Or(h.Bins, 25)
	a := axes{title: h.Title, aspect: cmp.Or(h.Aspect, 0.6), grid: true, legend: legend{place: h.Legend}, refs: refLines(nil, h.VLines)}
	top, left0, total := 0.0, 0, 0
	var layers []layer
	for i, s := range h.Samples {
		st := steps{span: x, counts: make([]float64, n), filled: len(h.Samples) == 1, style: i}
		for _, v := range s.Values {
			total++
			at := (v - x.lo) / (x.hi - x.lo)
			if !finite(v) || at < 0 || at > 1 {
				left0++
				continue
			}
			st.counts[min(int(at*float64(n)), n-1)]++
		}
		if h.Share {
			for k := range st.counts {
				st.counts[k] /= float64(len(s.Values))
			}
		}
		top = math.Max(top, slices.Max(st.counts))
		layers = append(layers, st)
		a.legend.add(s.Name, st.sample)
	}
	a.note = missingNote(left0, total, "are not finite or lie outside the bins.")
	name := "heads"
	if h.Share {
		name = "share of heads"
	}
	axisX := x
	for _, r := range h.VLines {
		axisX.cover(r.At)
	}
	a.x = axis{side: bottom, span: axisX.padded(0.015), name: h.XName}
	a.y = axis{side: left, span: span{lo: 0, hi: max(top*1.06, 1e-9)}, name: cmp.Or(h.YName, name)}
	a.ticks = valueTicks
	if !h.Share && top < 8 {
		a.ticks = wholeTicks
	}
	a.layers = layers
	return filling(a, cmp.Or(h.Width, ColumnWidth))
}

// wholeTicks is valueTicks without fractions of a head.
func wholeTicks(a *axes, w, h vg.Length) {
	valueTicks(a, w, h)
	a.y.ticks = slices.DeleteFunc(a.y.ticks, func(t tick) bool { return t.value != math.Trunc(t.value) })
	for i := range a.y.ticks {
		a.y.ticks[i].label = number(a.y.ticks[i].value, 0)
	}
}

// steps is one sample's counts by bin.
type steps struct {
	span   span
	counts []float64
	filled bool
	style  int
}

// outline goes up and down over the bins, from the axis to the axis.
func (s steps) outline(t transform) []vg.Point {
	edge := func(k int) vg.Length { return t.X(s.span.at(float64(k) / float64(len(s.counts)))) }
	out := []vg.Point{{X: edge(0), Y: t.Y(0)}}
	for k, n := range s.counts {
		out = append(out, vg.Point{X: edge(k), Y: t.Y(n)}, vg.Point{X: edge(k + 1), Y: t.Y(n)})
	}
	return append(out, vg.Point{X: edge(len(s.counts)), Y: t.Y(0)})
}

func (s steps) line() draw.LineStyle {
	return draw.LineStyle{Color: OkabeIto[s.style%len(OkabeIto)], Width: 1.1, Dashes: dashes[s.style%len(dashes)]}
}

func (s steps) draw(c *draw.Canvas, t transform) {
	outline := s.outline(t)
	clr := OkabeIto[s.style%len(OkabeIto)]
	if s.filled {
		c.FillPolygon(curve{color: clr}.tint(), outline)
	}
	c.StrokeLines(s.line(), outline)
}

func (s steps) marks(t transform, yield func(vg.Point)) {
	outline := s.outline(t)
	along(outline, yield)
	for _, p := range outline {
		along([]vg.Point{{X: p.X, Y: t.Y(0)}, p}, yield)
	}
}

func (s steps) sample(c *draw.Canvas, r vg.Rectangle) {
	y := (r.Min.Y + r.Max.Y) / 2
	c.StrokeLine2(s.line(), r.Min.X, y, r.Max.X, y)
}
