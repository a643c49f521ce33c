package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
)

func letter(id int32) string { return string('A' + id) }

// Documents of several lengths in one batch equal what the explicit patterns and
// a trace give for each, with and without an intervention.
func TestRecentEqualsPatternsAndTraces(t *testing.T) {
	fullOnly(t, "SmolLM2, whole patterns")
	m := model(t)
	docs := documents(9, 16, 12)
	var heads []probe.Head
	for l := range m.Config.Layers {
		for h := range m.Config.Heads {
			heads = append(heads, probe.Head{Layer: l, Head: h})
		}
	}
	for _, edits := range [][]probe.Intervention{nil, {probe.MaskKey{Pos: 0}}} {
		got, err := probe.Recent(m, docs, probe.RecentOptions{Window: 4, Text: letter, Interventions: edits})
		require.NoError(t, err)
		traces := run(t, docs, probe.Options{
			Metrics:     []ondevice.Metric{ondevice.FirstMass, ondevice.RowMax, ondevice.HeadWrite},
			MetricsOnly: true, Interventions: edits,
		})
		for i, ids := range docs {
			require.Equal(t, letter(ids[2]), got[i].Tokens[2])
			require.Len(t, got[i].Tokens, len(ids))
			patterns, err := probe.Patterns(m, ids, heads, edits...)
			require.NoError(t, err)
			for j, at := range heads {
				want := ifelse.Diagonals(patterns[j], 4)
				for q := range ids {
					require.InDeltaSlice(t, want[q], got[i].Recent[at.Layer][at.Head][q], 1e-5)
				}
				require.InDeltaSlice(t, traces[i].FirstMass[at.Layer][at.Head], got[i].First[at.Layer][at.Head], 1e-5)
				require.InDeltaSlice(t, traces[i].RowMax[at.Layer][at.Head], got[i].Max[at.Layer][at.Head], 1e-5)
				require.InDeltaSlice(t, traces[i].HeadWrite[at.Layer][at.Head], got[i].Write[at.Layer][at.Head], 1e-5)
			}
		}
	}
}

// The first layers alone are those of a whole run, bit for bit.
func TestRecentLayers(t *testing.T) {
	docs := documents(9, 12)
	whole, err := probe.Recent(model(t), docs, probe.RecentOptions{Window: 4, Text: letter})
	require.NoError(t, err)
	first, err := probe.Recent(model(t), docs, probe.RecentOptions{Window: 4, Text: letter, Layers: 1})
	require.NoError(t, err)
	for i, got := range first {
		want := whole[i]
		want.First, want.Max, want.Write, want.Recent = want.First[:1], want.Max[:1], want.Write[:1], want.Recent[:1]
		require.Equal(t, want, got)
	}
}

func TestRecentRefuses(t *testing.T) {
	for want, o := range map[string]probe.RecentOptions{
		"Window = 64":           {Window: 64, Text: letter},
		"Window = -1":           {Window: -1, Text: letter},
		"Text is nil":           {Window: 1},
		"Layers = -1":           {Text: letter, Layers: -1},
		"Layers = 9":            {Text: letter, Layers: 9},
		"BatchTokens":           {Text: letter, BatchTokens: -1},
		"mask key 10":           {Text: letter, Interventions: []probe.Intervention{probe.MaskKey{Pos: 9}}},
		"intervention 1 is nil": {Text: letter, Interventions: []probe.Intervention{nil}},
	} {
		_, err := probe.Recent(model(t), documents(9), o)
		require.ErrorContains(t, err, want)
	}
	_, err := probe.Recent(model(t), nil, probe.RecentOptions{Text: letter})
	require.ErrorContains(t, err, "no documents")
}
