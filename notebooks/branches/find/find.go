// Package find searches the heads of a model for if–else heads and measures the ones it finds on
// texts that the search has not seen (Barbero et al., arXiv 2504.02732, Fig. 4a; package
// sinks/ifelse has the definitions). Package branches draws and judges what is found, without a
// model.
package find

import (
	"fmt"
	"slices"

	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/stats"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Search says what is tried. Nothing in it names a head or a token.
type Search struct {
	Window    int    `json:"window"`    // how far back a trigger may lie, in tokens
	Documents int    `json:"documents"` // a single token is a class of its own from so many texts on
	Heads     int    `json:"heads"`     // of the ranking, measured on the other texts
	Swaps     int    `json:"swaps"`     // texts of the causal check
	Seed      uint64 `json:"seed"`      // of what is exchanged
	// Checked is how many heads of the ranking have a causal check, beside the apostrophe's; 0 is
	// one.
	Checked int `json:"checked,omitempty"`
	// More are triggers of your own, tried before all others.
	More []ifelse.Trigger `json:"more,omitempty"`
}

// Default is the search of notebook 07b.
func Default() Search { return Search{Window: 8, Documents: 10, Heads: 10, Swaps: 20, Seed: 2} }

// Validate names a field that nothing can be found with.
func (s Search) Validate() error {
	switch {
	case s.Window < 1 || s.Window > ifelse.MaxWindow:
		return fmt.Errorf("find: Window = %d: must be from 1 to %d", s.Window, ifelse.MaxWindow)
	case s.Documents < 1 || s.Heads < 1:
		return fmt.Errorf("find: Documents = %d and Heads = %d: both must be at least 1", s.Documents, s.Heads)
	case s.Checked < 0 || s.Checked > s.Heads:
		return fmt.Errorf("find: Checked = %d: must be from 0 to Heads = %d", s.Checked, s.Heads)
	case s.Swaps < 2:
		return fmt.Errorf("find: Swaps = %d: must be at least 2, for an interval", s.Swaps)
	}
	return nil
}

// Findings are what a search found and what is left of it on other texts.
type Findings struct {
	Triggers int
	Best     []ifelse.Found // on the texts searched, one a head, the largest score first
	Held     []Held         // the first of them, and at the end the best head for an apostrophe just before
}

// Held is a head on texts that the search has not seen, with its causal check there.
type Held struct {
	ifelse.Held
	Swaps []ifelse.Swapped // nil but for the first, or Checked of them, and the last
}

// Triggers are what is tried: More, and each class just before the query, among the last tokens,
// and as the query's own token.
func (s Search) Triggers(docs []ifelse.Document) []ifelse.Trigger {
	list := slices.Clone(s.More)
	for _, c := range append(ifelse.Classes(), ifelse.Singles(docs, s.Documents)...) {
		list = append(list, ifelse.Previous(c), ifelse.Within(c, s.Window), ifelse.Itself(c))
	}
	return list
}

// Apostrophe is the paper's own trigger. It is one of those tried; whatever ranks first, its best
// head is reported too.
var Apostrophe = ifelse.Previous(ifelse.Classes()[0])

// Run searches texts for triggers and measures what it finds on others. All texts are of one form:
// if the model has a token in front, it is in front of each.
func (s Search) Run(m *transformer.Model, tok *tokenizer.Tokenizer, searched, others [][]int32) (f Findings, err error) {
	if err := s.Validate(); err != nil {
		return f, err
	}
	o := probe.RecentOptions{Window: s.Window, Text: text(tok)}
	docs, err := probe.Recent(m, slices.Concat(searched, others), o)
	if err != nil {
		return f, err
	}
	seen, unseen := docs[:len(searched)], docs[len(searched):]
	triggers := s.Triggers(seen)
	f.Triggers = len(triggers)
	if f.Best, err = ifelse.Search(seen, triggers, ifelse.DefaultOptions()); err != nil {
		return f, err
	}
	special, err := ifelse.Search(seen, []ifelse.Trigger{Apostrophe}, ifelse.Options{Queries: 10, Documents: 8})
	if err != nil {
		return f, err
	}
	list := append(slices.Clone(f.Best[:min(s.Heads, len(f.Best))]), special[0])
	for i, x := range list {
		held, err := ifelse.Hold(unseen, x, stats.DefaultOptions())
		if err != nil {
			return f, err
		}
		h := Held{Held: held}
		if i < max(1, s.Checked) || i == len(list)-1 {
			if h.Swaps, err = probe.Swap(m, others, probe.Head{Layer: x.Layer, Head: x.Head}, x.Trigger, s.Swaps, s.Seed, o); err != nil {
				return f, err
			}
		}
		f.Held = append(f.Held, h)
	}
	return f, nil
}
