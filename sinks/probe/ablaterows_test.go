package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
)

// The head writes nothing at the chosen queries, and elsewhere what it wrote; rows
// before the first of them are bit for bit the same throughout the model.
func TestAblateRows(t *testing.T) {
	fullOnly(t, "SmolLM2, several runs")
	const layer, head = 0, 2
	rows := []int{3, 7}
	before, after := under(t, probe.AblateRows{Layer: layer, Head: head, Rows: rows})
	for h := range before.H {
		for p := range before.T {
			if h == head && (p == 3 || p == 7) {
				require.Positive(t, before.HeadWrite[layer][h][p])
				require.Zero(t, after.HeadWrite[layer][h][p])
			} else {
				require.InDelta(t, before.HeadWrite[layer][h][p], after.HeadWrite[layer][h][p], 1e-5)
			}
		}
	}
	require.InDeltaSlice(t, before.Loss[:3], after.Loss[:3], 1e-5)
	require.NotEqual(t, before.Loss[3], after.Loss[3])
}

// All queries at once is the ablation of the whole head.
func TestAblateAllRows(t *testing.T) {
	_, rows := under(t, probe.AblateRows{Layer: 1, Head: 0, Rows: []int{0, 1, 2, 3, 4, 5, 6, 7, 8}})
	_, head := under(t, probe.AblateHead{Layer: 1, Head: 0})
	require.Equal(t, head.LogitsLast, rows.LogitsLast)
}

func TestAblateRowsRefuses(t *testing.T) {
	docs := documents(9)
	for want, v := range map[string]probe.AblateRows{
		"layer 3 head 1":   {Layer: 2, Rows: []int{1}},
		"has 4 heads":      {Head: 4, Rows: []int{1}},
		"no queries":       {},
		"document 1 has 9": {Rows: []int{2, 9}},
		"queries [0 3]":    {Rows: []int{-1, 2}},
	} {
		_, err := probe.Run(model(t), docs, probe.Options{Interventions: []probe.Intervention{v}})
		require.ErrorContains(t, err, want)
	}
}
