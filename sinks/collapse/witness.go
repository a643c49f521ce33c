package collapse

import (
	"fmt"
	"math"
)

// Attained is a V [n][D] on which Proposition 3.1 with the constant √2 is an equality: every row is
// the mean but the last two, which lie delta apart on either side of it. Rank collapse is delta/√2,
// representational collapse delta: no smaller constant would do.
func Attained(n, D int, delta float32) ([][]float32, error) {
	V, err := zeros(n, D)
	if err != nil {
		return nil, err
	}
	V[n-2][0], V[n-1][0] = -delta/2, delta/2
	return V, nil
}

// Counterexample is a V [n][D] that shows the converse of Proposition 3.1 to be false: the last two
// rows are equal, yet ‖V − (1/n)11ᵀV‖_F = rank, as large as one likes. It needs n ≥ 3: row 1 alone
// lies apart.
func Counterexample(n, D int, rank float64) ([][]float32, error) {
	V, err := zeros(n, D)
	if err != nil {
		return nil, err
	}
	if n < 3 || !(rank >= 0) || math.IsInf(rank, 0) {
		return nil, fmt.Errorf("collapse: a counterexample needs three rows and a finite rank, not %d and %g", n, rank)
	}
	// One row at distance r of n−1 equal ones: Σ‖v − mean‖² = r²(n−1)/n.
	V[0][0] = float32(rank * math.Sqrt(float64(n)/float64(n-1)))
	return V, nil
}

// zeros is an [n][D] matrix of zeros.
func zeros(n, D int) ([][]float32, error) {
	if n < 2 || D < 1 {
		return nil, fmt.Errorf("collapse: a matrix of %d rows and %d columns: need two rows and one column at least", n, D)
	}
	V := make([][]float32, n)
	for t := range V {
		V[t] = make([]float32, D)
	}
	return V, nil
}
