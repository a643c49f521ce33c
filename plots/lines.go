package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Lines shows curves, with confidence bands if given: sink rate by context
// length, training curves, norms by position.
type Lines struct {
	// Title says what is seen.
	Title string
	// XName and YName name the axes, with units; both are required.
	XName, YName string
	Series       []Series
	// XScale and YScale are Linear, Log, Log2 (ticks at powers of two: context
	// lengths) or Sqrt. Points without a place on a scale are gaps in the curve,
	// and a note counts them.
	XScale, YScale Scale
	// XMin … YMax are the ends of the axes; both 0 for the data's own with a
	// margin. Curves are clipped to them.
	XMin, XMax, YMin, YMax float64
	// HLines and VLines are labelled reference values: ε, a training length.
	HLines, VLines []RefLine
	Legend         LegendPlace
	// Width of the figure in inches; 0: ColumnWidth.
	Width float64
	// Aspect is height/width of the data area; 0: 0.68.
	Aspect float64
}

// Series is one curve of [Lines]. Its colour, dash and marker follow from its
// place among the series, unless it says otherwise.
type Series struct {
	Name string // in the legend; "" for none
	// X is [n], in drawing order; nil: 1, 2, …, n (positions).
	X []float64
	// Y is [n]; NaN is a gap.
	Y []float64
	// Lo and Hi are [n], the ends of a band around Y such as a 95 % confidence
	// interval; both nil for none.
	Lo, Hi []float64
	// Like is the 1-based number of the series whose colour and marker this one
	// takes, with another dash: the same model under another condition. 0: none.
	Like int
	// Style is the 1-based place among the series whose colour, marker and dash
	// this one takes in place of its own: one condition, one look in every panel,
	// whatever stands beside it there. 0: its own place.
	Style int
	// Points draws the markers alone, in whatever order they come: a scatter plot.
	Points bool
}

// RefLine is a straight reference line across the figure.
type RefLine struct {
	At    float64
	Label string
}

// Validate reports what is wrong with the figure's data or options.
func (l Lines) Validate() error { return invalid("Lines", l.validate()) }

func (l Lines) validate() error {
	if len(l.Series) == 0 {
		return fmt.Errorf("no Series; give at least one")
	}
	if l.XName == "" || l.YName == "" {
		return fmt.Errorf("an axis has no name (XName %q, YName %q); name the quantity and its unit", l.XName, l.YName)
	}
	for i, s := range l.Series {
		if err := s.validate(len(l.Series)); err != nil {
			return fmt.Errorf("series %d (%q): %w", i+1, s.Name, err)
		}
	}
	return cmp.Or(
		checkRefs("HLines", l.HLines, l.YScale), checkRefs("VLines", l.VLines, l.XScale),
		checkRange("X", l.XScale, l.XMin, l.XMax), checkRange("Y", l.YScale, l.YMin, l.YMax),
		l.Legend.validate(), checkWidth(l.Width), checkAspect(l.Aspect),
	)
}

func (s Series) validate(n int) error {
	if len(s.Y) == 0 {
		return fmt.Errorf("field Y is empty")
	}
	if s.X != nil && len(s.X) != len(s.Y) {
		return fmt.Errorf("field X has %d values, Y has %d", len(s.X), len(s.Y))
	}
	if (s.Lo == nil) != (s.Hi == nil) || s.Lo != nil && (len(s.Lo) != len(s.Y) || len(s.Hi) != len(s.Y)) {
		return fmt.Errorf("bounds Lo and Hi have %d and %d values, Y has %d; give both or neither", len(s.Lo), len(s.Hi), len(s.Y))
	}
	if s.Like < 0 || s.Like > n {
		return fmt.Errorf("field Like is %d; use the number of a series in 1 to %d, or 0", s.Like, n)
	}
	if s.Style < 0 || s.Style > 0 && s.Like > 0 {
		return fmt.Errorf("field Style is %d, Like %d; use a place from 1 on, or 0, and one of the two", s.Style, s.Like)
	}
	return nil
}

func checkRange(which string, scale Scale, lo, hi float64) error {
	if err := scale.validate(); err != nil {
		return fmt.Errorf("%sScale: %w", which, err)
	}
	if lo == 0 && hi == 0 {
		return nil
	}
	if !(lo < hi) || !scale.shows(lo) || !scale.shows(hi) {
		return fmt.Errorf("%sMin and %sMax are %g and %g; need Min < Max with a place on a %v axis, or both 0", which, which, lo, hi, scale)
	}
	return nil
}

// Figure lays the curves out.
func (l Lines) Figure() (*Figure, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	a := axes{title: l.Title, aspect: cmp.Or(l.Aspect, 0.68), grid: true, legend: legend{place: l.Legend}}
	curves, missing, total := l.curves()
	xs, ys := l.spans(curves)
	beyond := 0
	for _, c := range curves {
		for i := range c.y {
			if !math.IsNaN(c.y[i]) && (!xs.holds(c.x[i]) || !ys.holds(c.y[i])) {
				beyond++
			}
		}
	}
	a.note = sentences(missingNote(missing, total, "have no place on the axes and are left out."), missingNote(beyond, total, beyondAxes))
	a.x = axis{side: bottom, span: xs, name: l.XName}
	a.y = axis{side: left, span: ys, name: l.YName}
	a.ticks = valueTicks
	for _, c := range curves {
		a.layers = append(a.layers, band{c})
	}
	a.refs = refLines(l.HLines, l.VLines)
	for i := len(curves) - 1; i >= 0; i-- { // the first series on top
		a.layers = append(a.layers, curves[i])
	}
	for _, c := range curves {
		a.legend.add(c.name, c.sample)
	}
	return filling(a, cmp.Or(l.Width, ColumnWidth))
}

// valueTicks chooses ticks for the room there is.
func valueTicks(a *axes, w, h vg.Length) {
	if !a.x.noMarks {
		a.x.ticks = fitting(a.x.span, w, int(w/22), func(label string) vg.Length { return tickStyle.width(label) + 6 })
	}
	if !a.y.noMarks {
		a.y.ticks = fitting(a.y.span, h, int(h/22), func(string) vg.Length { return tickSize * 1.6 })
	}
}

// fitting returns the most ticks, n at most, whose labels do not touch.
func fitting(s span, length vg.Length, n int, room func(label string) vg.Length) []tick {
	for ; n > 2; n-- {
		ticks, apart := s.ticks(n), true
		last, lastRoom := math.Inf(-1), vg.Length(0)
		for _, t := range ticks {
			if t.label == "" {
				continue
			}
			at := s.norm(t.value)
			if vg.Length(math.Abs(at-last))*length < (lastRoom+room(t.label))/2 {
				apart = false
			}
			last, lastRoom = at, room(t.label)
		}
		if apart {
			return ticks
		}
	}
	return s.ticks(2)
}

// spans are the axes' ends.
func (l Lines) spans(curves []curve) (x, y span) {
	inf := math.Inf(1)
	x, y = span{l.XScale, inf, -inf}, span{l.YScale, inf, -inf}
	for _, c := range curves {
		for i := range c.y {
			x.cover(c.x[i])
			if !x.scale.shows(c.x[i]) {
				continue
			}
			y.cover(c.y[i])
			if c.lo != nil {
				y.cover(c.lo[i])
				y.cover(c.hi[i])
			}
		}
	}
	for _, r := range l.HLines {
		y.cover(r.At)
	}
	for _, r := range l.VLines {
		x.cover(r.At)
	}
	finish := func(s *span, lo, hi, share float64) {
		switch {
		case lo < hi:
			s.lo, s.hi = lo, hi
		case s.lo > s.hi: // nothing to show
			*s = span{s.scale, 1, 2}
		default:
			low := s.lo
			*s = s.opened().padded(share)
			if low >= 0 && s.lo < 0 { // no negative axis for what cannot be negative
				s.lo = 0
			}
		}
	}
	finish(&x, l.XMin, l.XMax, 0.03)
	finish(&y, l.YMin, l.YMax, 0.05)
	return x, y
}

// curves copies the series and counts the points that cannot be drawn.
func (l Lines) curves() (curves []curve, missing, total int) {
	families := slices.ContainsFunc(l.Series, func(s Series) bool { return s.Like > 0 })
	styles, members := make([]int, len(l.Series)), map[int]int{}
	own := 0
	for i, s := range l.Series {
		switch styles[i] = own; {
		case s.Style > 0:
			styles[i] = s.Style - 1
		case s.Like == 0:
			own++
		}
	}
	for i, s := range l.Series {
		style := styles[i]
		c := curve{name: s.Name, x: slices.Clone(s.X), y: slices.Clone(s.Y), lo: slices.Clone(s.Lo), hi: slices.Clone(s.Hi), points: s.Points}
		if s.Like > 0 {
			style = styles[s.Like-1]
		}
		if c.x == nil {
			for j := range c.y {
				c.x = append(c.x, float64(j+1))
			}
		}
		c.color = OkabeIto[style%len(OkabeIto)]
		c.dash = dashes[style%len(dashes)]
		if families && s.Style == 0 {
			c.dash = dashes[members[style]%len(dashes)]
			members[style]++
		}
		c.marker = markers[style%len(markers)]
		c.width = lineWidth
		if len(c.y) > manyPoints {
			c.width, c.dash = thinWidth, nil // dashes of a line that dense cannot be seen
		}
		c.offset = vg.Length(i) / vg.Length(len(l.Series))
		if len(c.y) > markedPoints && len(l.Series) == 1 && !s.Points {
			c.marker = nil // nothing to tell apart
		}
		for j := range c.y {
			total++
			if !l.XScale.shows(c.x[j]) || !l.YScale.shows(c.y[j]) {
				missing++
				c.y[j] = math.NaN()
			}
		}
		curves = append(curves, c)
	}
	return curves, missing, total
}
