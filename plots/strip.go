package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Strip shows every single value of several samples, one column of dots each:
// a per-head number layer by layer.
type Strip struct {
	// Title says what is seen.
	Title string
	// XName and YName name the axes; both are required.
	XName, YName string
	// Samples are the columns, from the left. If all names are numbers ("1",
	// "2", …) only as many as fit are written. One without values is an empty
	// column.
	Samples []Sample
	// YScale, YMin and YMax are as in [Lines].
	YScale     Scale
	YMin, YMax float64
	// HLines are labelled reference values such as ε.
	HLines []RefLine
	// Width of the figure in inches; 0: ColumnWidth.
	Width float64
	// Aspect is height/width of the data area; 0: 0.6.
	Aspect float64
}

// Validate reports what is wrong with the figure's data or options.
func (s Strip) Validate() error { return invalid("Strip", s.validate()) }

func (s Strip) validate() error {
	if s.XName == "" || s.YName == "" {
		return fmt.Errorf("an axis has no name (XName %q, YName %q); name the quantity and its unit", s.XName, s.YName)
	}
	if len(s.Samples) == 0 {
		return fmt.Errorf("no Samples; give at least one")
	}
	if !slices.ContainsFunc(s.Samples, func(sample Sample) bool { return len(sample.Values) > 0 }) {
		return fmt.Errorf("none of %d Samples has a value; give at least one", len(s.Samples))
	}
	return cmp.Or(checkRefs("HLines", s.HLines, s.YScale), checkRange("Y", s.YScale, s.YMin, s.YMax), checkWidth(s.Width), checkAspect(s.Aspect))
}

// Figure lays the columns out.
func (s Strip) Figure() (*Figure, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	// One curve a sample gives the same value axis as Lines.
	like := Lines{YScale: s.YScale, YMin: s.YMin, YMax: s.YMax, HLines: s.HLines}
	dots := swarm{}
	var names []string
	for _, sample := range s.Samples {
		names = append(names, sample.Name)
		like.Series = append(like.Series, Series{Y: sample.Values})
	}
	curves, missing, total := like.curves()
	for _, c := range curves {
		sort.Float64s(c.y) // NaN first
		dots.columns = append(dots.columns, slices.DeleteFunc(c.y, math.IsNaN))
	}
	_, y := like.spans(curves)
	a := axes{title: s.Title, aspect: cmp.Or(s.Aspect, 0.6), grid: true}
	beyond, _ := y.beyond(dots.columns...)
	a.note = sentences(missingNote(missing, total, "have no place on the axis and are left out."), missingNote(beyond, total, beyondAxes))
	a.x = axis{side: bottom, span: cellSpan(len(names)), name: s.XName, noMarks: true}
	a.y = axis{side: left, span: y, name: s.YName}
	a.ticks = func(a *axes, w, h vg.Length) {
		valueTicks(a, w, h)
		groupTicks(&a.x, names, w)
		if first, ok := numbered(names); ok {
			a.x.upright = false
			cellTicks(&a.x, "", nil, len(names), first, w)
		}
	}
	a.refs = refLines(s.HLines, nil)
	a.layers = append(a.layers, dots)
	return filling(a, cmp.Or(s.Width, ColumnWidth))
}

// numbered reports whether names count up by one, and from where.
func numbered(names []string) (first int, ok bool) {
	for i, n := range names {
		var v int
		if _, err := fmt.Sscanf(n, "%d", &v); err != nil || number(float64(v), 0) != n {
			return 0, false
		}
		if i == 0 {
			first = v
		}
		if v != first+i {
			return 0, false
		}
	}
	return first, true
}

// swarm is columns of dots, each dot as near to its column's middle as those
// placed before it allow.
type swarm struct{ columns [][]float64 } // sorted

const dotRadius = 1.35

func (s swarm) draw(c *draw.Canvas, t transform) {
	width := t.area.Size().X / vg.Length(len(s.columns))
	for i, column := range s.columns {
		var placed []vg.Point
		for _, v := range column {
			at := t.point(float64(i), v)
			if !c.Contains(at) {
				continue
			}
			at.X += s.aside(placed, at, width*0.42)
			placed = append(placed, at)
			c.SetColor(OkabeIto[0])
			c.Fill(circle(at, dotRadius))
		}
	}
}

func (s swarm) marks(t transform, yield func(vg.Point)) {
	for i, column := range s.columns {
		for _, v := range column {
			yield(t.point(float64(i), v))
		}
	}
}

// aside is the smallest shift, right or left in turn, that keeps a dot at p off
// those placed; limit at most, where dots begin to overlap.
func (s swarm) aside(placed []vg.Point, p vg.Point, limit vg.Length) vg.Length {
	const apart = 2 * dotRadius * 0.95
	for k := 0; ; k++ {
		shift := vg.Length((k+1)/2) * apart / 3
		if k%2 == 1 {
			shift = -shift
		}
		if math.Abs(float64(shift)) > float64(limit) {
			return 0
		}
		free := true
		for j := len(placed) - 1; j >= 0 && p.Y-placed[j].Y < apart; j-- {
			d := placed[j].Sub(vg.Point{X: p.X + shift, Y: p.Y})
			if d.Dot(d) < apart*apart {
				free = false
				break
			}
		}
		if free {
			return shift
		}
	}
}
