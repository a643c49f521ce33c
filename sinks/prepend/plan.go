package prepend

import (
	"errors"
	"fmt"
	"slices"

	"firsttoken/sinks/stats"
)

// The parts of the prompt in front of a sentence and behind it (PromptEOL, arXiv 2307.16645).
const (
	Before = `This sentence: "`
	After  = `" means in one word: "`
)

// Plan is what is measured: prompts as token ids, and which of the pairs choose blocks.
type Plan struct {
	Before    []int32   // ⟨bos⟩ where the model is used with one, and the prompt in front
	Sentences [][]int32 // [6·frames], each with the prompt behind it
	Pairs     []Pair
	// Choosing is the number of frames, the first, whose pairs choose k and the block; the pairs of
	// the others judge.
	Choosing    int
	Placeholder int32
	HasBOS      bool  // Before begins with ⟨bos⟩
	Untils      []int // k, the last block whose input is copied to, 1-based, at least 2
}

// Validate names the first thing that is missing.
func (p *Plan) Validate(layers int) error {
	frames := len(p.Sentences) / 6
	switch {
	case len(p.Before) == 0:
		return errors.New("prepend: no prompt in front: row 1 would be a sentence's")
	case len(p.Sentences) == 0 || len(p.Pairs) != len(p.Sentences):
		return fmt.Errorf("prepend: %d sentences and %d pairs: make them with Pairs", len(p.Sentences), len(p.Pairs))
	case p.Choosing < 2 || frames-p.Choosing < stats.MinBootstrap:
		return fmt.Errorf("prepend: %d of %d frames choose: 2 at least, and %d must be left to judge", p.Choosing, frames, stats.MinBootstrap)
	case len(p.Untils) == 0 || slices.Min(p.Untils) < 2 || slices.Max(p.Untils) > layers:
		return fmt.Errorf("prepend: copies until blocks %v: name some of 2 to %d", p.Untils, layers)
	}
	return nil
}

// Of are the sentences and pairs of frames from to to−1, with sentences counted from there; the last
// frame's random pair goes to the first of them.
func (p *Plan) Of(from, to int) (sentences [][]int32, pairs []Pair) {
	sentences = p.Sentences[6*from : 6*to]
	for _, q := range p.Pairs[6*from : 6*to] {
		q.A, q.B, q.Frame = q.A-6*from, q.B-6*from, q.Frame-from
		if q.Kind == Random {
			q.B = (q.A + 6) % len(sentences)
		}
		pairs = append(pairs, q)
	}
	return sentences, pairs
}

// Place is where the placeholder stands.
type Place string

// The places.
const (
	Nowhere Place = "nowhere"      // the prompt alone
	Inside  Place = "the sentence" // in front of the sentence, as in the paper
	First   Place = "everything"   // in front of everything: ⟨bos⟩, where there is one, is it
)

// Prompts are token ids of sentences with a placeholder, and where it stands, −1 for nowhere.
func (p *Plan) Prompts(sentences [][]int32, at Place) (prompts [][]int32, pos int) {
	front, pos := p.Before, -1
	switch {
	case at == Inside:
		pos = len(front)
		front = append(slices.Clone(front), p.Placeholder)
	case at == First && p.HasBOS:
		pos = 0
	case at == First:
		pos = 0
		front = append([]int32{p.Placeholder}, front...)
	}
	for _, s := range sentences {
		prompts = append(prompts, slices.Concat(front, s))
	}
	return prompts, pos
}
