package probe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/probe"
)

// Before is the head's response to the trigger in the text as it is; edits change
// what they should, and a text without the trigger is left out.
func TestSwap(t *testing.T) {
	m := model(t)
	docs := append(documents(30, 30, 30), make([]int32, 30)) // the last is one letter
	head := probe.Head{Layer: 1, Head: 2}
	o := probe.RecentOptions{Window: 3, Text: letter}
	x := ifelse.Previous(ifelse.Class{Name: "early", Match: func(s string) bool { return s < "M" && s > "A" }})
	got, err := probe.Swap(m, docs, head, x, 10, 1, o)
	require.NoError(t, err)
	require.Len(t, got, 3)
	again, err := probe.Swap(m, docs, head, x, 10, 1, o)
	require.NoError(t, err)
	require.Equal(t, got, again)
	measured, err := probe.Recent(m, docs, o)
	require.NoError(t, err)
	for _, s := range got {
		r, err := ifelse.Measure(measured[s.Document:s.Document+1], head.Layer, head.Head, x)
		require.NoError(t, err)
		require.Equal(t, r.Present, s.Queries)
		require.InDelta(t, r.SinkPresent, s.Before.Sink, 1e-5)
		require.InDelta(t, r.Trigger, s.Before.Trigger, 1e-5)
		require.NotEqual(t, s.Before, s.Removed)
		require.NotEqual(t, s.Before, s.Control)
		require.NotEqual(t, s.Removed, s.Control)
		require.NotEqual(t, s.Without, s.Inserted)
	}
	one, err := probe.Swap(m, docs, head, x, 1, 1, o)
	require.NoError(t, err)
	require.Len(t, one, 1)
}

func TestSwapRefuses(t *testing.T) {
	docs := documents(9)
	x, o := ifelse.Previous(ifelse.Only("~")), probe.RecentOptions{Window: 2, Text: letter}
	_, err := probe.Swap(model(t), docs, probe.Head{}, x, 1, 1, o)
	require.ErrorContains(t, err, "no document of 1 shows")
	_, err = probe.Swap(model(t), docs, probe.Head{Layer: 2}, x, 1, 1, o)
	require.ErrorContains(t, err, "layer 3, head 1")
	_, err = probe.Swap(model(t), docs, probe.Head{}, ifelse.Within(x.Class, 3), 1, 1, o)
	require.ErrorContains(t, err, "looks 3 tokens back")
	_, err = probe.Swap(model(t), docs, probe.Head{}, x, 1, 1, probe.RecentOptions{})
	require.ErrorContains(t, err, "Text is nil")
}
