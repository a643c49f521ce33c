package probe_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/tokenizer"
)

// vocabulary is a tokenizer of the tiny model's 64 ids: control tokens <s>, <pad> and <x>, then
// plain ones.
func vocabulary(t *testing.T, addBOS bool) *tokenizer.Tokenizer {
	t.Helper()
	g := tokenizer.GGUFVocab{Model: "gpt2", Pre: "gpt-2", Merges: []string{}, BOS: new(int32(0)), Pad: new(int32(1)), AddBOS: addBOS}
	for i := range 64 {
		token, kind := string(rune('A'+i)), int32(1)
		if i < 3 {
			token, kind = []string{"<s>", "<pad>", "<x>"}[i], 3
		}
		g.Tokens, g.Types = append(g.Tokens, token), append(g.Types, kind)
	}
	tok, err := tokenizer.FromGGUF(g)
	require.NoError(t, err)
	return tok
}

// What stands in front is read off the ids, and what a reader must know of it travels with every
// number.
func TestLabel(t *testing.T) {
	plain, asking := vocabulary(t, false), vocabulary(t, true)
	for _, c := range []struct {
		name  string
		ids   []int32
		tok   *tokenizer.Tokenizer
		front string
		warns string // "": nothing
	}{
		{"text", []int32{9, 10, 11}, plain, sinks.BOSNone, ""},
		{"⟨bos⟩", []int32{0, 10, 11}, plain, "<s>", ""},
		{"⟨bos⟩, asked for", []int32{0, 10, 11}, asking, "<s>", ""},
		{"⟨bos⟩ missing", []int32{9, 10, 11}, asking, sinks.BOSNone, "the model's files ask for ⟨bos⟩ <s> in front (add_bos_token), and the text is read without: sinkscan -bos add"},
		{"two", []int32{0, 0, 11}, plain, "<s>", "⟨bos⟩ <s> stands 2 times in front: the text had it already; one alone is left by sinkscan -bos add"},
		{"padding", []int32{1, 9, 10}, plain, sinks.BOSNone, "token 1 is <pad>, the padding token: cut padding off"},
		{"another special token", []int32{2, 9, 10}, plain, "<x>", ""},
		{"others of them", []int32{2, 2, 10}, plain, "<x>", "the first 2 tokens are all <x>: if that is padding, cut it off"},
		{"equal tokens", []int32{9, 9, 9, 10}, plain, sinks.BOSNone, "the first 3 tokens are all J: if that is padding, cut it off"},
		{"a word twice", []int32{9, 9, 10}, plain, sinks.BOSNone, ""},
		{"bytes", []int32{47, 47, 47, 32}, tokenizer.NewBytes(), sinks.BOSNone, ""},
		{"no tokenizer", []int32{0, 0, 0, 0}, nil, "", ""},
	} {
		trace := run(t, [][]int32{c.ids}, probe.Options{Tokenizer: c.tok, Metrics: []ondevice.Metric{ondevice.FirstMass}})[0]
		require.Equal(t, c.front, trace.BOS, c.name)
		if c.warns == "" {
			require.Empty(t, trace.Warnings, c.name)
			continue
		}
		require.Len(t, trace.Warnings, 1, c.name)
		require.True(t, strings.HasPrefix(trace.Warnings[0], c.warns), "%s: %s", c.name, trace.Warnings[0])
		rate, err := trace.SinkRate(0.3, sinks.RateOptions{})
		require.NoError(t, err)
		require.Contains(t, rate.Warnings, trace.Warnings[0])
	}
}
