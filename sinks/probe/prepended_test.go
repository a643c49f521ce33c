package probe_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/prepend"
	"firsttoken/sinks/probe"
)

// The comparison is what its parts give one by one, on sentences of random tokens.
func TestComparePrepended(t *testing.T) {
	fullOnly(t, "two dozen passes")
	const frames, choosing = 10, 2
	_, pairs := prepend.Pairs(make([]prepend.Frame, frames))
	p := &prepend.Plan{Before: []int32{5, 6, 7}, Choosing: choosing, Placeholder: 60, Untils: []int{2}, Pairs: pairs}
	p.Sentences = documents(slices.Repeat([]int{4, 5, 6}, 2*frames)...)
	o, err := probe.ComparePrepended(model(t), p)
	require.NoError(t, err)

	sentences, judging := p.Of(choosing, frames)
	require.Equal(t, judging, o.Pairs)
	require.Equal(t, 2, o.Until)
	prompts, pos := p.Prompts(sentences, prepend.Inside)
	require.Equal(t, 3, pos)
	cosines := func(condition string, list ...probe.Intervention) []float64 {
		rows, err := probe.LastRows(model(t), prompts, list...)
		require.NoError(t, err)
		var last [][]float32
		for _, r := range rows {
			last = append(last, r[o.Block[condition]])
		}
		return prepend.Cosines(last, judging)
	}
	copied := probe.CopyRow{From: -1, To: 3, Layers: []int{1}}
	require.Equal(t, cosines(prepend.Held), o.Cosines[prepend.Held])
	require.Equal(t, cosines(prepend.Copied, copied), o.Cosines[prepend.Copied])
	require.Equal(t, cosines(prepend.Other, probe.CopyRow{From: 2, To: 3, Layers: []int{1}}), o.Cosines[prepend.Other])
	require.Equal(t, cosines(prepend.CopyNoSink, probe.MaskKey{Pos: 0}, copied), o.Cosines[prepend.CopyNoSink])
	seen := map[float64]string{} // no condition is another under a second name
	for name, c := range o.Cosines {
		require.Empty(t, seen[c[0]], name)
		seen[c[0]] = name
	}
	require.Len(t, o.Alone, 3)
	require.Len(t, o.Copied[0], 3)
	require.Len(t, o.Sink.Alone, choosing)
	require.Len(t, o.Sink.Itself[0], choosing)

	p.Untils = []int{3}
	_, err = probe.ComparePrepended(model(t), p)
	require.ErrorContains(t, err, "name some of 2 to 2")
}
