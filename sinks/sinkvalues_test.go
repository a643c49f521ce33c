package sinks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// valuesTrace is one text of a model of one layer, four query heads and two key/value heads. Heads
// 1 to 3 have a sink; the first key/value head, of heads 1 and 2, has norms a.
func valuesTrace(a ...float32) *sinks.Trace {
	rows := func(x float32) []float32 { return []float32{1, x, x} }
	return &sinks.Trace{L: 1, H: 4, K: 2, D: 8, T: 3,
		FirstMass: [][][]float32{{rows(0.5), rows(0.4), rows(0.8), rows(-0.4)}}, // α₁ = 2/3, 0.6, 0.87, 0.07
		ValueNorm: [][][]float32{{a, {3, 1, 2}}}}
}

func TestMeasureSinkValues(t *testing.T) {
	var traces []*sinks.Trace
	for i := range 9 {
		norms := []float32{1, 2, 3}
		if i >= 6 { // in a third of the texts it is not the smallest
			norms = []float32{2, 1, 3}
		}
		traces = append(traces, valuesTrace(norms...))
	}
	v, err := sinks.MeasureSinkValues(traces, 0.3, stats.Options{})
	require.NoError(t, err)
	require.Equal(t, 3, v.Heads)
	require.InDelta(t, 75, v.Rate.Value, 1e-9)
	require.InDelta(t, (2*(6*0.5+3*1)/9.0+1.5)/3, v.Ratio.Value, 1e-9)
	require.InDelta(t, 200.0/3, v.Smallest.Value, 1e-9, "heads 1 and 2 of 1, 2 and 3")
	require.Equal(t, []sinks.SinkValueCount{{Sinks: 3, Smallest: 2}}, v.Layers)
	require.Equal(t, 0.0, v.Smallest.CI.Lo, "draws in which most texts disagree")

	_, err = sinks.MeasureSinkValues(traces, 0.9, stats.Options{})
	require.ErrorContains(t, err, "no head has a sink")
	_, err = sinks.MeasureSinkValues(nil, 0.3, stats.Options{})
	require.ErrorContains(t, err, "no traces")
}

// A value as short as token 1's leaves token 1 without the smallest.
func TestSinkValuesTies(t *testing.T) {
	v, err := sinks.MeasureSinkValues([]*sinks.Trace{valuesTrace(1, 1, 3)}, 0.3, stats.Options{})
	require.NoError(t, err)
	require.Zero(t, v.Smallest.Value)
	require.Nil(t, v.Smallest.CI, "one text")
}
