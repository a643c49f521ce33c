package prepend

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Cosines are those of the embeddings [sentence][D] of pairs.
func Cosines(embeddings [][]float32, pairs []Pair) []float64 {
	out := make([]float64, len(pairs))
	for i, p := range pairs {
		var ab, aa, bb float64
		for d, x := range embeddings[p.A] {
			y := float64(embeddings[p.B][d])
			ab += float64(x) * y
			aa += float64(x) * float64(x)
			bb += y * y
		}
		out[i] = ab / math.Sqrt(aa*bb)
	}
	return out
}

// Spearman is the correlation of the ranks of x and y; equal values share the mean of their ranks.
// It is NaN where all values of one are equal.
func Spearman(x, y []float64) float64 { return stat.Correlation(ranks(x), ranks(y), nil) }

// ranks count from 1.
func ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(x))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to+1) / 2
		}
		from = to
	}
	return out
}

// Agreement is Spearman's correlation of pairs' cosines with their grades.
func Agreement(cosines []float64, pairs []Pair) (float64, error) {
	if len(cosines) != len(pairs) {
		return 0, fmt.Errorf("prepend: %d cosines of %d pairs", len(cosines), len(pairs))
	}
	grade := make([]float64, len(pairs))
	for i, p := range pairs {
		grade[i] = p.Kind.Grade()
	}
	return Spearman(cosines, grade), nil
}
