package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Mask is a picture of an attention mask: which keys a query may attend to in a
// packed window.
type Mask struct {
	// Title says what is seen.
	Title string
	// Allowed is [T][S], row = query: true where the query sees the key.
	Allowed [][]bool
	// DocStarts are the 0-based positions at which documents start; lines are
	// drawn between documents.
	DocStarts []int
	// Tokens labels both axes as in [HeatMap].
	Tokens []string
	// Legend places the key to the two colours; LegendInside means below, since
	// a mask leaves no room inside.
	Legend LegendPlace
	// Width of the figure in inches, at most; 0: as the cells need.
	Width float64
}

var (
	allowedColor = color.RGBA{0x00, 0x72, 0xB2, 0xFF}
	blockedColor = futureColor
)

// Validate reports what is wrong with the figure's data or options.
func (m Mask) Validate() error { return invalid("Mask", m.validate()) }

func (m Mask) validate() error {
	if err := checkMatrix("Allowed", m.Allowed); err != nil {
		return err
	}
	rows, cols := len(m.Allowed), len(m.Allowed[0])
	if m.Tokens != nil && rows != cols {
		return fmt.Errorf("field Tokens labels both axes, but Allowed is %d×%d", rows, cols)
	}
	for _, p := range m.DocStarts {
		if p < 0 || p >= cols {
			return fmt.Errorf("field DocStarts has %d, outside the %d positions (0-based)", p, cols)
		}
	}
	return cmp.Or(checkLabels("Tokens", m.Tokens, rows, "rows"), m.Legend.validate(), checkWidth(m.Width))
}

// Figure lays the mask out.
func (m Mask) Figure() (*Figure, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	// The heat map of a mask has everything but the colours.
	h := HeatMap{Title: m.Title, Values: make([][]float64, len(m.Allowed)), Tokens: m.Tokens}
	for t, row := range m.Allowed {
		h.Values[t] = make([]float64, len(row))
		for s, ok := range row {
			if ok {
				h.Values[t][s] = 1
			}
		}
	}
	two := Colormap{"mask", func() []color.RGBA { return []color.RGBA{blockedColor, allowedColor} }}
	a := h.axes(coloring{span: span{lo: 0, hi: 1}, colors: two})
	starts := slices.Clone(m.DocStarts)
	slices.Sort(starts)
	a.layers = append(a.layers, boundaries(slices.Compact(starts)))
	a.legend.place = m.Legend
	if m.Legend == LegendInside {
		a.legend.place = LegendBelow
	}
	for _, e := range []struct {
		name  string
		color color.RGBA
	}{{"may attend", allowedColor}, {"masked", blockedColor}} {
		a.legend.add(e.name, func(c *draw.Canvas, r vg.Rectangle) {
			swatch := rect(r.Max.X-11, r.Min.Y+1.8, 11, r.Size().Y-3.6)
			fillRect(c, e.color, swatch)
			strokeFrame(c, swatch)
		})
	}
	if len(starts) > 0 {
		a.legend.add("document boundary", func(c *draw.Canvas, r vg.Rectangle) {
			y := (r.Min.Y + r.Max.Y) / 2
			c.StrokeLine2(boundaryLine, r.Min.X, y, r.Max.X, y)
		})
	}
	return newFigure(a, naturalWidth(len(m.Allowed[0]), m.Tokens != nil), m.Width)
}

// boundaries are lines before the given positions, on both axes.
type boundaries []int

var boundaryLine = line(OkabeIto[1], 0.9, 3, 1.6)

func (b boundaries) draw(c *draw.Canvas, t transform) {
	for _, p := range b {
		if p == 0 {
			continue
		}
		x, y := t.X(float64(p)-0.5), t.Y(float64(p)-0.5)
		c.StrokeLine2(boundaryLine, x, t.area.Min.Y, x, t.area.Max.Y)
		if y > t.area.Min.Y {
			c.StrokeLine2(boundaryLine, t.area.Min.X, y, t.area.Max.X, y)
		}
	}
}
