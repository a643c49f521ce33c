package quantize

import (
	"fmt"

	"firsttoken/sinks/stats"
)

// ByDraw is the mean of a − b of each draw, for losses of texts that are n draws in order.
func ByDraw(a, b []float64, n int) ([]float64, error) {
	if len(a) != len(b) || n < 1 || len(a)%n != 0 {
		return nil, fmt.Errorf("quantize: %d losses against %d: %d draws share them evenly", len(a), len(b), n)
	}
	out := make([]float64, n)
	for i := range a {
		out[i/(len(a)/n)] += (a[i] - b[i]) * float64(n) / float64(len(a))
	}
	return out, nil
}

// ShareOf is Σ part / Σ whole over draws, with the interval of stats.Bootstrap: what part of a cost goes, for part = cost − what is left. A draw
// may have a cost below 0; the sum must not be 0.
func ShareOf(part, whole []float64, o stats.Options) (stats.Estimate, error) {
	if len(part) != len(whole) {
		return stats.Estimate{}, fmt.Errorf("quantize: parts of %d draws, wholes of %d", len(part), len(whole))
	}
	return stats.Bootstrap(len(part), o, func(draw []int) float64 {
		a, b := 0.0, 0.0
		for _, i := range draw {
			a, b = a+part[i], b+whole[i]
		}
		return a / b
	})
}
