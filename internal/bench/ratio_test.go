package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPairedRatio(t *testing.T) {
	// The machine was ten times slower during round 2: the ratios do not see it, the
	// quotient of the means would be 1.94.
	r, err := pairedRatio([]float64{1, 20, 3}, []float64{1, 10, 1})
	require.NoError(t, err)
	require.Equal(t, ratio{median: 2, min: 1, max: 3, a: 3, b: 1, rounds: 3}, r)
	require.Equal(t, "2.00× (1.00–3.00 in 3 rounds), 3 s against 1 s", r.String())

	for name, sides := range map[string][2][]float64{
		"nothing measured": {},
		"a round missing":  {{1, 2}, {1}},
		"a time of zero":   {{1}, {0}},
		"not a number":     {{math.NaN()}, {1}},
	} {
		_, err := pairedRatio(sides[0], sides[1])
		require.Error(t, err, name)
	}
}

func TestMedian(t *testing.T) {
	x := []float64{5, 1, 3}
	require.Equal(t, 3.0, median(x))
	require.Equal(t, []float64{5, 1, 3}, x, "the measurements keep their order")
	require.Equal(t, 2.0, median([]float64{1, 3, 0, 9}))
	require.True(t, math.IsNaN(median(nil)))
}

func TestMaxDiff(t *testing.T) {
	require.Equal(t, 0.5, maxDiff([]float32{1, 2, -3}, []float32{1, 2.25, -3.5}))
	require.Equal(t, math.Inf(1), maxDiff([]float64{1}, nil))
}

func TestLinearGrowth(t *testing.T) {
	lengths := []int{512, 1024, 2048, 4096}
	require.Equal(t, []float64{2, 2, 2}, perToken(lengths, []float64{1024, 2048, 4096, 8192}))
	grow := func(f func(t float64) float64) []float64 {
		y := make([]float64, len(lengths))
		for i, t := range lengths {
			y[i] = f(float64(t))
		}
		return y
	}
	require.True(t, linear(lengths, grow(func(t float64) float64 { return 100 + t })))
	require.True(t, linear(lengths, grow(func(t float64) float64 { return t * math.Log(t) })))
	require.False(t, linear(lengths, grow(func(t float64) float64 { return t * t })))
}

func TestHeadMeans(t *testing.T) {
	require.Equal(t, [][]float32{{0.75, 0}}, headMeans([][][]float32{{{1, 0.5}, {0, 0}}}))
}
