package rest_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/rest"
)

// trace has one layer and one head of this pattern, whose values write 1 each, orthogonally; the
// stream has length 2.
func trace(ids []int32, pattern [][]float64) *sinks.Trace {
	n := len(ids)
	t := &sinks.Trace{L: 1, H: 1, K: 1, T: n, IDs: ids, FirstMass: sinks.Cube(1, 1, n), KeyMass: sinks.Cube(1, 1, n), Diagonal: sinks.Cube(1, 1, n),
		RowEntropy: sinks.Cube(1, 1, n), HeadWrite: sinks.Cube(1, 1, n), ValueWrite: sinks.Cube(1, 1, n), ResidNorm: sinks.Matrix(2, n)}
	for q, row := range pattern {
		entropy, square := 0.0, 0.0
		for s, a := range row[:q+1] {
			t.KeyMass[0][0][s] += float32(a)
			if square += a * a; a > 0 {
				entropy -= a * math.Log(a)
			}
		}
		t.FirstMass[0][0][q], t.Diagonal[0][0][q], t.RowEntropy[0][0][q] = float32(row[0]), float32(row[q]), float32(entropy)
		t.HeadWrite[0][0][q], t.ValueWrite[0][0][q], t.ResidNorm[0][q] = float32(math.Sqrt(square)), 1, 2
	}
	return t
}

// A head that looks at its own token writes a whole value; one that spreads over four keys writes
// half of one.
func ExampleLook() {
	own := trace([]int32{1, 2, 3, 4}, [][]float64{{1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 1}})
	even := trace([]int32{1, 2, 3, 4}, [][]float64{{1}, {.5, .5}, {1. / 3, 1. / 3, 1. / 3}, {.25, .25, .25, .25}})
	for _, t := range []*sinks.Trace{own, even} {
		x, err := rest.Look([]*sinks.Trace{t}, []int{0}, 3, nil) // the last query
		if err != nil {
			fmt.Println(err)
		}
		fmt.Printf("own %.2f, keys %.0f, written / read %.2f, written / stream %.2f\n", x.Own, x.Keys, x.Written, x.Stream)
	}
	// Output:
	// own 1.00, keys 1, written / read 1.00, written / stream 0.50
	// own 0.25, keys 4, written / read 0.50, written / stream 0.25
}

func TestLookAtAKind(t *testing.T) {
	ids := []int32{9, 7, 5, 7}
	one := trace(ids, [][]float64{{1}, {.5, .5}, {1, 0, 0}, {.25, .5, .25, 0}})
	x, err := rest.Look([]*sinks.Trace{one}, []int{0}, 1, func(id int32) bool { return id == 7 })
	require.NoError(t, err)
	require.InDelta(t, (.5+.25)/2, x.First, 1e-6)
	require.InDelta(t, x.First, x.Strongest, 1e-6)
	require.InDelta(t, .25, x.Own, 1e-6)

	_, err = rest.Look([]*sinks.Trace{one}, []int{0}, 1, func(id int32) bool { return id == 1 })
	require.ErrorContains(t, err, "nothing to look at")
}

// Where all attention goes to one kind of token it gets what is missing to an even spread; even
// attention favours none.
func TestFavourite(t *testing.T) {
	ids := []int32{1, 2, 3, 4}
	all := trace(ids, [][]float64{{1}, {0, 1}, {0, 1, 0}, {0, 1, 0, 0}})
	require.InDelta(t, (2-1./3-1./4)/3, rest.Favourite([]*sinks.Trace{all}, 0), 1e-6)
	even := trace(ids, [][]float64{{1}, {.5, .5}, {1. / 3, 1. / 3, 1. / 3}, {.25, .25, .25, .25}})
	require.InDelta(t, 0, rest.Favourite([]*sinks.Trace{even}, 0), 1e-6)
}
