package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// A model with norms behind its halves has all metrics but what a value alone writes: left
// out where all are meant, refused where it is asked for.
func TestMetricsOfAnotherFamily(t *testing.T) {
	c := transformer.Tiny()
	c.Placement, c.QKNorm = transformer.PlacementSandwich, transformer.QKNormHead
	c.Kinds, c.Tile = map[string]transformer.Kind{"L": {Window: 4, RopeBase: 100}, "G": {}}, "LG"
	m := tiny.Open(t, c, 0.4, 1)
	docs := documents(9, 12)
	traces, err := probe.Run(m, docs, probe.Options{})
	require.NoError(t, err)
	for _, trace := range traces {
		_, err := trace.Check()
		require.NoError(t, err)
		require.Nil(t, trace.ValueWrite)
		require.NotNil(t, trace.HeadWrite)
		for h := range c.Heads {
			require.Zero(t, trace.FirstMass[0][h][4], "out of the first layer's window")
			require.Positive(t, trace.FirstMass[0][h][3])
			require.Positive(t, trace.FirstMass[1][h][4])
		}
	}
	_, err = probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.ValueWrite}})
	require.ErrorContains(t, err, "metric ValueWrite is not defined for this model")
}
