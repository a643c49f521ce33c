package measure

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/erasure"
	"firsttoken/train/pretrained"
)

// Prompts and texts of SmolLM2, whose tokenizer set-up fetches: frames are whole, a prompt is the
// text with the placeholder in it, test passages come from documents that the others do not.
func TestTexts(t *testing.T) {
	tok, err := pretrained.LoadTokenizer("smollm2")
	require.NoError(t, err)
	p, err := SmolLM2.plan(tok, 12)
	require.NoError(t, err)
	require.NoError(t, p.Validate(30))
	prompts, pos := p.Prompts(p.Sentences[1:2], "the sentence")
	text, err := tok.Decode(prompts[0])
	require.NoError(t, err)
	require.Equal(t, `This sentence: "<reponame>At the hospital the child was examined by the doctor." means in one word: "`, string(text))
	require.Equal(t, "<reponame>", tok.Token(prompts[0][pos]))

	x := Texts{Train: 40, Choose: 8, Test: 30, T: 256, Seed: 16}
	texts, err := SmolLM2.texts(tok, x)
	require.NoError(t, err)
	require.Len(t, texts.Train, 40)
	require.Len(t, texts.Choose, 8)
	require.Len(t, texts.Test, 30)
	words := 0
	for _, ids := range texts.Test {
		var tokens []string
		for _, id := range ids {
			tokens = append(tokens, tok.Token(id))
		}
		for _, w := range erasure.Words(tokens) {
			if w.Len() > 1 {
				words++
			}
		}
	}
	require.Greater(t, words, 200)
	x.Test = 400
	_, err = SmolLM2.texts(tok, x)
	require.ErrorContains(t, err, "and 400 are wanted")
}
