package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
)

// The stream on the host has the norms and medians that Run reduces on the device, with and without
// an intervention.
func TestResidualsEqualMetrics(t *testing.T) {
	fullOnly(t, "SmolLM2, every layer to the host")
	ids := documents(13)[0]
	for _, edits := range [][]probe.Intervention{nil, {probe.MaskKey{Pos: 0}, probe.SkipUpdate{Layer: 0, Pos: 2, Part: probe.MLP}}} {
		stream, err := probe.Residuals(model(t), ids, edits...)
		require.NoError(t, err)
		trace := run(t, [][]int32{ids}, probe.Options{
			Metrics: []ondevice.Metric{ondevice.ResidNorm, ondevice.Resid}, MetricsOnly: true, Interventions: edits,
		})[0]
		require.Len(t, stream, trace.L+1)
		for l, rows := range stream {
			require.Len(t, rows, len(ids))
			for p, norm := range sinks.Norms(rows) {
				require.InEpsilon(t, norm, trace.ResidNorm[l][p], 1e-5)
			}
			median, err := sinks.MedianMagnitude(rows)
			require.NoError(t, err)
			require.InEpsilon(t, median, trace.ResidMedian[l], 1e-5)
		}
	}
}

func TestResidualsRefuses(t *testing.T) {
	_, err := probe.Residuals(model(t), nil)
	require.ErrorContains(t, err, "empty")
	_, err = probe.Residuals(model(t), documents(5)[0], probe.MaskKey{Pos: 5})
	require.ErrorContains(t, err, "probe:")
}
