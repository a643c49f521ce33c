package sinks

import "math"

// EntropyWithout is the entropy in nats of a row of entropy h after one weight p
// is taken out of it and the rest is scaled back to sum 1:
//
//	H′ = (H + p ln p)/(1−p) + ln(1−p)
//
// It says how much smoother a row gets by arithmetic alone when its sink is
// hidden, before the model reacts. The row must sum to 1. A row whose weight is
// all on p (to the precision of float32 weights) leaves nothing: 0.
func EntropyWithout(h, p float64) float64 {
	const precision = 1e-5
	if p <= 0 {
		return h
	}
	rest := 1 - p
	if rest < precision {
		return 0
	}
	return max(0, (h+p*math.Log(p))/rest+math.Log(rest))
}
