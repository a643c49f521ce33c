package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/probe"
)

// What is compared is what Run gives of the same documents, front by front and draw by draw.
func TestCompareFronts(t *testing.T) {
	texts, bos := documents(12, 12, 12), int32(9)
	all := []int{0, 1}
	got, err := probe.CompareFronts(model(t), texts, bos, 2, all)
	require.NoError(t, err)

	measure := func(docs [][]int32, lead int) *fronts.Outcome {
		o, err := fronts.Measure(run(t, docs, probe.Options{}), lead, all)
		require.NoError(t, err)
		return o
	}
	fronted := func(tokens ...int32) (docs [][]int32) {
		for i, ids := range texts {
			docs = append(docs, append([]int32{tokens[i]}, ids...))
		}
		return docs
	}
	require.InDeltaSlice(t, measure(fronted(bos, bos, bos), 1).Loss, got.With.Loss, 1e-5)
	require.InDeltaSlice(t, measure(texts, 0).TextEntropy[0], got.Without.TextEntropy[0], 1e-5)
	middle := []int32{texts[0][6], texts[1][6], texts[2][6]}
	mean := fronts.Average(measure(fronted(middle[1], middle[2], middle[0]), 1), measure(fronted(middle[2], middle[0], middle[1]), 1))
	require.InDeltaSlice(t, mean.Loss, got.Other.Loss, 1e-5)
	require.NotEqual(t, got.With.Loss, got.Other.Loss)

	scores, err := run(t, fronted(bos, bos, bos), probe.Options{})[0].SinkScore(sinks.Options{})
	require.NoError(t, err)
	require.InDelta(t, 100*sinks.SinkRate(scores, 0.3), got.With.Rate[0], 1e-9)
	require.Positive(t, got.Values.Heads)

	for _, draws := range []int{0, 3} {
		_, err = probe.CompareFronts(model(t), texts, bos, draws, all)
		require.ErrorContains(t, err, "use 1 to 2")
	}
}
