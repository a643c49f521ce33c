package plots_test

import (
	"math"
	"math/rand/v2"
)

// sinkPattern is a causal pattern [T][T] that looks like those of trained
// models: mass share on key 1, the rest on near and a few distant keys.
func sinkPattern(T int, share float64, seed uint64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	popular := make([]float64, T)
	for s := range popular {
		popular[s] = math.Exp(1.2 * rng.NormFloat64())
	}
	rows := make([][]float64, T)
	for t := range rows {
		row, sum := make([]float64, T), 0.0
		for s := 1; s <= t; s++ {
			row[s] = popular[s] * (math.Exp(-float64(t-s)/3) + 0.02) * math.Exp(0.5*rng.NormFloat64())
			sum += row[s]
		}
		mass := share
		if t == 0 {
			mass = 1
		} else {
			mass *= 0.85 + 0.15*rng.Float64()
		}
		for s := 1; s <= t; s++ {
			row[s] *= (1 - mass) / sum
		}
		row[0] = mass
		rows[t] = row
	}
	return rows
}

// sinkScores is a per-head number [L][H]: low in the first layers, then high
// for most heads.
func sinkScores(L, H int, seed uint64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 2))
	out := make([][]float64, L)
	for l := range out {
		out[l] = make([]float64, H)
		depth := float64(l) / float64(L-1)
		for h := range out[l] {
			z := 6*depth - 1.6 - 4*math.Pow(depth, 8) + 1.3*rng.NormFloat64()
			out[l][h] = 1 / (1 + math.Exp(-z))
		}
	}
	return out
}

var sentence = []string{"<bos>", "The", " cat", "'s", " toy", " rolled", " under", " the", " sofa", ".", "\n", "Naïve"}
