package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// HeadMap shows one number per head, layers by heads: sink scores, value-norm
// ratios, entropies.
type HeadMap struct {
	// Title says what is seen.
	Title string
	// Values is [L][H]: row ℓ is layer ℓ+1. NaN and ±Inf are drawn grey.
	Values [][]float64
	// Missing is as in [HeatMap].
	Missing string
	// Downward puts layer 1 at the top. By default it is at the bottom, and
	// layers follow upwards as the residual stream does.
	Downward bool
	// LayerOffset is added to the 1-based numbers of layers: −1 counts from 0.
	LayerOffset int
	// Epsilon marks heads with a value > ε (strictly, as the sink rate counts
	// them) with a dot, and says in a note how many; 0: no marks.
	Epsilon float64
	// Numbers writes the values into the cells where they fit; those > ε are
	// bold, in place of the dot.
	Numbers bool
	// Scale, Min, Max, Diverging and Colors are as in [HeatMap].
	Scale     Scale
	Min, Max  float64
	Diverging bool
	Colors    Colormap
	// BarName names the number shown; default "sink score".
	BarName string
	// Width of the figure in inches, at most; 0: ColumnWidth.
	Width float64
	// Aspect is height/width of the data area; 0: by the shape, in 0.5 to 1.3.
	Aspect float64
}

// Validate reports what is wrong with the figure's data or options.
func (m HeadMap) Validate() error {
	if m.Epsilon < 0 || math.IsNaN(m.Epsilon) {
		return invalid("HeadMap", fmt.Errorf("threshold Epsilon is %g; use a threshold > 0, or 0 for no marks", m.Epsilon))
	}
	return invalid("HeadMap", m.heatMap().validate())
}

func (m HeadMap) heatMap() HeatMap {
	h := HeatMap{
		Title: m.Title, Values: m.Values, Missing: m.Missing, RowName: "layer", ColName: "head", RowOffset: m.LayerOffset,
		Scale: m.Scale, Min: m.Min, Max: m.Max, Diverging: m.Diverging, Colors: m.Colors,
		BarName: cmp.Or(m.BarName, "sink score"), Width: cmp.Or(m.Width, ColumnWidth), Aspect: m.Aspect,
	}
	if h.Aspect == 0 && len(m.Values) > 0 && len(m.Values[0]) > 0 {
		h.Aspect = min(1.3, max(0.5, float64(len(m.Values))/float64(len(m.Values[0]))))
	}
	return h
}

// Figure lays the head map out.
func (m HeadMap) Figure() (*Figure, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	h := m.heatMap()
	colors := h.coloring(h.values)
	a := h.axes(colors)
	a.bar = &colorBar{colors, h.BarName}
	if !m.Downward {
		a.cells.flipped, a.y.inverted = true, false
	}
	values := h.Values
	marks := headMarks{rows: len(values), cols: len(values[0])}
	above, known := 0, 0
	for l, row := range values {
		for i, v := range row {
			if !finite(v) {
				continue
			}
			known++
			k := headMark{row: l, col: i, ink: contrast(colors.at(v))}
			if m.Numbers {
				k.text = compactNumber(v)
			}
			if m.Epsilon > 0 && v > m.Epsilon {
				above++
				k.dot = true
			}
			marks.marks = append(marks.marks, k)
		}
	}
	a.layers = append(a.layers, marks)
	if m.Epsilon > 0 && known > 0 {
		ticks := a.ticks
		a.ticks = func(a *axes, w, h vg.Length) {
			ticks(a, w, h)
			how := "Dots"
			if _, ok := marks.numbers(w, h); ok {
				how = "Bold"
			}
			a.note = sentences(fmt.Sprintf("%s: > %s, %d of %d heads (%.1f %%).", how, short(m.Epsilon), above, known, 100*float64(above)/float64(known)), a.note)
		}
	}
	return newFigure(a, naturalWidth(len(values[0]), false), h.Width)
}

// contrast is black or white, whichever reads better on c.
func contrast(c color.RGBA) color.Color {
	if 0.299*float64(c.R)+0.587*float64(c.G)+0.114*float64(c.B) > 140 {
		return color.Black
	}
	return color.White
}

// compactNumber writes v in about three characters: .53, 1.2, 37.
func compactNumber(v float64) string {
	switch a := math.Abs(v); {
	case a < 0.995:
		s := number(v, 2)
		if s == "0.00" {
			return "0"
		}
		if v < 0 {
			return "−" + s[len("−0"):]
		}
		return s[1:]
	case a < 9.95:
		return number(v, 1)
	default:
		return number(v, 0)
	}
}

// headMarks draws dots and numbers into cells.
type headMarks struct {
	rows, cols int
	marks      []headMark
}

type headMark struct {
	row, col int
	ink      color.Color
	dot      bool
	text     string
}

// numbers is the style of numbers in a data area of that size; false where
// cells are too small for one that can be read, or no numbers are wanted.
func (m headMarks) numbers(w, h vg.Length) (textStyle, bool) {
	st := tickStyle
	st.xAlign, st.yAlign, st.bold = 0.5, 0.5, true
	widest := vg.Length(0)
	for _, k := range m.marks {
		widest = max(widest, st.width(k.text))
	}
	if widest == 0 {
		return st, false
	}
	st.size = min(st.size, st.size*0.86*w/vg.Length(m.cols)/widest, 1.1*h/vg.Length(m.rows))
	return st, st.size >= minLabelSize
}

func (m headMarks) draw(c *draw.Canvas, t transform) {
	size := t.area.Size()
	radius := min(1.6, 0.28*min(size.X/vg.Length(m.cols), size.Y/vg.Length(m.rows)))
	st, numbers := m.numbers(size.X, size.Y)
	for _, k := range m.marks {
		at := t.point(float64(k.col), float64(k.row))
		st.color, st.bold = k.ink, k.dot
		switch {
		case numbers:
			drawText(c, st, at, k.text)
		case k.dot:
			c.SetColor(k.ink)
			c.Fill(circle(at, radius))
		}
	}
}
