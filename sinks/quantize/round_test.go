package quantize_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/quantize"
)

// A 3 × 3 matrix to 3 bits, ±3 steps, a step for each row: 1, 0.5 and 2. Halves go to even.
func ExampleRoundGroups() {
	w := [][]float32{{3, 1.5, -0.5}, {0.2, -1.5, 0.75}, {6, -5, 0.9}}
	for _, row := range w {
		quantize.RoundGroups(row, 0, quantize.Most(3))
		fmt.Println(row)
	}
	// Output:
	// [3 2 -0]
	// [0 -1.5 1]
	// [6 -4 0]
}

// One static step for all: what lies beyond ±3 steps is cut.
func ExampleRoundTo() {
	w := [][]float32{{3, 1.5, -0.5}, {0.2, -1.5, 0.75}, {6, -5, 0.9}}
	for _, row := range w {
		quantize.RoundTo(row, 1, quantize.Most(3))
		fmt.Println(row)
	}
	// Output:
	// [3 2 -0]
	// [0 -2 1]
	// [3 -3 1]
}

// Whatever the numbers: no error above half a step of its group, all of them whole multiples of it,
// at most so many, and rounding again changes nothing.
func TestRoundGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		bits := 2 + rng.IntN(7)
		n, size, most := 1+rng.IntN(80), rng.IntN(40), quantize.Most(bits)
		x := make([]float32, n)
		scale := math.Exp(4 * rng.NormFloat64())
		for i := range x {
			x[i] = float32(scale * rng.NormFloat64() * math.Exp(rng.NormFloat64()))
		}
		y := slices.Clone(x)
		quantize.RoundGroups(y, size, most)
		z := slices.Clone(y)
		quantize.RoundGroups(z, size, most)
		group := size
		if group == 0 {
			group = n
		}
		for from := 0; from < n; from += group {
			to := min(from+group, n)
			step := float64(quantize.MaxAbs(x[from:to])) / float64(most)
			for i := from; i < to; i++ {
				require.LessOrEqual(t, math.Abs(float64(x[i]-y[i])), step*(0.5+1e-4))
				k := float64(y[i]) / step
				require.InDelta(t, math.Round(k), k, 1e-3)
				require.LessOrEqual(t, math.Abs(k), float64(most)+1e-3)
				require.InDelta(t, y[i], z[i], step*1e-4)
			}
		}
	}
}

func TestRoundZeros(t *testing.T) {
	x := make([]float32, 5)
	quantize.RoundGroups(x, 2, 7)
	require.Equal(t, make([]float32, 5), x)
}
