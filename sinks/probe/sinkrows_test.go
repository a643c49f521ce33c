package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
)

// Both lists ablate as many pairs in every layer, each pair once, those above the
// share and those not; the model then writes nothing there.
func TestSinkRows(t *testing.T) {
	const above = 0.2
	docs := documents(16)
	before := run(t, docs, probe.Options{})[0]
	sinking, control, pairs, err := probe.SinkRows(before, above, 3)
	require.NoError(t, err)
	again, _, _, err := probe.SinkRows(before, above, 3)
	require.NoError(t, err)
	require.Equal(t, sinking, again)
	count := func(list []probe.Intervention, sinks bool) map[int]int {
		inLayer := map[int]int{}
		seen := map[[3]int]bool{}
		after := run(t, docs, probe.Options{Interventions: list, Metrics: []ondevice.Metric{ondevice.HeadWrite}, MetricsOnly: true})[0]
		for _, v := range list {
			a := v.(probe.AblateRows)
			for _, p := range a.Rows {
				require.Positive(t, p)
				require.Equal(t, sinks, before.FirstMass[a.Layer][a.Head][p] > above)
				require.False(t, seen[[3]int{a.Layer, a.Head, p}])
				seen[[3]int{a.Layer, a.Head, p}] = true
				require.Zero(t, after.HeadWrite[a.Layer][a.Head][p])
				inLayer[a.Layer]++
			}
		}
		require.Len(t, seen, pairs)
		return inLayer
	}
	there := count(sinking, true)
	require.Len(t, there, before.L)
	require.Equal(t, there, count(control, false))
}

func TestSinkRowsRefuses(t *testing.T) {
	_, _, _, err := probe.SinkRows(&sinks.Trace{Model: "m"}, 0.5, 0)
	require.ErrorContains(t, err, "no FirstMass")
	_, _, _, err = probe.SinkRows(&sinks.Trace{}, 1, 0)
	require.ErrorContains(t, err, "a share of 1")
}
