package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// cells is a matrix of colours that fills the data area, row 0 on top unless
// flipped, every cell a block of whole device pixels in PNG output.
type cells struct {
	rows, cols int
	at         func(row, col int) color.RGBA
	// pooled is the colour of a block of cells, for matrices with more cells
	// than the data area has pixels. nil: such a matrix takes more room.
	pooled  func(row0, row1, col0, col1 int) color.RGBA
	flipped bool // row 0 at the bottom
	square  bool // cells as high as wide
}

// fit returns the largest data area up to w wide, of whole pixels per cell.
func (m *cells) fit(w vg.Length, aspect float64) (vg.Length, vg.Length) {
	cols, rows := m.grid(w, aspect)
	kx := max(1, math.Floor(float64(w/px)/float64(cols)+pixelSlack))
	ky := kx
	if !m.square {
		ky = max(1, math.Round(kx*float64(cols)*aspect/float64(rows)))
	}
	return px * vg.Length(kx*float64(cols)), px * vg.Length(ky*float64(rows))
}

// grid is the number of blocks in which the matrix is drawn in a width of w:
// its own columns and rows, or fewer where a pixel holds several cells.
func (m *cells) grid(w vg.Length, aspect float64) (cols, rows int) {
	pool := func(n int, room float64) int {
		per := int(math.Ceil(float64(n)/math.Max(1, math.Floor(room+pixelSlack)) - pixelSlack))
		return (n + per - 1) / per
	}
	room := float64(w / px)
	if m.pooled == nil {
		return m.cols, m.rows
	}
	cols = pool(m.cols, room)
	if m.square {
		return cols, pool(m.rows, room*float64(m.rows)/float64(m.cols))
	}
	return cols, pool(m.rows, room*aspect)
}

// perPixel returns how many cells share a pixel in each direction of a data
// area of that size.
func (m *cells) perPixel(size vg.Point) (x, y int) {
	per := func(n int, l vg.Length) int {
		if m.pooled == nil {
			return 1
		}
		return max(1, int(math.Ceil(float64(n)/math.Round(float64(l/px))-pixelSlack)))
	}
	return per(m.cols, size.X), per(m.rows, size.Y)
}

// image has one pixel for each block of cells.
func (m *cells) image(size vg.Point) *image.RGBA {
	kx, ky := m.perPixel(size)
	img := image.NewRGBA(image.Rect(0, 0, (m.cols+kx-1)/kx, (m.rows+ky-1)/ky))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			v := y
			if m.flipped {
				v = img.Rect.Dy() - 1 - y
			}
			if kx == 1 && ky == 1 {
				img.SetRGBA(x, y, m.at(v, x))
			} else {
				img.SetRGBA(x, y, m.pooled(ky*v, min(ky*v+ky, m.rows), kx*x, min(kx*x+kx, m.cols)))
			}
		}
	}
	return img
}

func (m *cells) draw(c *draw.Canvas, t transform) {
	c.DrawImage(t.area, m.image(t.area.Size()))
}

// note says what pooling hides.
func (m *cells) note(w, h vg.Length) string {
	x, y := m.perPixel(vg.Point{X: w, Y: h})
	if x == 1 && y == 1 {
		return ""
	}
	return fmt.Sprintf("Each pixel shows the largest of %d×%d values.", y, x)
}
