package plots

import (
	"encoding/hex"
	"image/color"
	"math"
	"sync"
)

// OkabeIto are the colours of series, in order: distinguishable under every
// common colour-vision deficiency (Okabe and Ito, "Color Universal Design",
// 2008). Yellow is left out: it is too light for lines on white.
var OkabeIto = []color.RGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermillion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0x1A, 0x1A, 0x1A, 0xFF}, // black
}

// Colormap turns a number in [0, 1] into a colour.
type Colormap struct {
	name  string
	table func() []color.RGBA
}

// String returns the map's name.
func (m Colormap) String() string { return m.name }

// At returns the colour of t, clamped to [0, 1]: entry ⌊t·n⌋ of n colours.
// NaN is grey, as missing values are.
func (m Colormap) At(t float64) color.RGBA {
	if math.IsNaN(t) {
		return missingColor
	}
	table := m.table()
	i := int(math.Max(0, math.Min(1, t)) * float64(len(table)))
	return table[min(i, len(table)-1)]
}

// shades is the number of colours of a map: neighbours are told apart by no
// eye, and half of the 256 colours of a paletted PNG are left for the text.
const shades = 128

// Viridis is perceptually uniform, safe for colour-blind readers, and monotone
// in lightness, so that it survives greyscale printing.
var Viridis = Colormap{"viridis", sync.OnceValue(func() []color.RGBA {
	raw, err := hex.DecodeString(viridisHex)
	if err != nil {
		panic(err) // the constant below is malformed
	}
	table := make([]color.RGBA, shades)
	for i := range table {
		rgb := raw[3*((2*255*i+shades-1)/(2*(shades-1))):]
		table[i] = color.RGBA{rgb[0], rgb[1], rgb[2], 0xFF}
	}
	return table
})}

// BlueWhiteRed is for differences: both ends are equally dark, the middle is
// white. Lightness and chroma are linear in Oklab (Ottosson 2020), so that
// equal differences look equal on both sides of zero.
var BlueWhiteRed = Colormap{"blue–white–red", sync.OnceValue(func() []color.RGBA {
	const n = shades + 1 // odd: exactly one white entry
	const darkest, chroma = 0.46, 0.17
	table := make([]color.RGBA, n)
	for i := range table {
		t := 2*float64(i)/(n-1) - 1
		hue := 255 * math.Pi / 180 // blue
		if t > 0 {
			hue = 27 * math.Pi / 180 // red
		}
		s := math.Abs(t)
		table[i] = oklab(1-(1-darkest)*s, chroma*s*math.Cos(hue), chroma*s*math.Sin(hue))
	}
	return table
})}

// oklab converts a colour of the Oklab space to sRGB, clipped to its gamut.
func oklab(L, a, b float64) color.RGBA {
	cube := func(x float64) float64 { return x * x * x }
	l := cube(L + 0.3963377774*a + 0.2158037573*b)
	m := cube(L - 0.1055613458*a - 0.0638541728*b)
	s := cube(L - 0.0894841775*a - 1.2914855480*b)
	channel := func(x float64) uint8 {
		x = math.Max(0, math.Min(1, x))
		if x <= 0.0031308 {
			x *= 12.92
		} else {
			x = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		return uint8(math.Round(255 * x))
	}
	return color.RGBA{
		channel(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		channel(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		channel(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
		0xFF,
	}
}

// viridisHex holds the 256 colours of viridis, RRGGBB each (Smith, van der Walt
// and Firing 2015; dedicated to the public domain under CC0).
const viridisHex = "" +
	"44015444025645045745055946075a46085c460a5d460b5e470d60470e61471063471164471365481467481668481769" +
	"48186a481a6c481b6d481c6e481d6f481f70482071482173482374482475482576482677482878482979472a7a472c7a" +
	"472d7b472e7c472f7d46307e46327e46337f463480453581453781453882443983443a83443b84433d84433e85423f85" +
	"4240864241864142874144874045884046883f47883f48893e49893e4a893e4c8a3d4d8a3d4e8a3c4f8a3c508b3b518b" +
	"3b528b3a538b3a548c39558c39568c38588c38598c375a8c375b8d365c8d365d8d355e8d355f8d34608d34618d33628d" +
	"33638d32648e32658e31668e31678e31688e30698e306a8e2f6b8e2f6c8e2e6d8e2e6e8e2e6f8e2d708e2d718e2c718e" +
	"2c728e2c738e2b748e2b758e2a768e2a778e2a788e29798e297a8e297b8e287c8e287d8e277e8e277f8e27808e26818e" +
	"26828e26828e25838e25848e25858e24868e24878e23888e23898e238a8d228b8d228c8d228d8d218e8d218f8d21908d" +
	"21918c20928c20928c20938c1f948c1f958b1f968b1f978b1f988b1f998a1f9a8a1e9b8a1e9c891e9d891f9e891f9f88" +
	"1fa0881fa1881fa1871fa28720a38620a48621a58521a68522a78522a88423a98324aa8325ab8225ac8226ad8127ad81" +
	"28ae8029af7f2ab07f2cb17e2db27d2eb37c2fb47c31b57b32b67a34b67935b77937b87838b9773aba763bbb753dbc74" +
	"3fbc7340bd7242be7144bf7046c06f48c16e4ac16d4cc26c4ec36b50c46a52c56954c56856c66758c7655ac8645cc863" +
	"5ec96260ca6063cb5f65cb5e67cc5c69cd5b6ccd5a6ece5870cf5773d05675d05477d1537ad1517cd2507fd34e81d34d" +
	"84d44b86d54989d5488bd6468ed64590d74393d74195d84098d83e9bd93c9dd93ba0da39a2da37a5db36a8db34aadc32" +
	"addc30b0dd2fb2dd2db5de2bb8de29bade28bddf26c0df25c2df23c5e021c8e020cae11fcde11dd0e11cd2e21bd5e21a" +
	"d8e219dae319dde318dfe318e2e418e5e419e7e419eae51aece51befe51cf1e51df4e61ef6e620f8e621fbe723fde725"
