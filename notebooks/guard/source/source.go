// Package source opens what notebook 15 measures: a model, its texts, and how it is talked to. It
// is apart from package guard, so that what was measured does not hang on how it is drawn.
package source

import (
	"fmt"

	"firsttoken/notebooks/models"
	"firsttoken/sinks/security/measure"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
)

// Source is a model, what it reads, and what is put into it.
type Source struct {
	Name, File string   // for pretrained.Load, and what file that is
	BOS        bool     // before each text
	N, T       int      // texts, and the tokens of each
	Tail       int      // the last tokens, at which predictions are compared
	Positions  []int    // of the tokens that are exchanged, 0-based
	Tokens     []string // that others are exchanged for, as the vocabulary writes them
	Seed       uint64
}

// Open loads the model and cuts its texts, passages of State of the Union addresses. It wraps
// local.ErrAbsent where the weights are not here.
func (s Source) Open() (*pretrained.Loaded, [][]int32, error) {
	m, err := models.Open(s.Name)
	if err != nil {
		return nil, nil, err
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, nil, err
	}
	passages, err := corpus.Passages(speeches, m.Tokenizer, corpus.PassageConfig{N: s.N, T: s.T, BOS: s.BOS, Seed: s.Seed})
	return m, corpus.IDs(passages), err
}

// IDs are those of the tokens.
func (s Source) IDs(m *pretrained.Loaded) (ids []int32, err error) {
	for _, name := range s.Tokens {
		id, ok := m.Tokenizer.ID(name)
		if !ok {
			return nil, fmt.Errorf("source: the vocabulary of %s has no token %q", s.Name, name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Speaker is the model as one talks to it, and its texts.
func (s Source) Speaker() (measure.Speaker, [][]int32, error) {
	chat, err := pretrained.LoadChat(s.Name)
	if err != nil {
		return measure.Speaker{}, nil, err
	}
	m, texts, err := s.Open()
	if err != nil {
		return measure.Speaker{}, nil, err
	}
	return measure.Speaker{Model: m.Model, Tokenizer: m.Tokenizer, Chat: chat}, texts, nil
}

// Edits exchanges the tokens of the texts.
func (s Source) Edits() (*measure.Edited, error) {
	m, texts, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	ids, err := s.IDs(m)
	if err != nil {
		return nil, err
	}
	return measure.Edits(m.Model, texts, ids, measure.EditsOptions{Positions: s.Positions, Tail: s.Tail, Batch: 1024})
}
