package plots

import (
	"cmp"
	"fmt"

	"gonum.org/v1/plot/vg"
)

// Grid is many heat maps side by side with one colour scale and one colour bar:
// the heads of a layer, or one head through the layers.
type Grid struct {
	// Title says what is seen in the whole grid.
	Title string
	// Panels are drawn row by row, from the top left.
	Panels []GridPanel
	// Columns is the number of panels in a row; 0: up to 4 panels in one row,
	// more as nearly in a square as goes with at most 6 in a row.
	Columns int
	// Map holds what the panels share: Causal, names, tokens, offsets, Scale,
	// Min, Max, Diverging, Colors, BarName. Its Title, Values, Width and Aspect
	// are not used. The colour range, if not given, is that of all panels together.
	Map HeatMap
	// Width of the figure in inches, at most; 0: PageWidth.
	Width float64
}

// GridPanel is one heat map of a [Grid].
type GridPanel struct {
	Title  string      // short: "L5 H3"
	Values [][]float64 // [T][S]
}

// Validate reports what is wrong with the figure's data or options.
func (g Grid) Validate() error { return invalid("Grid", g.validate()) }

func (g Grid) validate() error {
	if len(g.Panels) == 0 {
		return fmt.Errorf("no Panels; give at least one")
	}
	if g.Columns < 0 {
		return fmt.Errorf("%d Columns; use 0 for the default", g.Columns)
	}
	for i := range g.Panels {
		if err := g.panel(i).validate(); err != nil {
			return fmt.Errorf("panel %d (%q): %w", i+1, g.Panels[i].Title, err)
		}
	}
	return checkWidth(g.Width)
}

// panel is the i-th heat map.
func (g Grid) panel(i int) HeatMap {
	m := g.Map
	m.Title, m.Values, m.Width, m.Aspect = g.Panels[i].Title, g.Panels[i].Values, 0, 0
	return m
}

func (g Grid) columns() int {
	if g.Columns > 0 {
		return min(g.Columns, len(g.Panels))
	}
	n := min(4, len(g.Panels))
	for n < 6 && n*n < len(g.Panels) {
		n++
	}
	return n
}

// Figure lays the grid out.
func (g Grid) Figure() (*Figure, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	all := func(yield func(float64) bool) {
		for i := range g.Panels {
			for v := range g.panel(i).values {
				if !yield(v) {
					return
				}
			}
		}
	}
	colors := g.Map.coloring(all)
	cols := g.columns()
	rows := (len(g.Panels) + cols - 1) / cols
	t := table{
		title: g.Title,
		bar:   &colorBar{colors, g.Map.barName()},
		gapX:  7, gapY: 5,
	}
	for i := range rows {
		row := make([]node, cols)
		for j := range cols {
			if k := i*cols + j; k < len(g.Panels) {
				// Axes are labelled at the outer edges alone.
				row[j] = g.small(k, colors, j == 0, k+cols >= len(g.Panels))
			}
		}
		t.cells = append(t.cells, row)
	}
	first := t.cells[0][0].(axes).resolved(100, 100)
	t.xName, t.yName = first.x.name, first.y.name
	for i, row := range t.cells {
		for j, n := range row {
			if n != nil {
				t.cells[i][j] = unnamed(n.(axes))
			}
		}
	}
	return filling(t, cmp.Or(g.Width, PageWidth))
}

// small is the k-th panel, with tick labels where asked for.
func (g Grid) small(k int, colors coloring, left, bottom bool) axes {
	a := g.panel(k).axes(colors)
	a.small = true
	ticks := a.ticks
	a.ticks = func(a *axes, w, h vg.Length) {
		ticks(a, w, h)
		if !left {
			a.y.ticks = nil
		}
		if !bottom {
			a.x.ticks = nil
		}
	}
	return a
}

// unnamed is a without axis names: the grid has them once.
func unnamed(a axes) axes {
	ticks := a.ticks
	a.ticks = func(a *axes, w, h vg.Length) {
		ticks(a, w, h)
		a.x.name, a.y.name = "", ""
	}
	return a
}
