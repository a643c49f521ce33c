package probe_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
)

// States are the rows of the whole stream, of documents of several lengths, under an intervention.
func TestEachStates(t *testing.T) {
	docs := documents(9, 20, 12)
	list := []probe.Intervention{probe.MaskKey{Pos: 0}}
	seen := 0
	require.NoError(t, probe.EachStates(model(t), docs, []int{0, 2}, list, func(doc int, states [][]float32) error {
		stream, err := probe.Residuals(model(t), docs[doc], list...)
		require.NoError(t, err)
		require.InDeltaSlice(t, slices.Concat(stream[0]...), states[0], 1e-5)
		require.InDeltaSlice(t, slices.Concat(stream[2]...), states[1], 1e-4)
		seen++
		return nil
	}))
	require.Equal(t, 3, seen)
	for _, blocks := range [][]int{nil, {3}, {-1, 0}, {2, 1}} {
		require.ErrorContains(t, probe.EachStates(model(t), docs, blocks, nil, nil), "name some of 0 to 2, in order")
	}
}
