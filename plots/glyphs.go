package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// Characters that token labels and axis names need and Liberation Sans lacks
// or, for superscripts, has in two designs that do not match.

// raised lists superscripts: the character to scale down and lift.
var raised = map[rune]rune{
	'⁰': '0', '¹': '1', '²': '2', '³': '3', '⁴': '4', '⁵': '5', '⁶': '6', '⁷': '7', '⁸': '8', '⁹': '9', '⁻': '−',
}

// strokes lists characters made of straight pen strokes, in em.
var strokes = map[rune]struct {
	advance float64
	lines   [][]vg.Point
}{
	'␣': {0.56, [][]vg.Point{{{X: 0.07, Y: 0.08}, {X: 0.07, Y: -0.12}, {X: 0.49, Y: -0.12}, {X: 0.49, Y: 0.08}}}},
	'⟨': {0.36, [][]vg.Point{{{X: 0.28, Y: 0.76}, {X: 0.09, Y: 0.28}, {X: 0.28, Y: -0.2}}}},
	'⟩': {0.36, [][]vg.Point{{{X: 0.08, Y: 0.76}, {X: 0.27, Y: 0.28}, {X: 0.08, Y: -0.2}}}},
	'⏎': returnArrow,
	'↵': returnArrow,
	'⇥': {0.8, [][]vg.Point{{{X: 0.06, Y: 0.33}, {X: 0.62, Y: 0.33}}, {{X: 0.42, Y: 0.53}, {X: 0.62, Y: 0.33}, {X: 0.42, Y: 0.13}}, {{X: 0.71, Y: 0.56}, {X: 0.71, Y: 0.1}}}},
	'∇': {0.72, [][]vg.Point{{{X: 0.08, Y: 0.69}, {X: 0.64, Y: 0.69}, {X: 0.36, Y: 0.06}, {X: 0.08, Y: 0.69}}}},
}

var returnArrow = struct {
	advance float64
	lines   [][]vg.Point
}{0.8, [][]vg.Point{
	{{X: 0.7, Y: 0.66}, {X: 0.7, Y: 0.26}, {X: 0.1, Y: 0.26}},
	{{X: 0.3, Y: 0.46}, {X: 0.1, Y: 0.26}, {X: 0.3, Y: 0.06}},
}}

func isSubstitute(r rune) bool {
	_, scaled := raised[r]
	_, drawn := strokes[r]
	return scaled || drawn
}

func (f *face) substitute(r rune) (glyph, bool) {
	if base, ok := raised[r]; ok {
		const scale, lift = 0.62, 0.33
		g := f.glyph(base)
		small := glyph{advance: scale * g.advance}
		for _, comp := range g.path {
			shrink := func(q vg.Point) vg.Point { return vg.Point{X: scale * q.X, Y: scale*q.Y + lift} }
			control := make([]vg.Point, len(comp.Control))
			for i, q := range comp.Control {
				control[i] = shrink(q)
			}
			comp.Pos, comp.Control = shrink(comp.Pos), control
			small.path = append(small.path, comp)
		}
		return small, true
	}
	s, ok := strokes[r]
	if !ok {
		return glyph{}, false
	}
	const pen = 0.075
	var p vg.Path
	for _, l := range s.lines {
		for i := 1; i < len(l); i++ {
			addStroke(&p, l[i-1], l[i], pen)
		}
	}
	return glyph{path: p, advance: s.advance}, true
}

// addStroke appends the rectangle that a square pen covers from a to b. All
// rectangles turn the same way, so that overlaps stay filled.
func addStroke(p *vg.Path, a, b vg.Point, pen vg.Length) {
	d := b.Sub(a)
	n := vg.Length(math.Hypot(float64(d.X), float64(d.Y)))
	u := d.Scale(pen / 2 / n)
	v := vg.Point{X: -u.Y, Y: u.X}
	a, b = a.Sub(u), b.Add(u)
	p.Move(a.Add(v))
	p.Line(b.Add(v))
	p.Line(b.Sub(v))
	p.Line(a.Sub(v))
	p.Close()
}
