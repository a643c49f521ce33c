package ondevice_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ondevice"
)

// sorted is the median by its definition.
func sorted(x []float32) float32 {
	x = slices.Sorted(slices.Values(x))
	return float32((float64(x[(len(x)-1)/2]) + float64(x[len(x)/2])) / 2)
}

// Against sorting, on what makes a selection by bits hard: even and odd counts,
// ties, zeros, numbers next to each other, of all magnitudes, denormal, the
// largest there is; padding that is smaller than all of them.
func TestMedianAgainstSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := map[string]func() float32{
		"uniform":    rng.Float32,
		"magnitudes": func() float32 { return math.Float32frombits(0x00800000 + rng.Uint32N(0x7f000000)) },
		"neighbours": func() float32 { return math.Float32frombits(0x3f800000 + rng.Uint32N(4)) },
		"ties":       func() float32 { return float32(rng.IntN(3)) },
		"zeros":      func() float32 { return 0 },
		"denormal":   func() float32 { return math.Float32frombits(rng.Uint32N(100)) },
		"largest":    func() float32 { return math.MaxFloat32 },
	}
	const T, D = 7, 3 // lens of even and of odd parity give both counts
	lens := []int32{1, 2, 3, 4, 5, 6, 7}
	B := len(lens)
	exec, err := NewExec(open(t), ondevice.Median)
	require.NoError(t, err)
	defer exec.Finalize()
	for name, draw := range kinds {
		for range 20 {
			x := make([]float32, B*T*D)
			want := make([]float32, B)
			for b, n := range lens {
				real := x[b*T*D:][:int(n)*D] // padding stays 0
				for i := range real {
					real[i] = draw()
				}
				want[b] = sorted(real)
			}
			out, err := exec.Call(tensors.FromFlatDataAndDimensions(x, B, T, D), tensors.FromFlatDataAndDimensions(lens, B))
			require.NoError(t, err)
			got, err := tensors.CopyFlatData[float32](out[0])
			require.NoError(t, err)
			for b := range want {
				delta := 0x1p-126 // XLA takes denormal numbers for 0
				if lens[b]*D%2 == 0 {
					delta = max(delta, 1e-6*float64(want[b])) // a mean of two rounds
				}
				require.InDelta(t, want[b], got[b], delta, "%s, %d tokens", name, lens[b])
			}
		}
	}
}
