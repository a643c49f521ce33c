package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
)

// The last of a tail's logits are those after the last token, the others those of the document cut
// there, whatever it stands in a batch with; an intervention changes them.
func TestTail(t *testing.T) {
	docs := documents(9, 12, 9)
	tails := func(docs [][]int32, n int, list ...probe.Intervention) [][][]float32 {
		out := make([][][]float32, len(docs))
		traces, err := probe.Run(model(t), docs, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}, SkipLoss: true, Interventions: list, Tail: n,
			OnTail: func(i int, logits [][]float32) error { out[i] = logits; return nil }})
		require.NoError(t, err)
		for i := range docs {
			require.Len(t, out[i], n)
			require.Equal(t, traces[i].LogitsLast, out[i][n-1])
		}
		return out
	}
	all := tails(docs, 4)
	for i, doc := range docs {
		require.InDeltaSlice(t, tails([][]int32{doc[:len(doc)-3]}, 1)[0][0], all[i][0], 1e-5)
	}
	require.Equal(t, all, tails(docs, 4, []probe.Intervention{}...))
	require.NotEqual(t, all, tails(docs, 4, probe.MaskKey{Pos: 0}))

	nothing := func(int, [][]float32) error { return nil }
	for want, o := range map[string]probe.Options{
		"OnTail wants at least 1":       {OnTail: nothing},
		"and is wanted by it":           {Tail: 2},
		"the last 10 tokens of documen": {Tail: 10, OnTail: nothing},
	} {
		_, err := probe.Run(model(t), docs, o)
		require.ErrorContains(t, err, want)
	}
}
