package fronts_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
)

// trace is one of T tokens, one layer, two query heads on one key/value head, in which head 1 puts
// a on token 1 in every row and spreads the rest evenly, and head 2 attends evenly.
func trace(n int, a float64) *sinks.Trace {
	t := &sinks.Trace{
		Model: "made up", T: n, L: 1, H: 2, K: 1, D: 4,
		FirstMass: sinks.Cube(1, 2, n), KeyMass: sinks.Cube(1, 2, n), RowEntropy: sinks.Cube(1, 2, n),
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
	// Output:
	// heads with a sink: 50 %
	// loss over the same twelve targets: 8.5 and 7.5
}

// Over the text's keys an even row stays even, and a row that holds 0.9 on token 1 is as even as
// the rest of it: arithmetic alone moves TextEntropy by nothing.
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

// The mean of outcomes is text by text; no other key than the first is a sink here.
func TestAverage(t *testing.T) {
	measure := func(a, b float64) *fronts.Outcome {
		o, err := fronts.Measure([]*sinks.Trace{trace(16, a), trace(16, b)}, 1, []int{0})
		require.NoError(t, err)
		return o
	}
	one, other := measure(0.9, 0.1), measure(0.1, 0.1)
	require.Equal(t, []float64{50, 0}, one.Rate)
	require.Equal(t, one.Rate, one.Any)
	require.InDelta(t, 100*(one.Score[0][0]+one.Score[0][1])/2, (one.Mass[0]+one.Mass[1])/2, 1e-9)
	mean := fronts.Average(one, other)
	require.Equal(t, []float64{25, 0}, mean.Rate)
	require.InDelta(t, (one.Mass[0]+other.Mass[0])/2, mean.Mass[0], 1e-12)
	require.InDelta(t, (one.Entropy[0][0]+other.Entropy[0][0])/2, mean.Entropy[0][0], 1e-12)
	require.Equal(t, one.Score, mean.Score)
	require.Equal(t, []float64{50, 0}, one.Rate, "what it is made of is as it was")
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
