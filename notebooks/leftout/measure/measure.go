// Package measure runs a model that was trained with ⟨bos⟩ in front of every text on the same text
// behind ⟨bos⟩, behind nothing and behind another token (Barbero et al., arXiv 2504.02732, Figs. 2
// and 3, Tables 2 and 3; package sinks/fronts has the definitions), and follows its tokens through
// the depth (Proposition 3.1 there; package sinks/collapse). Package leftout draws and judges both.
package measure

import (
	"errors"
	"fmt"

	"firsttoken/notebooks/models"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Texts are passages of State of the Union addresses, each of another one, and what reads them.
type Texts struct {
	Model string // what pretrained.Load takes; it must name a ⟨bos⟩
	N     int    // passages
	T     int    // tokens with ⟨bos⟩
	Draws int    // tokens in the place of ⟨bos⟩, one after the other
	Seed  uint64 // of the places where passages begin
}

// Validate names a field that nothing can be compared with.
func (t Texts) Validate() error {
	switch {
	case t.N < 2:
		return fmt.Errorf("measure: N = %d: needs 2 passages at least", t.N)
	case t.T < fronts.First+3:
		return fmt.Errorf("measure: T = %d: needs %d tokens at least", t.T, fronts.First+3)
	case t.Draws < 1 || t.Draws >= t.N:
		return fmt.Errorf("measure: Draws = %d: must be from 1 to %d", t.Draws, t.N-1)
	}
	return nil
}

// Groups of layers whose entropies are told apart, by their place in what fronts.Outcome holds.
const (
	All    = iota
	Local  // with a window
	Global // without one
)

// Fronts is what the same texts show behind three fronts.
type Fronts struct {
	Names   []string // of the passages
	Fronts  *probe.Compared
	Unigram []float64 // loss of a model that knows frequencies alone, nats, by passage
}

// Fronts measures the passages. The unigram model counts tokens of addresses that none of them
// comes from. The error wraps local.ErrAbsent where the weights are not here.
func (t Texts) Fronts() (out Fronts, err error) {
	m, bos, err := t.open()
	if err != nil {
		return out, err
	}
	defer m.Close()
	groups, err := layers(m.Config)
	if err != nil {
		return out, err
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return out, err
	}
	others, read, err := corpus.Split(speeches, 0.6, t.Seed)
	if err != nil {
		return out, err
	}
	passages, err := corpus.Passages(read, m.Tokenizer, corpus.PassageConfig{N: t.N, T: t.T - 1, Seed: t.Seed})
	if err != nil {
		return out, err
	}
	for _, p := range passages {
		out.Names = append(out.Names, p.String())
	}
	counted, err := encoded(others, m.Tokenizer)
	if err != nil {
		return out, err
	}
	if out.Unigram, err = fronts.Unigram(counted, corpus.IDs(passages), m.Config.Vocab); err != nil {
		return out, err
	}
	out.Fronts, err = probe.CompareFronts(m.Model, corpus.IDs(passages), bos, t.Draws, groups[:]...)
	return out, err
}

// open loads the model and finds its ⟨bos⟩.
func (t Texts) open() (m *pretrained.Loaded, bos int32, err error) {
	if err := t.Validate(); err != nil {
		return nil, 0, err
	}
	if m, err = models.Open(t.Model); err != nil {
		return nil, 0, err
	}
	bos, ok := m.Tokenizer.BOS()
	if !ok {
		m.Close()
		return nil, 0, fmt.Errorf("measure: %s names no ⟨bos⟩ that could be left out", t.Model)
	}
	return m, bos, nil
}

// layers are the groups of a model's layers, 0-based.
func layers(c transformer.Config) (groups [3][]int, err error) {
	for l := range c.Layers {
		kind := Global
		if _, k := c.KindOf(l); k.Window > 0 {
			kind = Local
		}
		groups[All], groups[kind] = append(groups[All], l), append(groups[kind], l)
	}
	if groups[Local] == nil || groups[Global] == nil {
		return groups, errors.New("measure: the model needs layers with a window and layers without: entropies are told apart by them")
	}
	return groups, nil
}

// encoded are the tokens of whole documents.
func encoded(s corpus.Source, tok *tokenizer.Tokenizer) (ids [][]int32, err error) {
	docs, err := corpus.Collect(s)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		one, err := tok.Encode(d.Text, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		ids = append(ids, one)
	}
	return ids, nil
}
