package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Products of 1 and 2 s, then of 2 and 1 s: each round's faster one took 1 s. A side that does half a
// product's work in 1 s reaches half of that, in 4 s an eighth; its warm-up does not count.
func TestShare(t *testing.T) {
	side := func(seconds ...float64) []answer {
		out := []answer{{Seconds: 99, FLOPs: productFLOPs / 2}}
		for _, s := range seconds {
			out = append(out, answer{Seconds: s})
		}
		return out
	}
	r, err := share("plain", [][]answer{side(1, 2), side(2, 1), side(1, 4)}, 0.3)
	require.NoError(t, err)
	require.Equal(t, "share of the machine's peak, plain", r.what)
	require.Equal(t, "31 % (12–50 in 2 rounds), 3 GFLOP/s", r.figure)
	require.Equal(t, "≥ 30 %", r.target)
	require.True(t, r.met)
	r, err = share("plain", [][]answer{side(1, 2), side(2, 1), side(1, 4)}, 0.32)
	require.NoError(t, err)
	require.False(t, r.met)
	_, err = share("plain", [][]answer{side(1), side(1), side(0)}, 0.3)
	require.Error(t, err)
}
