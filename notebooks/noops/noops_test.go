package noops

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

// trace has two layers of two heads that share one key/value head, on four tokens. Token 1's value
// is a quarter of the others' in layer 2 and twice as long in layer 1, where nobody attends to it;
// in layer 2 head 1 gives it nearly everything, and head 2 half.
func trace(shift float32) *sinks.Trace {
	mass := func(x float32) []float32 { return []float32{1, x, x, x} }
	flat := func(x float32) []float32 { return []float32{x, x, x, x} }
	return &sinks.Trace{
		L: 2, H: 2, K: 1, T: 4, D: 8,
		FirstMass: [][][]float32{{mass(0.05), mass(0.1)}, {mass(0.95 - shift), mass(0.5 + shift)}},
		HeadWrite: [][][]float32{{flat(4), flat(2)}, {flat(0.5 + shift), flat(1)}},
		ResidNorm: [][]float32{flat(10), flat(20), flat(30)},
		ValueNorm: [][][]float32{{{2 + shift, 1, 1, 1}}, {{1 - shift, 4, 4, 4}}},
		Loss:      []float32{1, 2 + shift, 3},
	}
}

var texts = []*sinks.Trace{trace(0), trace(0.01), trace(0.02)}

func TestRank(t *testing.T) {
	require.Equal(t, 1, rank([]float32{1, 2, 3}))
	require.Equal(t, 3, rank([]float32{3, 2, 1}))
	require.Equal(t, 1, rank([]float32{2, 2, 2}), "none is smaller")
}

func TestValues(t *testing.T) {
	_, err := Values(Condition{"a", texts}, Condition{"b", texts[:2]})
	require.NoError(t, err)
	heads, err := relative(texts[:1], 4)
	require.NoError(t, err)
	require.InDelta(t, 2/1.25, heads[0][0], 1e-6)
	require.InDelta(t, 1/3.25, heads[1][0], 1e-6)
	layers, all, err := smallest(Condition{"a", texts})
	require.NoError(t, err)
	require.Equal(t, []float64{0, 100}, layers.Y)
	require.Equal(t, []float64{4, 4, 4, 1, 1, 1}, all.Values)
	_, err = Values()
	require.ErrorContains(t, err, "no traces")
	short := trace(0)
	short.T = 3
	_, err = Values(Condition{"a", []*sinks.Trace{trace(0), short}})
	require.ErrorContains(t, err, "a: noops: trace 1")
}

// Queries that give token 1 0.05, 0.1, 0.5 and 0.95 lie in bins 1, 2, 6 and 10.
func TestWritten(t *testing.T) {
	bins, err := written(texts[:1], Group{"all", []int{1, 2}})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{40}, bins[0], 1e-4)
	require.InDeltaSlice(t, []float64{20}, bins[1], 1e-4)
	require.InDeltaSlice(t, []float64{5}, bins[5], 1e-4)
	require.InDeltaSlice(t, []float64{2.5}, bins[9], 1e-4)
	require.Empty(t, bins[3])
	require.Equal(t, Group{"layers 2 – 4", []int{2, 3, 4}}, Span(2, 4))
	_, _, err = Written(texts, Span(1, 3))
	require.ErrorContains(t, err, "layer 3")
	_, _, err = Written(texts, Span(1, 1))
	require.ErrorContains(t, err, "layers 1 – 1: too few")
}

func TestAverage(t *testing.T) {
	x, err := average(texts[:2], ratios)
	require.NoError(t, err)
	require.InDelta(t, (1/3.25+0.99/3.2475)/2, x[1][0], 1e-6)
	require.Equal(t, x[1][0], x[1][1], "query heads share the key/value head's")
	_, err = average(nil, ratios)
	require.ErrorContains(t, err, "no traces")
}

func TestCosts(t *testing.T) {
	var pairs, values Ablations
	for i, c := range []string{Nothing, Sinking, Elsewhere, First, Middle(64), Others} {
		for _, x := range texts {
			longer := *x
			loss := 1 + float32(i) + float32(i)*x.Loss[1]/100
			longer.Loss = []float32{loss, loss, loss}
			require.NoError(t, pairs.Add(c, &longer))
			require.NoError(t, values.Add(c, &longer))
		}
	}
	require.InDelta(t, 1, pairs.Loss[Nothing][2], 1e-6)
	_, text, err := Costs(pairs, values, 64)
	require.NoError(t, err)
	require.Contains(t, text, "elsewhere              +2.040 nats [")
	require.Contains(t, text, "where heads sink less elsewhere, paired: -1.02")
	require.Contains(t, text, "values of token 32     +4.080 nats [")
	delete(values.Loss, First)
	_, _, err = Costs(pairs, values, 64)
	require.ErrorContains(t, err, `"values of token 1"`)
}
