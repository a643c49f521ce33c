package transformer

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Frequencies returns the Dh/2 rotary frequencies θ_i = base^(−2i/Dh), in
// radians per position, after the configuration's scaling.
func (c *Config) Frequencies() []float64 {
	half := c.HeadDim / 2
	freqs := make([]float64, half)
	for i := range freqs {
		freqs[i] = math.Pow(c.RopeBase, -2*float64(i)/float64(c.HeadDim))
	}
	for i, factor := range c.RopeFactors {
		freqs[i] /= factor
	}
	s := c.RopeScale
	if s == nil {
		return freqs
	}
	longest := float64(s.OriginalContext) / s.LowFreqFactor
	shortest := float64(s.OriginalContext) / s.HighFreqFactor
	for i, f := range freqs {
		wavelength := 2 * math.Pi / f
		switch {
		case wavelength < shortest:
		case wavelength > longest:
			freqs[i] = f / s.Factor
		default:
			smooth := (float64(s.OriginalContext)/wavelength - s.LowFreqFactor) / (s.HighFreqFactor - s.LowFreqFactor)
			freqs[i] = (1-smooth)*f/s.Factor + smooth*f
		}
	}
	return freqs
}

// Rotations returns cos and sin of position · frequency, each flat
// [len(positions), Dh/2]. The angle is taken in float64: at position 10⁵ a
// float32 angle would be off by 0.01 rad.
func (c *Config) Rotations(positions []int32) (cos, sin []float32) {
	freqs := c.Frequencies()
	cos = make([]float32, 0, len(positions)*len(freqs))
	sin = make([]float32, 0, len(positions)*len(freqs))
	for _, p := range positions {
		for _, f := range freqs {
			s, co := math.Sincos(float64(p) * f)
			cos, sin = append(cos, float32(co)), append(sin, float32(s))
		}
	}
	return cos, sin
}

// rotate turns the pairs (i, i + Dh/2) of each head. x is [B, T, heads, Dh]; cos
// and sin are [B or 1, T, Dh/2].
func rotate(x, cos, sin *Node) *Node {
	half := x.Shape().Dim(-1) / 2
	a := Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisRange(0, half))
	b := Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisRange(half))
	cos, sin = InsertAxes(cos, 2), InsertAxes(sin, 2)
	return Concatenate([]*Node{
		Sub(Mul(a, cos), Mul(b, sin)),
		Add(Mul(b, cos), Mul(a, sin)),
	}, -1)
}
