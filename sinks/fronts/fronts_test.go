package fronts_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
)

// trace is one of T tokens, one layer, two query heads on one key/value head, in which head 1 puts a on
// token 1 in every row and spreads the rest evenly, and head 2 attends evenly.
func trace(n int, a float64) *sinks.Trace {
	t := &sinks.Trace{
		Model: "made up", T: n, L: 1, H: 2, K: 1, D: 4,
		FirstMass: sinks.Cube(1, 2, n), KeyMass: sinks.Cube(1, 2, n), RowEntropy: sinks.Cube(1, 2, n), ValueNorm: sinks.Cube(1, 1, n),
		Loss: make([]float32, n-1),
	}
	for q := range n {
		for h, first := range []float64{a, 1 / float64(q+1)} {
			rest := (1 - first) / math.Max(1, float64(q))
			if q == 0 {
				first, rest = 1, 0
			}
			entropy := 0.0
			for s := range q + 1 {
				w := rest
				if s == 0 {
					w = first
				}
				t.KeyMass[0][h][s] += float32(w)
				if w > 0 {
					entropy -= w * math.Log(w)
				}
			}
			t.FirstMass[0][h][q], t.RowEntropy[0][h][q] = float32(first), float32(entropy)
		}
		t.ValueNorm[0][0][q] = float32(2 - 1/float64(q+1)) // token 1 has 1, the smallest
	}
	for i := range t.Loss {
		t.Loss[i] = float32(i)
	}
	return t
}

func ExampleMeasure() {
	with, _ := fronts.Measure([]*sinks.Trace{trace(16, 0.9)}, 1, []int{0})
	without, _ := fronts.Measure([]*sinks.Trace{trace(15, 0.9)}, 0, []int{0})
	fmt.Printf("heads with a sink: %.0f %%\n", with.Rate[0])
	fmt.Printf("loss over the same twelve targets: %.1f and %.1f\n", with.Loss[0], without.Loss[0])
	fmt.Printf("token 1 has the smallest value: %s\n", with.Smallest[0])
	// Output:
	// heads with a sink: 50 %
	// loss over the same twelve targets: 8.5 and 7.5
	// token 1 has the smallest value: 11
}

// Over the text's keys an even row stays even, and a row that holds 0.9 on token 1 is as even as the
// rest of it: arithmetic alone moves TextEntropy by nothing.
func TestTextEntropy(t *testing.T) {
	with, err := fronts.Measure([]*sinks.Trace{trace(9, 0.9)}, 1, []int{0})
	require.NoError(t, err)
	want := 0.0
	for q := fronts.First + 1; q < 9; q++ {
		want += math.Log(float64(q)) / 5 // q keys of the text
	}
	require.InDelta(t, want, with.TextEntropy[0][0], 1e-5)
	require.Less(t, with.Entropy[0][0], want)

	even, err := fronts.Measure([]*sinks.Trace{trace(8, 1.0/8)}, 0, []int{0})
	require.NoError(t, err)
	require.Equal(t, even.Entropy, even.TextEntropy, "nothing is left out where nothing stands in front")
}

func TestHeadsAndValues(t *testing.T) {
	o, err := fronts.Measure([]*sinks.Trace{trace(9, 0.9), trace(9, 0.5), trace(9, 0.2)}, 1, []int{0})
	require.NoError(t, err)
	require.Equal(t, []int{0}, o.SinkHeads(0.4))
	require.Empty(t, o.SinkHeads(0.99))
	o.Smallest[1], o.Smallest[2] = "01", "00"
	smallest := o.MostlySmallest([]int{0, 1})
	require.Equal(t, 50.0, smallest([]int{0, 1, 2})) // head 2 in two texts of three, head 1 in one
	require.Equal(t, 100.0, smallest([]int{0, 0, 1}))
	require.True(t, math.IsNaN(o.MostlySmallest(nil)([]int{0})))
	mean := 0.0
	for s := 1; s < 9; s++ {
		mean += (2 - 1/float64(s+1)) / 8
	}
	require.InDelta(t, 1/mean, o.MeanRatio([]int{0, 1})[2], 1e-6)
	require.Equal(t, o.Rate, o.Any, "no other key is a sink here")
}

func TestUnigram(t *testing.T) {
	loss, err := fronts.Unigram([][]int32{{1, 1, 2}}, [][]int32{{0, 0, 0, 1, 3}}, 4)
	require.NoError(t, err)
	require.InDelta(t, -(math.Log(3.0/7)+math.Log(1.0/7))/2, loss[0], 1e-12)
	_, err = fronts.Unigram(nil, [][]int32{{0, 0, 0, 4}}, 4)
	require.ErrorContains(t, err, "text 1: id 4 is outside")
	_, err = fronts.Unigram(nil, [][]int32{{0, 0, 0}}, 4)
	require.ErrorContains(t, err, "text 1 has 3 tokens")
	_, err = fronts.Measure([]*sinks.Trace{trace(9, 0.9)}, 2)
	require.ErrorContains(t, err, "2 tokens in front")
	_, err = fronts.Measure([]*sinks.Trace{trace(4, 0.9)}, 1)
	require.ErrorContains(t, err, "text 1 has 4 tokens")
	bare := trace(9, 0.9)
	bare.Loss = nil
	_, err = fronts.Measure([]*sinks.Trace{bare}, 1)
	require.ErrorContains(t, err, "holds no Loss")
}
