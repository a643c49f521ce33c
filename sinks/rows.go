package sinks

import (
	"fmt"
	"math"
)

// RowSum is Σ_s A[t,s]: 1 for softmax, anything for variants that drop or do
// not normalise mass.
func RowSum[F Float](row []F) float64 {
	sum := 0.0
	for _, a := range row {
		sum += float64(a)
	}
	return sum
}

// RowMax is max_s A[t,s], −Inf for an empty row.
func RowMax[F Float](row []F) float64 {
	m := math.Inf(-1)
	for _, a := range row {
		m = max(m, float64(a))
	}
	return m
}

// RowEntropy is −Σ_s p_s ln p_s in nats, where p is the row divided by its sum
// and 0·ln 0 = 0. It lies between 0 (one key holds all) and ln(t+1) (row t,
// 0-based, spreads evenly). A row of zeros has entropy 0; a row with a negative
// weight has none (NaN).
func RowEntropy[F Float](row []F) float64 {
	sum, h := RowSum(row), 0.0
	for _, a := range row {
		switch {
		case a < 0:
			return math.NaN()
		case a > 0:
			p := float64(a) / sum
			h -= p * math.Log(p)
		}
	}
	return h
}

// NormaliseRows divides each row of pattern [T][S] by its sum, into a new
// pattern. Rows of zeros stay zero.
func NormaliseRows[F Float](pattern [][]F) [][]float64 {
	out := make([][]float64, len(pattern))
	for t, row := range pattern {
		sum := RowSum(row)
		out[t] = make([]float64, len(row))
		for s, a := range row {
			out[t][s] = ratio(float64(a), sum)
		}
	}
	return out
}

// EffectiveAttention weighs each key by what it writes: α_ij ‖f(x_j)‖ divided by
// its row's sum, where f is the value and output projection of the head and
// norms[j] = ‖f(x_j)‖. A key that gets all attention but writes nothing has
// effective attention 0. Rows that write nothing stay zero.
// Source: norm-based attention, Kobayashi et al. 2020 (arXiv 2004.10102).
func EffectiveAttention[F, G Float](pattern [][]F, norms []G) ([][]float64, error) {
	if err := square(pattern); err != nil {
		return nil, err
	}
	if len(norms) != len(pattern) {
		return nil, fmt.Errorf("sinks: %d value norms for %d key positions", len(norms), len(pattern))
	}
	weighted := make([][]float64, len(pattern))
	for t, row := range pattern {
		weighted[t] = make([]float64, len(row))
		for s, a := range row {
			weighted[t][s] = float64(a) * float64(norms[s])
		}
	}
	return NormaliseRows(weighted), nil
}

// CheckPattern reports the first thing in pattern [T][S] that no causal
// attention can produce: a ragged shape, a value that is not finite, a negative
// weight, or mass on a future key. Row sums are free: variants of softmax drop mass.
func CheckPattern[F Float](pattern [][]F) error {
	if err := square(pattern); err != nil {
		return err
	}
	for t, row := range pattern {
		for s, a := range row {
			switch v := float64(a); {
			case math.IsNaN(v) || math.IsInf(v, 0):
				return fmt.Errorf("sinks: A[%d][%d] is %g", t, s, v)
			case v < 0:
				return fmt.Errorf("sinks: A[%d][%d] is negative (%g): scores instead of a pattern?", t, s, v)
			case v > 0 && s > t:
				return fmt.Errorf("sinks: A[%d][%d] puts %g on a future key: the causal mask is missing", t, s, v)
			}
		}
	}
	return nil
}

// square reports a pattern that is empty or not [T][T].
func square[F Float](pattern [][]F) error {
	T := len(pattern)
	if T == 0 {
		return fmt.Errorf("sinks: the pattern is empty")
	}
	for t, row := range pattern {
		if len(row) != T {
			return fmt.Errorf("sinks: row %d of the pattern has %d keys, but there are %d rows: rows are queries, S must equal T", t, len(row), T)
		}
	}
	return nil
}

// ratio is a/b, and 0 where b is 0: a row without mass has no share to give.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
