package corpus_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

func TestPackingNames(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range corpus.Packings() {
		require.NoError(t, p.Validate())
		require.False(t, seen[p.String()], "two packings are called %q", p)
		seen[p.String()] = true
		data, err := json.Marshal(p)
		require.NoError(t, err)
		var read corpus.Packing
		require.NoError(t, json.Unmarshal(data, &read))
		require.Equal(t, p, read)
	}
	require.Len(t, seen, 2*3*2*2)
	for _, p := range append(corpus.PaperPackings(), corpus.DefaultPacking()) {
		require.True(t, seen[p.String()], p)
	}
}

func TestPackingRefusals(t *testing.T) {
	for _, c := range []struct {
		change func(*corpus.Packing)
		says   string
	}{
		{func(p *corpus.Packing) { *p = corpus.Packing{} }, `Mask is ""`},
		{func(p *corpus.Packing) { p.Mask = "Causal" }, `Mask is "Causal": use one of ["causal" "intra-document"]`},
		{func(p *corpus.Packing) { p.BOS = "start" }, `BOS is "start"`},
		{func(p *corpus.Packing) { p.Positions = "" }, `Positions is ""`},
	} {
		p := corpus.DefaultPacking()
		c.change(&p)
		require.ErrorContains(t, p.Validate(), c.says)
	}
}

// The mask, written out for a window of a fixed ⟨bos⟩ and two documents.
func TestVisible(t *testing.T) {
	segments := []int32{0, 1, 1, 2, 2}
	for _, c := range []struct {
		packing corpus.Packing
		want    string
	}{
		{corpus.Packing{Mask: corpus.MaskCausal, BOS: corpus.BOSFixed}, `
			#....
			##...
			###..
			####.
			#####`},
		{corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSFixed}, `
			#....
			##...
			###..
			#..#.
			#..##`},
		{corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSNone}, `
			#....
			.#...
			.##..
			...#.
			...##`},
	} {
		want := strings.Join(strings.Fields(c.want), "")
		got := ""
		for _, v := range c.packing.Visible(segments) {
			got += map[bool]string{true: "#", false: "."}[v]
		}
		require.Equal(t, want, got, c.packing)
	}
	require.Empty(t, corpus.DefaultPacking().Visible(nil))
}
