package plots

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// An image here has one pixel per cell (of a pattern, or of a colour bar). It
// must reach the reader as solid blocks: gonum's canvases interpolate, which
// blurs cells into each other.

// pixelCanvas copies images pixel by pixel to the nearest device pixels.
type pixelCanvas struct{ *vgimg.Canvas }

// DrawImage fills r with img, each pixel a solid block.
func (c pixelCanvas) DrawImage(r vg.Rectangle, img image.Image) {
	dst, src := c.Image(), img.Bounds()
	device := func(l vg.Length) int { return int(math.Round(l.Dots(c.DPI()))) }
	bottom := dst.Bounds().Dy()
	x0, x1 := device(r.Min.X), device(r.Max.X)
	y0, y1 := bottom-device(r.Max.Y), bottom-device(r.Min.Y)
	for y := y0; y < y1; y++ {
		sy := src.Min.Y + (2*(y-y0)+1)*src.Dy()/(2*(y1-y0))
		for x := x0; x < x1; x++ {
			sx := src.Min.X + (2*(x-x0)+1)*src.Dx()/(2*(x1-x0))
			dst.Set(x, y, img.At(sx, sy))
		}
	}
}

// vectorCanvas enlarges images to blocks of k×k pixels before they are
// embedded, so that readers which interpolate blur only the k-th part of a cell.
type vectorCanvas struct{ vg.CanvasSizer }

// blockPixels is the size to which embedded images are enlarged, at least.
const blockPixels = 720

// DrawImage fills r with img, each pixel a solid block.
func (c vectorCanvas) DrawImage(r vg.Rectangle, img image.Image) {
	b := img.Bounds()
	kx, ky := max(1, blockPixels/b.Dx()), max(1, blockPixels/b.Dy())
	if b.Dx() == 1 {
		kx = 1
	}
	if b.Dy() == 1 {
		ky = 1
	}
	seen := map[color.Color]uint8{}
	var palette color.Palette
	index := func(v color.Color) (uint8, bool) {
		i, ok := seen[v]
		if !ok && len(palette) < 256 {
			i, ok = uint8(len(palette)), true
			seen[v], palette = i, append(palette, v)
		}
		return i, ok
	}
	// Up to 256 colours, which is what one colour map has, make a paletted
	// image of a third of the size.
	paletted := image.NewPaletted(image.Rect(0, 0, kx*b.Dx(), ky*b.Dy()), nil)
	for y := range b.Dy() {
		for x := range b.Dx() {
			i, ok := index(img.At(b.Min.X+x, b.Min.Y+y))
			if !ok {
				c.CanvasSizer.DrawImage(r, enlarge(img, kx, ky))
				return
			}
			for v := range ky {
				for u := range kx {
					paletted.SetColorIndex(kx*x+u, ky*y+v, i)
				}
			}
		}
	}
	paletted.Palette = palette
	c.CanvasSizer.DrawImage(r, paletted)
}

func enlarge(img image.Image, kx, ky int) image.Image {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, kx*b.Dx(), ky*b.Dy()))
	for y := range out.Bounds().Dy() {
		for x := range out.Bounds().Dx() {
			out.Set(x, y, img.At(b.Min.X+x/kx, b.Min.Y+y/ky))
		}
	}
	return out
}

func rect(x, y, w, h vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + w, Y: y + h}}
}

func fillRect(c *draw.Canvas, clr color.Color, r vg.Rectangle) {
	c.SetColor(clr)
	c.Fill(r.Path())
}

func strokeRect(c *draw.Canvas, clr color.Color, width vg.Length, r vg.Rectangle) {
	c.SetLineStyle(line(clr, width))
	c.Stroke(r.Path())
}

// strokeFrame outlines r on the device pixels just outside it.
func strokeFrame(c *draw.Canvas, r vg.Rectangle) {
	const half = frameWidth / 2
	strokeRect(c, frameColor, frameWidth, rect(r.Min.X-half, r.Min.Y-half, r.Size().X+2*half, r.Size().Y+2*half))
}

// within returns c limited to r, for clipping.
func within(c *draw.Canvas, r vg.Rectangle) *draw.Canvas {
	return &draw.Canvas{Canvas: c.Canvas, Rectangle: r}
}
