package tasks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/tasks"
	"firsttoken/train/tokenizer"
)

// hay is n bytes of text without any of the words.
func hay(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32("abc. "[i%5])
	}
	return ids
}

// texts decodes a prompt and its answers.
func texts(t *testing.T, p tasks.Prompt) (text, right string, answers []string) {
	t.Helper()
	tok := tokenizer.NewBytes()
	for _, ids := range append([][]int32{p.IDs}, p.Answers...) {
		b, err := tok.Decode(ids)
		require.NoError(t, err)
		answers = append(answers, string(b))
	}
	return answers[0], answers[1+p.Right], answers[1:]
}

// The sentence stands where it should, answers the question at the end, and the prompt has its
// length, for every depth and number of distractors.
func TestNeedle(t *testing.T) {
	tok := tokenizer.NewBytes()
	for _, depth := range []float64{0, 0.25, 0.5, 1} {
		for _, distractors := range []int{0, 3, 9} {
			for seed := range uint64(5) {
				p, err := tasks.Needle{Tokens: 1000, Depth: depth, Distractors: distractors, Seed: seed}.Prompt(tok, hay(2000))
				require.NoError(t, err)
				require.Len(t, p.IDs, 1000)
				require.Len(t, p.Answers, 10)
				text, right, answers := texts(t, p)
				require.Equal(t, distractors+1, strings.Count(text, " is "), "the question ends in \" is\"")
				question := text[strings.LastIndex(text, "\n"):]
				require.True(t, strings.HasSuffix(question, " is"), question)
				sentence := question + right + ".\n"
				require.Equal(t, 1, strings.Count(text, sentence))
				for _, a := range answers {
					if a != right {
						require.NotContains(t, text, question+a)
					}
				}
				if distractors == 0 {
					haystack := len(text) - len(sentence) - len(question)
					require.InDelta(t, depth, float64(strings.Index(text, sentence))/float64(haystack), 0.001)
				}
			}
		}
	}
}

// Seeds vary key, word and places; equal needles are equal.
func TestNeedleSeeds(t *testing.T) {
	tok := tokenizer.NewBytes()
	rights := map[int]bool{}
	for seed := range uint64(20) {
		n := tasks.Needle{Tokens: 600, Depth: 0.5, Distractors: 2, Seed: seed}
		a, err := n.Prompt(tok, hay(600))
		require.NoError(t, err)
		b, err := n.Prompt(tok, hay(600))
		require.NoError(t, err)
		require.Equal(t, a, b)
		rights[a.Right] = true
	}
	require.Greater(t, len(rights), 5)
}

func TestNeedleRefuses(t *testing.T) {
	tok := tokenizer.NewBytes()
	good := tasks.Needle{Tokens: 600, Depth: 0.5, Distractors: 2}
	for want, change := range map[string]func(n *tasks.Needle){
		"Tokens = 0":            func(n *tasks.Needle) { n.Tokens = 0 },
		"Depth = 1.5":           func(n *tasks.Needle) { n.Depth = 1.5 },
		"Distractors = 10":      func(n *tasks.Needle) { n.Distractors = 10 },
		"Distractors = -1":      func(n *tasks.Needle) { n.Distractors = -1 },
		"60 tokens are":         func(n *tasks.Needle) { n.Tokens = 60 },
		"the haystack has 1000": func(n *tasks.Needle) { n.Tokens = 5000 },
	} {
		n := good
		change(&n)
		_, err := n.Prompt(tok, hay(1000))
		require.ErrorContains(t, err, want)
	}
	spoilt := hay(1000)
	for i, c := range " tiger" {
		spoilt[100+i] = c
	}
	_, err := good.Prompt(tok, spoilt)
	require.ErrorContains(t, err, `the word "tiger"`)
}
