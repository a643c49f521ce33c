package plots

import (
	"cmp"
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Panel puts figures side by side or below one another, with the edges of their
// data areas aligned.
type Panel struct {
	// Title stands over the whole.
	Title string
	// Figures are placed row by row, from the top left. A nil leaves a place empty.
	Figures []*Figure
	// Columns is the number of figures in a row; 0: all in one row.
	Columns int
	// NoLetters leaves out (a), (b), … before the figures.
	NoLetters bool
	// Width in inches, at most; 0: PageWidth, or ColumnWidth for one column.
	Width float64
}

// Add puts the figure that was just made into the next place: panel.Add(lines.Figure()).
func (p *Panel) Add(f *Figure, err error) error {
	if err == nil {
		p.Figures = append(p.Figures, f)
	}
	return err
}

// Validate reports what is wrong with the panel.
func (p Panel) Validate() error {
	some := false
	for _, f := range p.Figures {
		some = some || f != nil
	}
	if !some {
		return invalid("Panel", fmt.Errorf("no Figures; give at least one"))
	}
	if p.Columns < 0 {
		return invalid("Panel", fmt.Errorf("%d Columns; use 0 for one row", p.Columns))
	}
	return invalid("Panel", checkWidth(p.Width))
}

// Figure lays the panel out.
func (p Panel) Figure() (*Figure, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	cols := p.Columns
	if cols == 0 || cols > len(p.Figures) {
		cols = len(p.Figures)
	}
	t := table{title: p.Title, gapX: gapPanel, gapY: gapPanel}
	letter := 'a'
	for i := 0; i < len(p.Figures); i += cols {
		row := make([]node, cols)
		for j := range row {
			if i+j >= len(p.Figures) || p.Figures[i+j] == nil {
				continue
			}
			row[j] = p.Figures[i+j].root
			if !p.NoLetters {
				row[j] = lettered{row[j], fmt.Sprintf("(%c)", letter)}
				letter++
			}
		}
		t.cells = append(t.cells, row)
	}
	width := PageWidth
	if cols == 1 {
		width = ColumnWidth
	}
	return filling(t, cmp.Or(p.Width, width))
}

// lettered is a node with room for a letter at its top left corner.
type lettered struct {
	node
	letter string
}

var letterStyle = textStyle{size: letterSize, bold: true, color: inkColor}

func (l lettered) margins(w, h vg.Length) margins {
	m := l.node.margins(w, h)
	m.top = max(m.top, letterSize+gapTitle)
	m.left = max(m.left, letterStyle.width(l.letter)+4)
	return m.snap()
}

// drawLetter draws the letter below and right of pt, the corner of the row and
// the column, so that letters stand in line.
func (l lettered) drawLetter(c *draw.Canvas, pt vg.Point) {
	st := letterStyle
	st.yAlign = 1
	drawText(c, st, pt.Sub(vg.Point{Y: 0.2 * titleSize}), l.letter)
}
