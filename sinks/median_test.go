package sinks_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

func ExampleMedianAbs() {
	fmt.Println(sinks.MedianAbs([]float32{3, -1, 2}), sinks.MedianAbs([]float32{3, -1, 2, -8}))
	// Output: 2 2.5
}

// Against sorting, on what makes a selection by bits hard: even and odd counts,
// ties, zeros, signs, neighbours, all magnitudes, denormal and the largest numbers.
func TestMedianAbsAgainstSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float32{
		"normal":     func() float32 { return float32(rng.NormFloat64()) },
		"magnitudes": func() float32 { return math.Float32frombits(rng.Uint32N(0x7f800000)) },
		"neighbours": func() float32 { return -math.Float32frombits(0x3f800000 + rng.Uint32N(4)) },
		"ties":       func() float32 { return float32(rng.IntN(3)) },
		"zeros":      func() float32 { return float32(math.Copysign(0, rng.NormFloat64())) },
		"denormal":   func() float32 { return math.Float32frombits(rng.Uint32N(100)) },
		"largest":    func() float32 { return math.MaxFloat32 },
	} {
		for n := 1; n < 40; n++ {
			x := make([]float32, n)
			sorted := make([]float64, n)
			for i := range x {
				x[i] = draw()
				sorted[i] = math.Abs(float64(x[i]))
			}
			slices.Sort(sorted)
			want := (sorted[(n-1)/2] + sorted[n/2]) / 2
			require.InDelta(t, want, float64(sinks.MedianAbs(x)), max(1e-45, 1e-7*want), "%s, n = %d", name, n)
		}
	}
	require.True(t, math.IsNaN(float64(sinks.MedianAbs(nil))))
}

func BenchmarkMedianAbs(b *testing.B) {
	x := make([]float32, 512*576)
	for i := range x {
		x[i] = float32(rand.NormFloat64())
	}
	for b.Loop() {
		sinks.MedianAbs(x)
	}
}
