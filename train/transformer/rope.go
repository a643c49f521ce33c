package transformer

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// Frequencies returns the R/2 rotary frequencies θ_i = base^(−2i/R) of a kind of
// layer, in radians per position, after its scaling.
func (c *Config) Frequencies(k Kind) []float64 {
	r := c.RotaryWidth()
	freqs := make([]float64, r/2)
	if k.NoRope || c.LearnedPositions > 0 {
		return freqs // cos 0 = 1, sin 0 = 0: nothing turns
	}
	base, s, factors := c.RopeBase, c.RopeScale, c.RopeFactors
	if k.RopeBase != 0 {
		base, s, factors = k.RopeBase, k.RopeScale, nil
	}
	for i := range freqs {
		freqs[i] = math.Pow(base, -2*float64(i)/float64(r))
	}
	for i, factor := range factors {
		freqs[i] /= factor
	}
	if s == nil {
		return freqs
	}
	if s.OriginalContext == 0 {
		for i := range freqs {
			freqs[i] /= s.Factor
		}
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

// Rotations returns cos and sin of position · frequency for a kind of layer, each flat
// [len(positions), R/2]. The angle is taken in float64: at position 10⁵ a
// float32 angle would be off by 0.01 rad.
func (c *Config) Rotations(k Kind, positions []int32) (cos, sin []float32) {
	freqs := c.Frequencies(k)
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

// rotateKeys turns the keys of past and own tokens, each by where it stands.
func rotateKeys(in *Inputs, own *Node) *Node {
	cos, sin := in.Cos, in.Sin
	if in.KeyCos != nil {
		cos, sin = in.KeyCos, in.KeySin
	}
	return rotate(after(in.PastKey, own), cos, sin)
}

// rotate turns the pairs (i, i + R/2) of each head, R the width that the tables have,
// and leaves the rest. x is [B, T, heads, Dh]; cos and sin are [B or 1, T, R/2], or
// [B or 1, T, heads or 1, R/2].
func rotate(x, cos, sin *Node) *Node {
	half := cos.Shape().Dim(-1)
	part := func(r SliceAxisSpec) *Node { return Slice(x, AxisRange(), AxisRange(), AxisRange(), r) }
	a, b := part(AxisRange(0, half)), part(AxisRange(half, 2*half))
	if cos.Rank() == 3 {
		cos, sin = InsertAxes(cos, 2), InsertAxes(sin, 2)
	}
	turned := []*Node{Sub(Mul(a, cos), Mul(b, sin)), Add(Mul(b, cos), Mul(a, sin))}
	if 2*half < x.Shape().Dim(-1) {
		turned = append(turned, part(AxisRange(2*half)))
	}
	return Concatenate(turned, -1)
}
