package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// HeatMap is a matrix of numbers as coloured cells, row 1 at the top: an
// attention pattern, or a quantity by layer and position.
type HeatMap struct {
	// Title says what is seen.
	Title string
	// Values is [T][S], row = query. NaN and ±Inf are drawn grey and counted in
	// a note.
	Values [][]float64
	// Missing is what the note calls the grey cells, where the caller made them
	// so: "not sinks". Default "NaN or infinite".
	Missing string
	// Causal leaves out key s > query t (which a causal model cannot see):
	// these cells are very light grey, and their values are not looked at.
	Causal bool
	// Tokens labels both axes of a square pattern, one label a position; raw
	// token texts, shown as [TokenLabel] writes them. Where labels would be too
	// small to read, positions are numbered instead.
	Tokens []string
	// RowTokens and ColTokens label the axes one by one, in place of Tokens.
	RowTokens, ColTokens []string
	// RowName and ColName name the axes. Defaults: "query position" and "key
	// position", or "query token" and "key token" with labels.
	RowName, ColName string
	// RowOffset and ColOffset are added to the 1-based numbers of rows and
	// columns: −1 counts from 0.
	RowOffset, ColOffset int
	// Scale of the colours: Linear, Log or Sqrt. Attention patterns span many
	// orders of magnitude; Log shows what is left beside the sink.
	Scale Scale
	// Min and Max are the ends of the colour bar; both 0 for the data's own
	// (on a Log scale at most four decades below the largest value). Data beyond
	// an end take its colour, and the bar says so with ≤ or ≥.
	Min, Max float64
	// Diverging centres the colours on 0: blue below, red above. For
	// differences; Linear scale only.
	Diverging bool
	// Colors is the colour map; default Viridis, or BlueWhiteRed if Diverging.
	Colors Colormap
	// BarName names the colour bar; default "attention weight".
	BarName string
	// Width of the figure in inches; 0: as the cells need, close to ColumnWidth
	// for small patterns and up to PageWidth for large ones.
	Width float64
	// Aspect is height/width of the data area; 0: square cells if T = S, else 0.62.
	Aspect float64
}

// Validate reports what is wrong with the figure's data or options.
func (m HeatMap) Validate() error {
	return invalid("HeatMap", m.validate())
}

func (m HeatMap) validate() error {
	if err := checkMatrix("Values", m.Values); err != nil {
		return err
	}
	rows, cols := len(m.Values), len(m.Values[0])
	if m.Tokens != nil && rows != cols {
		return fmt.Errorf("field Tokens labels both axes, but Values is %d×%d; use RowTokens and ColTokens", rows, cols)
	}
	if m.Diverging && (m.Scale != Linear || m.Min != -m.Max) {
		return fmt.Errorf("option Diverging needs a Linear scale and Min = −Max, got %v and [%g, %g]", m.Scale, m.Min, m.Max)
	}
	return cmp.Or(
		checkLabels("Tokens", m.Tokens, rows, "rows"),
		checkLabels("RowTokens", m.RowTokens, rows, "rows"),
		checkLabels("ColTokens", m.ColTokens, cols, "columns"),
		m.colorOptions().validate(),
		checkWidth(m.Width), checkAspect(m.Aspect),
	)
}

func (m HeatMap) colorOptions() colorOptions {
	return colorOptions{m.Scale, m.Min, m.Max, m.Colors}
}

// values yields what is drawn.
func (m HeatMap) values(yield func(float64) bool) {
	for t, row := range m.Values {
		for s, v := range row {
			if m.Causal && s > t {
				break
			}
			if !yield(v) {
				return
			}
		}
	}
}

// coloring is the map from values, of m and of any others, to colours.
func (m HeatMap) coloring(values func(yield func(float64) bool)) coloring {
	o := m.colorOptions()
	if m.Diverging {
		if o.colors.table == nil {
			o.colors = BlueWhiteRed
		}
		if o.min == o.max {
			for v := range values {
				if finite(v) {
					o.max = math.Max(o.max, math.Abs(v))
				}
			}
			if o.max == 0 {
				o.max = 1
			}
			o.min = -o.max
		}
	}
	return o.resolve(values)
}

// Figure lays the heat map out.
func (m HeatMap) Figure() (*Figure, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	colors := m.coloring(m.values)
	a := m.axes(colors)
	a.bar = &colorBar{colors, m.barName()}
	return newFigure(a, naturalWidth(len(m.Values[0]), m.Tokens != nil || m.ColTokens != nil), m.Width)
}

func (m HeatMap) barName() string { return cmp.Or(m.BarName, "attention weight") }

// axes is the heat map without its colour bar.
func (m HeatMap) axes(colors coloring) axes {
	missing, total := 0, 0
	for v := range m.values {
		total++
		if !finite(v) {
			missing++
		}
	}
	grid := m.cells(colors)
	a := axes{title: m.Title, aspect: cmp.Or(m.Aspect, 0.62), cells: grid, layers: []layer{grid}}
	rowTokens, colTokens := tokenLabels(m.RowTokens, m.Tokens), tokenLabels(m.ColTokens, m.Tokens)
	a.x = axis{side: bottom, span: cellSpan(grid.cols), name: m.ColName}
	a.y = axis{side: left, span: cellSpan(grid.rows), inverted: true, name: m.RowName}
	a.ticks = func(a *axes, w, h vg.Length) {
		cellTicks(&a.x, "key", colTokens, grid.cols, 1+m.ColOffset, w)
		cellTicks(&a.y, "query", rowTokens, grid.rows, 1+m.RowOffset, h)
		a.note = sentences(missingNote(missing, total, "are "+cmp.Or(m.Missing, "NaN or infinite")+" (grey)."), grid.note(w, h))
	}
	return a
}

// cells is the matrix of colours.
func (m HeatMap) cells(colors coloring) *cells {
	values := make([][]float64, len(m.Values))
	for t, row := range m.Values {
		values[t] = slices.Clone(row)
	}
	future := func(t, s int) bool { return m.Causal && s > t }
	at := func(t, s int) color.RGBA {
		if future(t, s) {
			return futureColor
		}
		return colors.at(values[t][s])
	}
	// Where pixels are fewer than cells, a pixel shows the largest of its
	// values: sampling or averaging would lose a sink, one column of hundreds.
	pooled := func(t0, t1, s0, s1 int) color.RGBA {
		if future(t1-1, s0) {
			return futureColor
		}
		best := math.NaN()
		for t := t0; t < t1; t++ {
			for s := s0; s < s1 && !future(t, s); s++ {
				v := values[t][s]
				switch {
				case !finite(v):
				case math.IsNaN(best), !m.Diverging && v > best, m.Diverging && math.Abs(v) > math.Abs(best):
					best = v
				}
			}
		}
		return colors.at(best)
	}
	rows, cols := len(values), len(values[0])
	return &cells{rows: rows, cols: cols, at: at, pooled: pooled, square: rows == cols && m.Aspect == 0}
}
