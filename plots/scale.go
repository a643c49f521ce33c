package plots

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Scale says how numbers are spread over an axis or a colour bar.
type Scale int

const (
	Linear Scale = iota
	// Log is logarithmic, with ticks at powers of ten. Values ≤ 0 have no
	// place on a Log axis (they are gaps); on a colour bar they take the colour
	// of its lower end.
	Log
	// Log2 is logarithmic, with ticks at powers of two: context lengths.
	Log2
	// Sqrt shows small values without stretching them as Log does; negative
	// values are treated as Log treats them.
	Sqrt
)

var scaleNames = []string{"Linear", "Log", "Log2", "Sqrt"}

// String returns the scale's name.
func (s Scale) String() string {
	if s < 0 || int(s) >= len(scaleNames) {
		return "Scale(" + strconv.Itoa(int(s)) + ")"
	}
	return scaleNames[s]
}

func (s Scale) validate() error {
	if s < 0 || int(s) >= len(scaleNames) {
		return fmt.Errorf("unknown scale %v; use Linear, Log, Log2 or Sqrt", s)
	}
	return nil
}

// forward is the function under which equal distances are equal on paper.
func (s Scale) forward(v float64) float64 {
	switch s {
	case Log, Log2:
		return math.Log(v)
	case Sqrt:
		return math.Sqrt(v)
	}
	return v
}

func (s Scale) inverse(v float64) float64 {
	switch s {
	case Log, Log2:
		return math.Exp(v)
	case Sqrt:
		return v * v
	}
	return v
}

// shows reports whether v has a place on the scale.
func (s Scale) shows(v float64) bool {
	switch {
	case !finite(v):
		return false
	case s == Log || s == Log2:
		return v > 0
	case s == Sqrt:
		return v >= 0
	}
	return true
}

// span is a scale with its ends, lo < hi.
type span struct {
	scale  Scale
	lo, hi float64
}

// norm maps [lo, hi] onto [0, 1].
func (s span) norm(v float64) float64 {
	lo, hi := s.scale.forward(s.lo), s.scale.forward(s.hi)
	return (s.scale.forward(v) - lo) / (hi - lo)
}

// holds reports whether a value lies on the axis.
func (s span) holds(v float64) bool {
	at := s.norm(v)
	return at >= -1e-9 && at <= 1+1e-9
}

// beyond counts the finite values, and those of them that the axis does not reach.
func (s span) beyond(lists ...[]float64) (beyond, total int) {
	for _, v := range slices.Concat(lists...) {
		if !finite(v) {
			continue
		}
		if total++; !s.holds(v) {
			beyond++
		}
	}
	return beyond, total
}

// at is the inverse of norm.
func (s span) at(t float64) float64 {
	lo, hi := s.scale.forward(s.lo), s.scale.forward(s.hi)
	return s.scale.inverse(lo + t*(hi-lo))
}

// opened returns a span that is not a single point.
func (s span) opened() span {
	if s.lo < s.hi {
		return s
	}
	switch {
	case s.scale == Log || s.scale == Log2:
		s.lo, s.hi = s.lo/2, s.hi*2
	case s.lo == 0:
		s.hi = 1
	default:
		d := math.Abs(s.lo) / 10
		s.lo, s.hi = s.lo-d, s.hi+d
		if s.scale == Sqrt {
			s.lo = max(s.lo, 0)
		}
	}
	return s
}

// tick is a mark on an axis; without a label it is a minor one.
type tick struct {
	value float64
	label string
}

// ticks returns marks within the span, about n of them with labels.
func (s span) ticks(n int) []tick {
	switch {
	case s.scale == Log2:
		return powerTicks(s.lo, s.hi, 2, n)
	case s.scale == Log && s.hi/s.lo > 12:
		return powerTicks(s.lo, s.hi, 10, n)
	case s.scale == Sqrt:
		return sqrtTicks(s.lo, s.hi, n)
	}
	return niceTicks(s.lo, s.hi, n)
}

// niceTicks are at multiples of 1, 2 or 5 times a power of ten, with as many
// decimals as tell them apart.
func niceTicks(lo, hi float64, n int) []tick {
	step := niceStep((hi - lo) / float64(max(n, 1)))
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	eps := step * 1e-9
	var out []tick
	for i := math.Ceil((lo - eps) / step); i*step <= hi+eps; i++ {
		out = append(out, tick{i * step, number(i*step, decimals)})
	}
	return out
}

// niceStep is the smallest of 1, 2, 5 times a power of ten that is ≥ s.
func niceStep(s float64) float64 {
	mag := math.Pow(10, math.Floor(math.Log10(s)))
	for _, k := range []float64{1, 2, 5} {
		if k*mag >= s*(1-1e-9) {
			return k * mag
		}
	}
	return 10 * mag
}

// powerTicks are at powers of base; every k-th is labelled, so that at most n
// are. Powers of ten have minor ticks at their multiples.
func powerTicks(lo, hi, base float64, n int) []tick {
	b := math.Log(base)
	first, last := int(math.Ceil(math.Log(lo)/b-1e-9)), int(math.Floor(math.Log(hi)/b+1e-9))
	every := max(1, (last-first+max(n, 1))/max(n, 1))
	var out []tick
	for e := first - 1; e <= last; e++ {
		v := math.Pow(base, float64(e))
		if e >= first {
			t := tick{value: v}
			if (last-e)%every == 0 {
				t.label = power(v, int(base), e, lo, hi)
			}
			out = append(out, t)
		}
		for k := 2.0; base == 10 && every == 1 && k < 10; k++ {
			if k*v < lo || k*v > hi {
				continue
			}
			t := tick{value: k * v}
			if last-first < 2 && n > 4 && (k == 2 || k == 5) {
				t.label = number(k*v, max(0, -e)) // too few powers of ten to read values by
			}
			out = append(out, t)
		}
	}
	return out
}

// sqrtTicks are 1, 2 and 5 times powers of ten, and 0, as far as they keep
// apart by 1/n of the axis.
func sqrtTicks(lo, hi float64, n int) []tick {
	out := []tick{}
	apart := 1 / float64(n+1)
	root := func(v float64) float64 { return (math.Sqrt(v) - math.Sqrt(lo)) / (math.Sqrt(hi) - math.Sqrt(lo)) }
	last := 2.0
	for e := int(math.Floor(math.Log10(hi))); e > -12 && last > apart; e-- {
		for _, k := range []float64{5, 2, 1} {
			v := k * math.Pow(10, float64(e))
			at := root(v)
			if v > hi*(1+1e-9) || v < lo*(1-1e-9) || last-at < apart || lo == 0 && at < apart {
				continue
			}
			out, last = append(out, tick{v, number(v, max(0, -e))}), at
		}
	}
	if lo == 0 {
		out = append(out, tick{0, "0"})
	}
	return out
}

// power writes base^e: in full where all of [lo, hi] reads well so.
func power(v float64, base, e int, lo, hi float64) string {
	switch {
	case base == 2 && e >= 0 && hi < 1e6, base == 10 && lo >= 0.0009 && hi < 2e4:
		return number(v, max(0, -e))
	case base == 10 && e == 0:
		return "1"
	}
	return strconv.Itoa(base) + superscript(e)
}

func superscript(e int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").
		Replace(strconv.Itoa(e))
}

// number writes v with the given decimals, and as a power of ten where digits
// would not fit.
func number(v float64, decimals int) string {
	if v == 0 && decimals > 4 {
		return "0"
	}
	if a := math.Abs(v); a >= 1e7 || a > 0 && decimals > 4 {
		e := int(math.Floor(math.Log10(a) + 1e-9))
		mantissa := strconv.FormatFloat(v/math.Pow(10, float64(e)), 'g', 3, 64)
		if mantissa == "1" {
			return "10" + superscript(e)
		}
		return strings.Replace(mantissa, "-", "−", 1) + "×10" + superscript(e)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}
