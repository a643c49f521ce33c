package corpus

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPermutation(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4096, 5000} {
		for seed := range uint64(3) {
			p := newPermutation(n, seed, 7)
			seen := make([]bool, n)
			for i := range n {
				x := p.at(i)
				require.False(t, seen[x], "n = %d, seed %d: %d twice", n, seed, x)
				seen[x] = true
			}
		}
	}
	// A billion windows: places are within range, and neighbours end up far apart.
	const n = 1_000_000_007
	p := newPermutation(n, 1, 0)
	near := 0
	for i := range int64(1000) {
		x, y := p.at(i), p.at(i+1)
		require.True(t, x >= 0 && x < n)
		if d := x - y; d > -n/1000 && d < n/1000 {
			near++
		}
	}
	require.Less(t, near, 12) // 2 of a thousand are expected
	require.NotEqual(t, newPermutation(n, 1, 0).at(5), newPermutation(n, 1, 1).at(5))
	require.NotEqual(t, newPermutation(n, 1, 0).at(5), newPermutation(n, 2, 0).at(5))
}

// Every place is as likely to hold every window: the table of counts over seeds is as even as
// chance makes it.
func TestPermutationIsUniform(t *testing.T) {
	const n, draws = 24, 24_000
	var counts [n][n]float64
	for seed := range uint64(draws) {
		p := newPermutation(n, seed, 0)
		for i := range int64(n) {
			counts[i][p.at(i)]++
		}
	}
	chi2 := 0.0
	for _, row := range counts {
		for _, c := range row {
			chi2 += (c - draws/n) * (c - draws/n) / (draws / n)
		}
	}
	// (n−1)² = 529 degrees of freedom: standard deviation 33.
	require.InDelta(t, 529, chi2, 5*33)
}
