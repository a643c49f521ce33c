package tokenizer

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFromGGUFSmolLM2(t *testing.T) {
	tok := smolLM2()
	require.Equal(t, 49152, tok.VocabSize())
	require.Equal(t, "smollm2", tok.Kind())
	bos, ok := tok.BOS()
	require.True(t, ok)
	require.Equal(t, "<|im_start|>", tok.Token(bos))
	eos, ok := tok.EOS()
	require.True(t, ok)
	require.Equal(t, "<|im_end|>", tok.Token(eos))
	paris, ok := tok.ID("ĠParis")
	require.True(t, ok)
	require.Equal(t, int32(7042), paris)
	require.True(t, tok.IsSpecial(0))
	require.False(t, tok.IsSpecial(paris))
	require.False(t, tok.IsSpecial(-1))
}

func TestFromGGUFRefuses(t *testing.T) {
	good := func() GGUFVocab {
		return GGUFVocab{Model: "gpt2", Pre: "llama-bpe", Tokens: []string{"a", "b", "ab", "<s>"},
			Types: []int32{ggufNormal, ggufNormal, ggufUnused, ggufControl}, Merges: []string{}}
	}
	_, err := FromGGUF(good())
	require.NoError(t, err)
	minus, four := int32(-1), int32(4)
	cases := map[string]func(*GGUFVocab){
		`tokenizer.ggml.model is "bert"`:                 func(g *GGUFVocab) { g.Model = "bert" },
		`tokenizer.ggml.pre is "bloom"; supported are [`: func(g *GGUFVocab) { g.Pre = "bloom" },
		"4 tokens but 3 token types":                     func(g *GGUFVocab) { g.Types = g.Types[:3] },
		`token 1 ("b") has token type 6`:                 func(g *GGUFVocab) { g.Types[1] = 6 },
		`merge 0 is "ab"`:                                func(g *GGUFVocab) { g.Merges = []string{"ab"} },
		`merge 0 ("a" + "b") makes "ab"`:                 func(g *GGUFVocab) { g.Merges = []string{"a b"} },
		`token "a" has two ids, 0 and 1`:                 func(g *GGUFVocab) { g.Tokens[1] = "a" },
		"token 1 is empty":                               func(g *GGUFVocab) { g.Tokens[1] = "" },
		"the vocabulary is empty":                        func(g *GGUFVocab) { g.Tokens, g.Types = nil, nil },
		"bos_token_id is -1":                             func(g *GGUFVocab) { g.BOS = &minus },
		"EOS id 4 lies outside":                          func(g *GGUFVocab) { g.EOS = &four },
		"padding token id 4 lies outside":                func(g *GGUFVocab) { g.Pad = &four },
	}
	for message, spoil := range cases {
		g := good()
		spoil(&g)
		_, err := FromGGUF(g)
		require.ErrorContains(t, err, message)
	}
}

// An unused token keeps its id, and no text becomes it, not even as a whole
// pre-token of a tokenizer that takes those from the vocabulary.
func TestUnusedToken(t *testing.T) {
	g := GGUFVocab{Model: "gpt2", Pre: "llama-bpe", Tokens: []string{"a", "b", "ab", "aa"},
		Types: []int32{ggufNormal, ggufNormal, ggufUnused, ggufNormal}}
	tok, err := FromGGUF(g)
	require.NoError(t, err)
	ids, err := tok.Encode("ab", EncodeOptions{})
	require.NoError(t, err)
	require.Equal(t, []int32{0, 1}, ids)
	ids, err = tok.Encode("aa", EncodeOptions{})
	require.NoError(t, err)
	require.Equal(t, []int32{3}, ids, "a whole pre-token in the vocabulary needs no merge")
	require.Equal(t, "ab", tok.Token(2))
}

// The tokenizer keeps no hold on the slices it was made from.
func TestFromGGUFCopies(t *testing.T) {
	g := GGUFVocab{Model: "gpt2", Pre: "gpt-2", Tokens: []string{"a", "b"}, Types: []int32{ggufNormal, ggufNormal}}
	tok, err := FromGGUF(g)
	require.NoError(t, err)
	slices.Reverse(g.Tokens)
	require.Equal(t, "a", tok.Token(0))
}
