package plots

import (
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// painted has the colours in turn, each over two pixels more than the one before.
func painted(colors []color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, len(colors), len(colors)))
	for y := range len(colors) {
		for x := range len(colors) {
			img.SetRGBA(x, y, colors[len(colors)-1-min(x, y)])
		}
	}
	return img
}

func TestCompactMovesNoChannelFarAndNoGreyToAHue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	near := func(n, spread int) []color.RGBA { // n colours around sixteen hues, half of them greys
		var out []color.RGBA
		for i := 0; len(out) < n; i++ {
			base := uint8(16 * (i % 16))
			c := color.RGBA{base, 255 - base, base / 2, 255}
			if i%2 == 0 {
				c = color.RGBA{base, base, base, 255}
			}
			jitter := func(v uint8) uint8 { return uint8(min(255, int(v)+r.IntN(spread))) }
			c.R, c.G, c.B = jitter(c.R), jitter(c.G), jitter(c.B)
			if i%4 == 0 {
				c.G, c.B = c.R, c.R
			}
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
		return out
	}
	hues := func(n int) []color.RGBA {
		out := make([]color.RGBA, n)
		for i := range out {
			out[i] = color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255}
		}
		return out
	}
	for name, test := range map[string]struct {
		colors []color.RGBA
		shift  int // allowed; -1: returned as it is
	}{
		"256 hold them": {near(200, 8), 0},
		"shades":        {near(400, 12), maxShift + greySlack},
		"too many":      {hues(900), -1},
	} {
		t.Run(name, func(t *testing.T) {
			img := painted(test.colors)
			out := compact(img)
			if test.shift < 0 {
				require.Same(t, img, out)
				return
			}
			require.IsType(t, &image.Paletted{}, out)
			for i := range test.colors {
				k := len(test.colors) - 1 - i
				was, is := img.RGBAAt(k, k), out.At(k, k).(color.RGBA)
				require.LessOrEqual(t, colorShift(was, is), test.shift, "%v became %v", was, is)
				if i >= len(test.colors)-keptColors {
					require.Equal(t, was, is, "the commonest stay")
				}
			}
		})
	}
}
