package main

import (
	"fmt"
	"math"
	"slices"
)

// ratio is a speed or size relative to a peer's, measured side by side.
type ratio struct {
	median, min, max float64 // of a/b over the rounds
	a, b             float64 // medians of the two sides
	rounds           int
}

// pairedRatio divides a by b round by round. The median over rounds is not moved by
// one that something else on the machine disturbed.
func pairedRatio(a, b []float64) (ratio, error) {
	if len(a) != len(b) || len(a) == 0 {
		return ratio{}, fmt.Errorf("%d and %d measurements: need as many of one as of the other, and one at least", len(a), len(b))
	}
	r := make([]float64, len(a))
	for i := range a {
		if !(a[i] > 0) || !(b[i] > 0) {
			return ratio{}, fmt.Errorf("round %d: %g against %g: need positive numbers", i+1, a[i], b[i])
		}
		r[i] = a[i] / b[i]
	}
	return ratio{
		median: median(r), min: slices.Min(r), max: slices.Max(r),
		a: median(a), b: median(b), rounds: len(r),
	}, nil
}

// String gives the ratio with its range, and the two sides in seconds.
func (r ratio) String() string {
	return fmt.Sprintf("%.2f× (%.2f–%.2f in %d rounds), %.3g s against %.3g s", r.median, r.min, r.max, r.rounds, r.a, r.b)
}

// median is the middle value, or the mean of the two middle ones; NaN of nothing.
func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// maxDiff is max |a − b|, +Inf where the lengths differ.
func maxDiff[F float32 | float64](a, b []F) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
	}
	return d
}

// linear reports whether y is linear in the lengths, which double: its growth per token
// at the end is no more than half as much again as before. That much pages and
// allocators may do; quadratic growth would be twice as much.
func linear(lengths []int, y []float64) bool {
	g := perToken(lengths, y)
	n := len(g) - 1
	return g[n] <= 1.5*slices.Max(g[:n])
}

// perToken is the growth of y between neighbouring lengths, divided by the growth of
// the length: constant where y is linear, rising as T where it is quadratic.
func perToken(lengths []int, y []float64) []float64 {
	var out []float64
	for i := 1; i < len(y); i++ {
		out = append(out, (y[i]-y[i-1])/float64(lengths[i]-lengths[i-1]))
	}
	return out
}
