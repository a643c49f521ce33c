package security_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/security"
)

// texts are traces of two heads. Both give token 1 about 0.5, head 2 of class a more by shift.
func texts(n int, shift float32, seed uint64) (a, b []*sinks.Trace) {
	rng := rand.New(rand.NewPCG(seed, 1))
	trace := func(shift float32) *sinks.Trace {
		t := &sinks.Trace{T: 3, L: 1, H: 2, K: 2, D: 4, FirstMass: sinks.Cube(1, 2, 3)}
		for h, s := range []float32{0, shift} {
			t.FirstMass[0][h][0] = 1 // row 1 sees nothing else
			for row := 1; row < 3; row++ {
				t.FirstMass[0][h][row] = 0.5 + s + 0.05*rng.Float32()
			}
		}
		return t
	}
	for range n {
		a, b = append(a, trace(shift)), append(b, trace(0))
	}
	return a, b
}

func TestDivergence(t *testing.T) {
	a, b := texts(12, 0.2, 7)
	d, err := security.Divergence(a, b, 50, 1)
	require.NoError(t, err)
	require.InDelta(t, 0.2, d.Delta[0][1], 0.02)
	require.InDelta(t, 0, d.Delta[0][0], 0.02)
	require.Equal(t, 1, d.Apart, "head 2 alone")
	require.Less(t, d.Chance, 0.2, "the order in pairs is what tells classes apart")
	require.Equal(t, [2]int{2, 12}, [2]int{d.Heads, d.Pairs})

	none, err := security.Divergence(a, a, 5, 1)
	require.NoError(t, err)
	require.Equal(t, [][]float64{{0, 0}}, none.Delta, "a class from itself")
	require.Zero(t, none.Apart)

	_, err = security.Divergence(a, b[:3], 5, 1)
	require.ErrorContains(t, err, "12 texts of one class, 3 of the other")
	_, err = security.Divergence(a, b, 0, 1)
	require.ErrorContains(t, err, "no draws")
}
