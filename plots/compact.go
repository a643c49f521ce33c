package plots

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"maps"
	"slices"
)

// A PNG of at most 256 colours is two to four times smaller, and notebooks keep their figures in
// git. Most colours of a figure only smooth edges: they are rare, and each lies near a common one.
const (
	paletteSize = 256
	// maxShift is how far, of 255, a channel of a rare colour may move, and greySlack how much
	// farther a grey: on the edges of lines and letters that cannot be seen.
	maxShift, greySlack = 16, 7
	// keptColors is how many of the commonest colours, those of areas, never move.
	keptColors = 64
)

// compact returns the image with a palette: with all of its colours if 256 hold them, else with
// the commonest, so chosen that no channel of any pixel moves by more than the least shift that
// will do, which for a heat map is 0 in its cells. Greys move to greys only, or grid lines would
// be tinted. An image that would need more than maxShift is returned as it is.
func compact(img draw.Image) image.Image {
	bounds := img.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA) }
	count := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(packed(a), packed(b)))
	})
	if len(colors) <= paletteSize {
		return paletted(bounds, at, colors, colors)
	}
	for shift := range maxShift + 1 {
		if palette := commonest(colors, shift); palette != nil {
			return paletted(bounds, at, colors, palette)
		}
	}
	return img
}

// commonest returns those of the colours, the commonest first, from one of which every colour is at
// most shift away, or nil if they are more than a palette holds.
func commonest(colors []color.RGBA, shift int) []color.RGBA {
	var palette []color.RGBA
	for i, c := range colors {
		allowed := shift
		if isGrey(c) {
			allowed += greySlack
		}
		near := func(p color.RGBA) bool { return colorShift(p, c) <= allowed }
		if i >= keptColors && slices.ContainsFunc(palette, near) {
			continue
		}
		if len(palette) == paletteSize {
			return nil
		}
		palette = append(palette, c)
	}
	return palette
}

func paletted(bounds image.Rectangle, at func(x, y int) color.RGBA, colors, palette []color.RGBA) image.Image {
	index := map[color.RGBA]uint8{}
	for _, c := range colors {
		nearest := slices.MinFunc(palette, func(a, b color.RGBA) int { return colorShift(a, c) - colorShift(b, c) })
		index[c] = uint8(slices.Index(palette, nearest))
	}
	out := image.NewPaletted(bounds, nil)
	for _, c := range palette {
		out.Palette = append(out.Palette, c)
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return out
}

// colorShift returns the largest difference of a channel; a grey and a hue have nothing in common.
func colorShift(a, b color.RGBA) int {
	if isGrey(a) != isGrey(b) {
		return 256
	}
	return max(absDiff(a.R, b.R), absDiff(a.G, b.G), absDiff(a.B, b.B), absDiff(a.A, b.A))
}

func isGrey(c color.RGBA) bool { return c.R == c.G && c.G == c.B }

func absDiff(a, b uint8) int { return int(max(a, b) - min(a, b)) }

func packed(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
