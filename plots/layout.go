package plots

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// node is a part of a figure: a data area, and ink around it.
type node interface {
	// fit returns the size of the data area when it may be at most w wide.
	fit(w vg.Length) (dataW, dataH vg.Length)
	// stretches reports whether draw takes data areas taller than fit says.
	stretches() bool
	// margins returns how far ink reaches out of a data area of that size.
	margins(dataW, dataH vg.Length) margins
	draw(c *draw.Canvas, data vg.Rectangle)
}

type margins struct{ left, right, top, bottom vg.Length }

func (m margins) union(o margins) margins {
	return margins{max(m.left, o.left), max(m.right, o.right), max(m.top, o.top), max(m.bottom, o.bottom)}
}

func (m margins) snap() margins {
	return margins{snapUp(m.left), snapUp(m.right), snapUp(m.top), snapUp(m.bottom)}
}

// Lengths that went through arithmetic are a hair off whole pixels.
const pixelSlack = 1e-6

func snapUp(l vg.Length) vg.Length {
	return px * vg.Length(math.Ceil(float64(l/px)-pixelSlack))
}

func snapDown(l vg.Length) vg.Length {
	return px * vg.Length(math.Floor(float64(l/px)+pixelSlack))
}

// table arranges nodes in rows and columns with their data areas aligned:
// left edges in a column, top edges in a row.
type table struct {
	cells      [][]node // nil where empty
	gapX, gapY vg.Length
	title      string
	xName      string // below the whole table
	yName      string // left of the whole table
	bar        *colorBar
}

// arrangement is a table's layout for a given width.
type arrangement struct {
	colX, colW []vg.Length // data areas, from the table's left edge
	rowY, rowH []vg.Length // data areas, from the table's top edge downwards
	left, top  []vg.Length // margins of columns and of rows
	outer      margins     // of the outermost cells
}

func (t table) arrange(w vg.Length) arrangement {
	rows, cols := len(t.cells), len(t.cells[0])
	a := arrangement{
		colX: make([]vg.Length, cols), colW: make([]vg.Length, cols),
		rowY: make([]vg.Length, rows), rowH: make([]vg.Length, rows),
	}
	colM, rowM := make([]margins, cols), make([]margins, rows)
	// Margins depend on the data areas and these on the margins.
	for range 3 {
		room := w - vg.Length(cols-1)*t.gapX
		for j := range cols - 1 {
			room -= colM[j].right + colM[j+1].left
		}
		clear(a.rowH)
		for j := range cols {
			a.colW[j] = 0
			share := max(snapDown(room/vg.Length(cols)), 12*px)
			for i := range rows {
				if n := t.cells[i][j]; n != nil {
					cw, ch := n.fit(share)
					a.colW[j], a.rowH[i] = max(a.colW[j], cw), max(a.rowH[i], ch)
				}
			}
		}
		clear(colM)
		clear(rowM)
		for i := range rows {
			for j := range cols {
				if n := t.cells[i][j]; n != nil {
					m := n.margins(t.cellSize(n, a.colW[j], a.rowH[i])).snap()
					colM[j], rowM[i] = colM[j].union(m), rowM[i].union(m)
				}
			}
		}
	}
	for j := 1; j < cols; j++ {
		a.colX[j] = a.colX[j-1] + a.colW[j-1] + colM[j-1].right + snapUp(t.gapX) + colM[j].left
	}
	for i := 1; i < rows; i++ {
		a.rowY[i] = a.rowY[i-1] + a.rowH[i-1] + rowM[i-1].bottom + snapUp(t.gapY) + rowM[i].top
	}
	for _, m := range colM {
		a.left = append(a.left, m.left)
	}
	for _, m := range rowM {
		a.top = append(a.top, m.top)
	}
	a.outer = margins{left: colM[0].left, right: colM[cols-1].right, top: rowM[0].top, bottom: rowM[rows-1].bottom}
	return a
}

// cellSize is the data area that n gets in a column w wide and a row h tall.
func (t table) cellSize(n node, w, h vg.Length) (vg.Length, vg.Length) {
	if n.stretches() {
		return w, h
	}
	return n.fit(w)
}

func (t table) fit(w vg.Length) (vg.Length, vg.Length) {
	a := t.arrange(w)
	cols, rows := len(a.colX)-1, len(a.rowY)-1
	return a.colX[cols] + a.colW[cols], a.rowY[rows] + a.rowH[rows]
}

func (t table) stretches() bool { return false }

var (
	titleStyle = textStyle{size: titleSize, bold: true, color: inkColor}
	labelStyle = textStyle{size: labelSize, color: inkColor}
	tickStyle  = textStyle{size: tickSize, color: inkColor}
	noteStyle  = textStyle{size: noteSize, color: noteColor}
)

// Distances from the cells' own ink to the table's.
func (t table) margins(w, h vg.Length) margins {
	m := t.arrange(w).outer
	if t.xName != "" {
		m.bottom += gapLabel + labelSize
	}
	if t.yName != "" {
		m.left += gapLabel + labelSize
	}
	if t.bar != nil {
		m.right += t.bar.width(h)
	}
	if t.title != "" {
		m.top += gapTitle + titleStyle.height(titleStyle.wrap(t.title, w+m.right)) + titleSize*0.2
	}
	return m.snap()
}

func (t table) draw(c *draw.Canvas, data vg.Rectangle) {
	w, h := data.Size().X, data.Size().Y
	a, m := t.arrange(w), t.margins(w, h)
	for i, row := range t.cells {
		for j, n := range row {
			if n == nil {
				continue
			}
			cw, ch := t.cellSize(n, a.colW[j], a.rowH[i])
			corner := vg.Point{X: data.Min.X + a.colX[j], Y: data.Max.Y - a.rowY[i]}
			n.draw(c, rect(corner.X, corner.Y-ch, cw, ch))
			if l, ok := n.(lettered); ok {
				l.drawLetter(c, corner.Add(vg.Point{X: -a.left[j], Y: a.top[i]}))
			}
		}
	}
	mid := data.Min.Add(data.Max).Scale(0.5)
	if t.xName != "" {
		st := labelStyle
		st.xAlign, st.yAlign = 0.5, 1
		drawText(c, st, vg.Point{X: mid.X, Y: data.Min.Y - a.outer.bottom - gapLabel}, t.xName)
	}
	if t.yName != "" {
		st := labelStyle
		st.xAlign, st.rotate = 0.5, true
		drawText(c, st, vg.Point{X: data.Min.X - a.outer.left - gapLabel, Y: mid.Y}, t.yName)
	}
	if t.bar != nil {
		bar := data
		bar.Min.X += a.outer.right
		bar.Max.X += a.outer.right
		t.bar.draw(c, bar)
	}
	if t.title != "" {
		drawText(c, titleStyle, vg.Point{X: data.Min.X, Y: data.Max.Y + a.outer.top + gapTitle}, titleStyle.wrap(t.title, w+m.right))
	}
}
