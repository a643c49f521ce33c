package plots

import (
	"image"
	"image/color"
	"image/draw"
)

// compact returns the image as a paletted one if 256 colours hold it, which
// makes the PNG of a heat map two to three times smaller: notebooks keep their
// figures in git. Greys that only smooth the edges of text are rounded to 1 in
// 8 where that helps; the colours of cells are never changed.
func compact(img draw.Image) image.Image {
	bounds := img.Bounds()
	for _, round := range []func(color.RGBA) color.RGBA{
		func(c color.RGBA) color.RGBA { return c },
		roundGrey,
	} {
		out := image.NewPaletted(bounds, nil)
		index := map[color.RGBA]uint8{}
		if fill(out, img, index, round) {
			return out
		}
	}
	return img
}

func fill(out *image.Paletted, img draw.Image, index map[color.RGBA]uint8, round func(color.RGBA) color.RGBA) bool {
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		for x := out.Rect.Min.X; x < out.Rect.Max.X; x++ {
			c := round(color.RGBAModel.Convert(img.At(x, y)).(color.RGBA))
			i, ok := index[c]
			if !ok {
				if len(out.Palette) == 256 {
					return false
				}
				i = uint8(len(out.Palette))
				index[c] = i
				out.Palette = append(out.Palette, c)
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return true
}

func roundGrey(c color.RGBA) color.RGBA {
	if c.R != c.G || c.G != c.B || c.R == 0xFF || c == missingColor || c == futureColor {
		return c
	}
	v := c.R&^7 | 4
	return color.RGBA{v, v, v, 0xFF}
}
