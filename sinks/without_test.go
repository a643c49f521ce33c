package sinks_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

// A sink of 0.8 leaves 0.1 and 0.1: two equal weights, ln 2.
func ExampleEntropyWithout() {
	row := []float64{0.8, 0.1, 0.1}
	h := sinks.RowEntropy(row)
	fmt.Printf("%.3f nats with, %.3f without\n", h, sinks.EntropyWithout(h, row[0]))
	// Output: 0.639 nats with, 0.693 without
}

// The formula is what dropping the weight and normalising gives.
func TestEntropyWithoutEqualsTheShorterRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		row := make([]float64, 2+rng.IntN(9))
		sum := 0.0
		for i := range row {
			row[i] = rng.ExpFloat64()
			sum += row[i]
		}
		for i := range row {
			row[i] /= sum
		}
		h := sinks.RowEntropy(row)
		require.InDelta(t, sinks.RowEntropy(row[1:]), sinks.EntropyWithout(h, row[0]), 1e-9) // RowEntropy normalises
		require.Equal(t, h, sinks.EntropyWithout(h, 0))
	}
	require.Zero(t, sinks.EntropyWithout(0, 1))
}
