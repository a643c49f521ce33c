package quantize

import "math"

// Most is the number of steps that so many bits have to either side of 0: 127 for 8 bits, 7 for 4.
func Most(bits int) int { return 1<<(bits-1) - 1 }

// MaxAbs is the largest |x|.
func MaxAbs(x []float32) float32 {
	m := float32(0)
	for _, v := range x {
		m = max(m, float32(math.Abs(float64(v))))
	}
	return m
}

// RoundTo rounds x in place to whole multiples of a step, half to even, at most ±most of them.
// Where the step is 0, as for numbers that are all 0, nothing is done.
func RoundTo(x []float32, step float32, most int) {
	if step == 0 {
		return
	}
	for i, v := range x {
		q := math.RoundToEven(float64(v / step))
		x[i] = float32(max(-float64(most), min(q, float64(most)))) * step
	}
}

// RoundGroups rounds each group of x by itself, with the step max |x| / most of its own: groups of
// size numbers, the last perhaps shorter; 0 for one group of all.
func RoundGroups(x []float32, size, most int) {
	if size <= 0 {
		size = len(x)
	}
	for len(x) > 0 {
		group := x[:min(size, len(x))]
		RoundTo(group, MaxAbs(group)/float32(most), most)
		x = x[len(group):]
	}
}
