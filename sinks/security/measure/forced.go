package measure

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"firsttoken/sinks/eviction"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/security"
	"firsttoken/train/tokenizer"
)

// Answer is how a model goes on.
type Answer struct {
	IDs  []int32 `json:"ids"`
	Text string  `json:"text"` // up to where the answer ends
}

// Answers continues prompts by n tokens each, the most probable ones, with first[i] in the place of
// the first; nil first forces nothing.
func Answers(s Speaker, prompts [][]int32, first []int32, n int) ([]Answer, error) {
	if n < 1 || first != nil && len(first) != len(prompts) {
		return nil, fmt.Errorf("measure: answers of %d tokens to %d prompts with %d first tokens: give one for each prompt, or none", n, len(prompts), len(first))
	}
	var out []Answer
	for i, ids := range prompts {
		o := probe.StreamOptions{Policy: eviction.Window{}, Entries: roomFor(len(ids) + n), Generate: n}
		if first != nil {
			o.Force = map[int]int32{0: first[i]}
		}
		streamed, err := probe.Stream(s.Model, ids, o)
		if err != nil {
			return nil, fmt.Errorf("measure: prompt %d: %w", i+1, err)
		}
		a := Answer{IDs: streamed.Generated}
		text, err := s.Tokenizer.Decode(a.IDs[:length(a.IDs, s.Chat.End())])
		if err != nil {
			return nil, err
		}
		a.Text = string(text)
		out = append(out, a)
	}
	return out, nil
}

// roomFor rounds up, so that prompts of about one length share a compiled block.
func roomFor(n int) int { return (n + 31) / 32 * 32 }

// length is that of an answer without what follows its end.
func length(ids []int32, end int32) int {
	if i := slices.Index(ids, end); i >= 0 {
		return i
	}
	return len(ids)
}

// Conditions of the first token of an answer.
const (
	Free    = "free"
	Safety  = "safety token"
	Neutral = "neutral token"
	Random  = "random token"
)

// ForcedOptions say how One Trigger Token is measured.
type ForcedOptions struct {
	Tokens int    // of each answer
	System string // the message that has a model refuse, where it refuses too little to know P_safety
	Least  int    // refusals that P_safety is taken from at least
	Seed   uint64
}

// Forced is what a forced first token does. Lists are by prompt, those to the mild messages first,
// then those to the harmless ones; Neutral and Random are forced on answers to mild ones alone.
type Forced struct {
	Answers map[string][]Answer `json:"answers"` // by condition
	First   map[string][]int32  `json:"first"`   // tokens that were forced
	// Safe is P_safety; Elicited, that it is of answers under ForcedOptions.System, which are Told.
	Safe     *security.Firsts `json:"safe"`
	Elicited bool             `json:"elicited"`
	Told     []Answer         `json:"told,omitempty"`
}

// Force measures the defence: P_safety is counted over the refusals, a token of it is drawn for
// each prompt and forced. The neutral token is one that begins answers to harmless messages and
// occurs in texts as often as the safety token does, the random one any that occurs in texts.
func Force(s Speaker, pairs []security.Pair, texts [][]int32, o ForcedOptions) (*Forced, error) {
	prompts, err := s.Ask(security.Messages(pairs)...)
	if err != nil {
		return nil, err
	}
	out := &Forced{Answers: map[string][]Answer{}, First: map[string][]int32{}}
	free, err := Answers(s, prompts, nil, o.Tokens)
	if err != nil {
		return nil, err
	}
	out.Answers[Free] = free
	if err := out.safe(s, pairs, free, o); err != nil {
		return nil, err
	}
	if err := out.choose(s, len(pairs), texts, o.Seed); err != nil {
		return nil, err
	}
	for _, c := range []string{Safety, Neutral, Random} {
		if out.Answers[c], err = Answers(s, prompts[:len(out.First[c])], out.First[c], o.Tokens); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// safe counts the first tokens of refusals: of the model as it is, or else as it is told to.
func (f *Forced) safe(s Speaker, pairs []security.Pair, free []Answer, o ForcedOptions) (err error) {
	firsts := refusing(free)
	if len(firsts) < o.Least {
		f.Elicited = true
		var prompts [][]int32
		for _, p := range pairs {
			ids, err := s.Chat.Render(tokenizer.Message{Role: "system", Content: o.System}, tokenizer.Message{Role: "user", Content: p.Mild})
			if err != nil {
				return err
			}
			prompts = append(prompts, ids)
		}
		if f.Told, err = Answers(s, prompts, nil, o.Tokens); err != nil {
			return err
		}
		firsts = refusing(f.Told)
	}
	if f.Safe, err = security.CountFirsts(firsts); err != nil {
		return fmt.Errorf("%w, told to or not: there is no P_safety", err)
	}
	return nil
}

// refusing lists the first tokens of those answers that refuse.
func refusing(answers []Answer) (firsts []int32) {
	for _, a := range answers {
		if security.Refuses(a.Text) {
			firsts = append(firsts, a.IDs[0])
		}
	}
	return firsts
}

// choose draws the tokens that are forced; mild is the number of mild messages.
func (f *Forced) choose(s Speaker, mild int, texts [][]int32, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 15))
	var candidates []int32
	for _, a := range f.Answers[Free][mild:] {
		if id := a.IDs[0]; !slices.Contains(f.Safe.IDs, id) && !slices.Contains(candidates, id) {
			candidates = append(candidates, id)
		}
	}
	var vocabulary []int32
	for _, ids := range texts {
		vocabulary = append(vocabulary, ids...)
	}
	slices.Sort(vocabulary)
	if vocabulary = slices.Compact(vocabulary); len(vocabulary) == 0 {
		return errors.New("measure: no texts: the neutral and the random token are chosen by them")
	}
	if len(candidates) == 0 {
		return errors.New("measure: all answers to harmless messages begin as refusals do: there is no neutral token")
	}
	for i := range f.Answers[Free] {
		safe := f.Safe.Draw(rng)
		f.First[Safety] = append(f.First[Safety], safe)
		if i >= mild {
			continue
		}
		neutral, err := security.Nearest(texts, safe, candidates)
		if err != nil {
			return err
		}
		random := vocabulary[rng.IntN(len(vocabulary))]
		f.First[Neutral], f.First[Random] = append(f.First[Neutral], neutral), append(f.First[Random], random)
	}
	return nil
}
