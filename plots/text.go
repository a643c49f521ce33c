package plots

import (
	"image/color"
	"math"
	"strings"
	"sync"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
)

// Text is filled as glyph outlines rather than set with the canvases' own text
// calls: gonum's SVG canvas relies on the reader's fonts, and no canvas can fall
// back for characters that the font lacks, such as ␣ and ⟨.

// textStyle says how a string is drawn.
type textStyle struct {
	size   vg.Length
	bold   bool
	color  color.Color
	rotate bool // read from bottom to top
	// Which point of the text lies at the given position, as fractions of its
	// width and of its height from baseline to cap height: 0 left or baseline,
	// 1 right or top. For rotated text the fractions turn with it.
	xAlign, yAlign float64
}

const (
	capHeight = 0.729 // of Liberation Sans, in em
	descent   = 0.212
)

// face is a font with the outlines of the characters used so far.
type face struct {
	mu     sync.Mutex
	font   *sfnt.Font
	buf    sfnt.Buffer
	glyphs map[rune]glyph
}

// glyph is an outline in em, y upwards, origin on the baseline.
type glyph struct {
	path    []vg.PathComp
	advance float64
	index   sfnt.GlyphIndex // 0 when the font lacks the character
}

var (
	regular = sync.OnceValue(func() *face { return loadFace("LiberationSans-Regular") })
	bold    = sync.OnceValue(func() *face { return loadFace("LiberationSans-Bold") })
)

func loadFace(name string) *face {
	for _, f := range liberation.Collection() {
		if f.Name() == name {
			return &face{font: f.Face, glyphs: map[rune]glyph{}}
		}
	}
	panic("plots: gonum's liberation collection lacks " + name)
}

// glyph returns the outline of r: the font's own, or the one that substitutes
// describes, or the font's empty box.
func (f *face) glyph(r rune) glyph {
	if g, ok := f.glyphs[r]; ok {
		return g
	}
	g, ok := f.substitute(r)
	if !ok {
		g = f.load(r)
	}
	f.glyphs[r] = g
	return g
}

func (f *face) load(r rune) glyph {
	index, err := f.font.GlyphIndex(&f.buf, r)
	if err != nil {
		index = 0
	}
	units := fixed.Int26_6(f.font.UnitsPerEm())
	em := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: vg.Length(p.X) / vg.Length(units), Y: -vg.Length(p.Y) / vg.Length(units)}
	}
	g := glyph{index: index}
	if advance, err := f.font.GlyphAdvance(&f.buf, index, units, 0); err == nil {
		g.advance = float64(advance) / float64(units)
	}
	segments, err := f.font.LoadGlyph(&f.buf, index, units, nil)
	if err != nil {
		return g
	}
	var p vg.Path
	for i, s := range segments {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				p.Close()
			}
			p.Move(em(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			p.Line(em(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			p.QuadTo(em(s.Args[0]), em(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			p.CubeTo(em(s.Args[0]), em(s.Args[1]), em(s.Args[2]))
		}
	}
	if len(p) > 0 {
		p.Close()
	}
	g.path = p
	return g
}

// has reports whether r can be drawn as itself.
func (f *face) has(r rune) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := f.glyph(r)
	return g.index != 0 || len(g.path) > 0 && isSubstitute(r)
}

// layout calls place with every glyph of s and its x, in em, and returns the
// width of s in em.
func (f *face) layout(s string, place func(g glyph, x float64)) float64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	units := fixed.Int26_6(f.font.UnitsPerEm())
	x, prev := 0.0, sfnt.GlyphIndex(0)
	for _, r := range s {
		g := f.glyph(r)
		if prev != 0 && g.index != 0 {
			if kern, err := f.font.Kern(&f.buf, prev, g.index, units, 0); err == nil {
				x += float64(kern) / float64(units)
			}
		}
		place(g, x)
		x += g.advance
		prev = g.index
	}
	return x
}

func (st textStyle) face() *face {
	if st.bold {
		return bold()
	}
	return regular()
}

// width is the length of the longest line of s.
func (st textStyle) width(s string) vg.Length {
	widest := 0.0
	for l := range strings.SplitSeq(s, "\n") {
		widest = math.Max(widest, st.face().layout(l, func(glyph, float64) {}))
	}
	return vg.Length(widest) * st.size
}

// height is the distance from the cap height of the first line of s to the
// baseline of its last; descenders hang below.
func (st textStyle) height(s string) vg.Length {
	return st.size * vg.Length(capHeight+leading*float64(strings.Count(s, "\n")))
}

// wrap breaks s at spaces so that no line is longer than width where possible.
func (st textStyle) wrap(s string, width vg.Length) string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		current := ""
		for _, word := range strings.Fields(paragraph) {
			if next := strings.TrimSpace(current + " " + word); current == "" || st.width(next) <= width {
				current = next
				continue
			}
			lines = append(lines, current)
			current = word
		}
		lines = append(lines, current)
	}
	return strings.Join(lines, "\n")
}

// drawText fills s at pt.
func drawText(c vg.Canvas, st textStyle, pt vg.Point, s string) {
	lines := strings.Split(s, "\n")
	height := st.height(s)
	var p vg.Path
	for i, l := range lines {
		x0 := -vg.Length(st.xAlign) * st.width(l)
		y0 := height*vg.Length(1-st.yAlign) - st.size*vg.Length(capHeight+leading*float64(i))
		at := func(q vg.Point, x float64) vg.Point {
			q = vg.Point{X: x0 + (q.X+vg.Length(x))*st.size, Y: y0 + q.Y*st.size}
			if st.rotate {
				q = vg.Point{X: -q.Y, Y: q.X}
			}
			return q.Add(pt)
		}
		st.face().layout(l, func(g glyph, x float64) {
			for _, comp := range g.path {
				comp.Pos = at(comp.Pos, x)
				control := make([]vg.Point, len(comp.Control))
				for j, q := range comp.Control {
					control[j] = at(q, x)
				}
				comp.Control = control
				p = append(p, comp)
			}
		})
	}
	if len(p) == 0 {
		return
	}
	c.SetColor(st.color)
	c.Fill(p)
}
