// Package states holds how far apart tokens are in models' residual streams, by layer, length and
// repetition: values alone, which package study measures and package collapses draws and judges. It
// depends on neither, so that a change of a figure makes no measured value old.
package states

import (
	"fmt"
	"slices"

	"firsttoken/sinks/collapse"
)

// Layers are the measures of one text under one wiring.
type Layers struct {
	All, Text *collapse.Depth // all tokens; without token 1
	Effective []float64       // effective rank, without token 1
}

// Repeat is a prompt and the token that follows it again and again.
type Repeat struct{ Front, Token string }

func (r Repeat) String() string {
	if r.Front == "" {
		return fmt.Sprintf("Nothing but %q…", r.Token)
	}
	return fmt.Sprintf("%q, then %q…", r.Front, r.Token)
}

// Repeated is what one model makes of one of them: the last two tokens of the last layer by length,
// and how much of Proposition 3.1's bound is used in every layer.
type Repeated struct {
	*collapse.Length
	Front    int     // tokens of the prompt: from Front + 2 on the last two are both the repeated token
	Tightest float64 // over all layers and lengths but n = 2, rows that are equal up to rounding left out
	States   int     // how many these are
	Equal    int     // how many were left out
}

// EqualFrom says from which length on, of those in which the last two tokens are both the repeated
// one, they are equal in bfloat16.
func (r Repeated) EqualFrom() string {
	n, ok := r.FirstEqual(r.Front + 2)
	if !ok {
		return fmt.Sprintf("not by %d: %d components differ at least", len(r.Differing)+1, slices.Min(r.Differing[r.Front:]))
	}
	equal := 0
	for _, d := range r.Differing[n-2:] {
		if d == 0 {
			equal++
		}
	}
	return fmt.Sprintf("%d; at %.1f %% of the lengths from there on", n, 100*float64(equal)/float64(len(r.Differing)-n+2))
}

// Bound is how tight Proposition 3.1 was in some states, and how many were left out: their rows are
// equal up to rounding.
type Bound struct {
	Tightest      float64
	States, Equal int
}

// Add takes in states.
func (b *Bound) Add(tightest float64, states, equal int) {
	b.Tightest, b.States, b.Equal = max(b.Tightest, tightest), b.States+states, b.Equal+equal
}

// Count takes in the layers of texts.
func (b *Bound) Count(list []Layers) {
	for _, l := range list {
		for _, d := range []*collapse.Depth{l.All, l.Text} {
			largest, n := collapse.LargestTightness(d.Tightness)
			b.Add(largest, n, len(d.Tightness)-n)
		}
	}
}

// CountRepeated takes in those of prompts that repeat a token.
func (b *Bound) CountRepeated(list []Repeated) {
	for _, r := range list {
		b.Add(r.Tightest, r.States, r.Equal)
	}
}

func (b Bound) String() string {
	return fmt.Sprintf("%d states, largest tightness %.3f; %d left out, rows equal up to rounding", b.States, b.Tightest, b.Equal)
}
