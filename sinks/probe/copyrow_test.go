package probe_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
)

// A row copied onto itself changes nothing, bit for bit, in whatever way its place is counted; the
// trace stays causal.
func TestCopyRowOfItself(t *testing.T) {
	docs := documents(9, 16)
	list := []probe.Intervention{probe.CopyRow{From: 3, To: 3}, probe.CopyRow{From: -1, To: -1, Layers: []int{1}}}
	want, got := run(t, docs, probe.Options{}), run(t, docs, probe.Options{Interventions: list})
	for i := range want {
		got[i].Provenance = want[i].Provenance
		require.Equal(t, want[i], got[i])
	}
}

// Copied onward, from a token to a later one, rows in between stay and losses are allowed; copied
// back, those from the place on change, and only they.
func TestCopyRow(t *testing.T) {
	docs := documents(9, 12)
	before := run(t, docs, probe.Options{})
	onward := run(t, docs, probe.Options{Interventions: []probe.Intervention{probe.CopyRow{From: 1, To: 6, Layers: []int{1}}}})
	require.False(t, onward[0].Acausal)
	require.Equal(t, before[0].Loss[:5], onward[0].Loss[:5])
	require.NotEqual(t, before[0].Loss[6:], onward[0].Loss[6:])

	back := run(t, docs, probe.Options{SkipLoss: true, Interventions: []probe.Intervention{probe.CopyRow{From: -1, To: 2, Layers: []int{1}}}})
	for i, trace := range back {
		require.Equal(t, before[i].ResidNorm[1], trace.ResidNorm[1], "what the block before left")
		require.InDeltaSlice(t, before[i].ResidNorm[2][:2], trace.ResidNorm[2][:2], 1e-5)
		for pos := 2; pos < trace.T; pos++ {
			require.NotEqual(t, before[i].ResidNorm[2][pos], trace.ResidNorm[2][pos])
		}
		_, err := trace.Check()
		require.NoError(t, err)
	}
}

// Traces that are not causal say so, also from their files, and refuse loss and cutting.
func TestCopyRowBackIsMarked(t *testing.T) {
	docs := documents(9)
	o := probe.Options{Interventions: []probe.Intervention{probe.CopyRow{From: -1, To: 0, Layers: []int{1}}}}
	_, err := probe.Run(model(t), docs, o)
	require.ErrorContains(t, err, "breaks causality: losses would be of tokens that were read; set SkipLoss or MetricsOnly")
	_, _, err = probe.Perturb(model(t), []perturb.Edit{{IDs: docs[0], Pos: 2, To: 5}}, o)
	require.ErrorContains(t, err, "breaks causality")

	o.MetricsOnly = true
	trace := run(t, docs, o)[0]
	path := filepath.Join(t.TempDir(), "trace.safetensors")
	require.NoError(t, trace.Save(path))
	loaded, err := sinks.Load(path)
	require.NoError(t, err)
	for _, trace := range []*sinks.Trace{trace, loaded} {
		require.True(t, trace.Acausal)
		require.Contains(t, trace.Warnings[len(trace.Warnings)-1], "copied from a later position")
		_, err = trace.MeanLoss()
		require.ErrorContains(t, err, "is not causal")
		_, err = trace.At(5)
		require.ErrorContains(t, err, "is not causal")
		_, err = trace.At(9)
		require.NoError(t, err)
	}
}

func TestCopyRowRefuses(t *testing.T) {
	docs := documents(5, 9)
	for want, list := range map[string][]probe.Intervention{
		"copy the state of token 1 from the end to token 6 at the input of layers all: document 1 has 5": {probe.CopyRow{From: -1, To: 5}},
		"token 6 from the end to token 1 at the input of layers all: document 1 has 5 tokens":            {probe.CopyRow{From: -6}},
		"the model has 2 layers":            {probe.CopyRow{Layers: []int{2}}},
		"no layers: use nil for all":        {probe.CopyRow{Layers: []int{}}},
		"both copied to position 2":         {probe.CopyRow{From: 0, To: 2}, probe.CopyRow{From: 1, To: 2}},
		"layer 1: position 7 is edited: th": {probe.Own{Name: "too far", Write: func(_ int, e *probe.LayerEdits) { e.CopyRow(0, 7, 0) }}},
	} {
		_, err := probe.Run(model(t), docs, probe.Options{Interventions: list, SkipLoss: true})
		require.ErrorContains(t, err, want)
	}
}

// The last rows are those of the whole stream, of documents of different lengths in one batch and
// under an intervention.
func TestLastRows(t *testing.T) {
	docs := documents(9, 12, 5)
	edit := probe.CopyRow{From: -1, To: 1, Layers: []int{1}}
	for _, list := range [][]probe.Intervention{nil, {edit}} {
		rows, err := probe.LastRows(model(t), docs, list...)
		require.NoError(t, err)
		for i, ids := range docs {
			stream, err := probe.Residuals(model(t), ids, list...)
			require.NoError(t, err)
			for l := range stream {
				require.InDeltaSlice(t, stream[l][len(ids)-1], rows[i][l], 1e-4)
			}
		}
	}
	_, err := probe.LastRows(model(t), docs, probe.CopyRow{To: 5})
	require.ErrorContains(t, err, "document 3 has 5 tokens")
	_, err = probe.LastRows(model(t), nil)
	require.ErrorContains(t, err, "no documents")
}
