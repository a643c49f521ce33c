package tasks

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"firsttoken/train/tokenizer"
)

// Needle hides a sentence "The magic word of the baker is violin." in a haystack and asks for the
// word at the end. With distractors there are more such sentences, of other people and other words,
// so that the word alone does not give the answer away: the model has to look up the key
// ("multi-key needle in a haystack" of RULER, Hsieh et al. 2024, arXiv 2404.06654).
type Needle struct {
	Tokens      int     // length of the whole prompt, question included
	Depth       float64 // where the sentence stands in the haystack: 0 at its start, 1 right before the question
	Distractors int     // further sentences, at most len(words)−1
	Seed        uint64  // draws the key, the words and the places of the distractors
}

// The keys, and the words among which the answer is: rare in technical text, one token each in
// SmolLM2's vocabulary.
var (
	keys  = []string{"baker", "captain", "doctor", "farmer", "guard", "judge", "king", "nurse", "painter", "teacher"}
	words = []string{"apple", "castle", "copper", "dragon", "forest", "guitar", "honey", "lemon", "tiger", "violin"}
)

// Validate names the first field that makes no sense.
func (n Needle) Validate() error {
	switch {
	case n.Tokens < 1:
		return fmt.Errorf("tasks: needle: Tokens = %d: must be positive", n.Tokens)
	case !(n.Depth >= 0 && n.Depth <= 1):
		return fmt.Errorf("tasks: needle: Depth = %g: must be between 0 and 1", n.Depth)
	case n.Distractors < 0 || n.Distractors >= len(words):
		return fmt.Errorf("tasks: needle: Distractors = %d: must be between 0 and %d", n.Distractors, len(words)-1)
	}
	return nil
}

// hidden is a sentence and the place in the haystack before which it goes.
type hidden struct {
	at  int
	ids []int32
}

// Prompt hides the sentence in the first tokens of haystack, as many as n.Tokens leaves room for.
// The answers are all ten words. It fails on a haystack that is too short or that has one of the
// words in it.
func (n Needle) Prompt(tok *tokenizer.Tokenizer, haystack []int32) (Prompt, error) {
	if err := n.Validate(); err != nil {
		return Prompt{}, err
	}
	rng := rand.New(rand.NewPCG(n.Seed, 0x4eed1e))
	key, word := rng.Perm(len(keys)), rng.Perm(len(words))
	question := fmt.Sprintf("\nThe magic word of the %s is", keys[key[0]])
	p, err := encode(tok, question, words, word[0])
	if err != nil {
		return Prompt{}, err
	}
	room := n.Tokens - len(p.IDs)
	sentences := make([]hidden, n.Distractors+1)
	for i := range sentences {
		s := fmt.Sprintf("\nThe magic word of the %s is %s.\n", keys[key[i]], words[word[i]])
		if sentences[i].ids, err = tok.Encode(s, tokenizer.EncodeOptions{}); err != nil {
			return Prompt{}, fmt.Errorf("tasks: %w", err)
		}
		room -= len(sentences[i].ids)
	}
	if room < 0 || room > len(haystack) {
		return Prompt{}, fmt.Errorf("tasks: needle: %d tokens are %d without the sentences: the haystack has %d, and no fewer than 0 can be used",
			n.Tokens, room, len(haystack))
	}
	haystack = haystack[:room]
	for i, a := range p.Answers {
		if contains(haystack, a) {
			return Prompt{}, fmt.Errorf("tasks: needle: the haystack has the word %q in it: use another text", words[i])
		}
	}
	sentences[0].at = int(n.Depth*float64(room) + 0.5)
	for i := range n.Distractors {
		sentences[i+1].at = rng.IntN(room + 1)
	}
	p.IDs = append(hide(haystack, sentences), p.IDs...)
	return p, nil
}

// hide puts the sentences into the haystack. The first one, the needle, goes last among those of
// the same place.
func hide(haystack []int32, sentences []hidden) []int32 {
	sentences = slices.Clone(sentences)
	slices.Reverse(sentences)
	slices.SortStableFunc(sentences, func(a, b hidden) int { return a.at - b.at })
	var out []int32
	from := 0
	for _, s := range sentences {
		out = append(append(out, haystack[from:s.at]...), s.ids...)
		from = s.at
	}
	return append(out, haystack[from:]...)
}

// contains tells whether needle occurs in ids.
func contains(ids, needle []int32) bool {
	for i := 0; i+len(needle) <= len(ids); i++ {
		if slices.Equal(ids[i:i+len(needle)], needle) {
			return true
		}
	}
	return false
}
