package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// Characters that token labels and axis names need and Liberation Sans lacks
// or, for superscripts and subscripts, has in designs that do not match.

// lowered lists subscripts: the character to scale down and sink.
var lowered = map[rune]rune{
	'₀': '0', '₁': '1', '₂': '2', '₃': '3', '₄': '4', '₅': '5', '₆': '6', '₇': '7', '₈': '8', '₉': '9',
}

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
	_, up := raised[r]
	_, down := lowered[r]
	_, drawn := strokes[r]
	return up || down || drawn
}

func (f *face) substitute(r rune) (glyph, bool) {
	if base, ok := raised[r]; ok {
		return f.glyph(base).small(0.33), true
	}
	if base, ok := lowered[r]; ok {
		return f.glyph(base).small(-0.13), true
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

// small is g scaled down, with its baseline at lift em.
func (g glyph) small(lift vg.Length) glyph {
	const scale = 0.62
	out := glyph{advance: scale * g.advance}
	shrink := func(q vg.Point) vg.Point { return vg.Point{X: scale * q.X, Y: scale*q.Y + lift} }
	for _, comp := range g.path {
		control := make([]vg.Point, len(comp.Control))
		for i, q := range comp.Control {
			control[i] = shrink(q)
		}
		comp.Pos, comp.Control = shrink(comp.Pos), control
		out.path = append(out.path, comp)
	}
	return out
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
