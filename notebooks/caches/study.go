// Package caches is the work behind notebook 12: what a model loses when it reads through caches of
// bounded size (sinks/eviction), measured cache by cache and kept (notebooks/keep), and what that
// says on claims S2 and S3.
package caches

import (
	"errors"
	"fmt"
	"sync"

	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/models"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/stats"
	"firsttoken/sinks/streams"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
)

// Study is one model that reads the same texts, passages of State of the Union addresses, through
// many caches.
type Study struct {
	Name    string // what is kept is kept below it: "12/smollm2"
	Model   string // what pretrained.Load takes
	Weights string // which weights these are
	BOS     bool   // ⟨bos⟩ stands in front of each text, as its first token
	Texts   int    // no two of one address while there are enough
	T       int    // tokens of each
	Seed    uint64 // draws them
	Skip    int    // leaves out the first so many of the draw, which an earlier study read
	Options streams.Options
	Caches  []streams.Setting
}

// Table is what the caches of a study gave, by their names.
type Table map[string]*streams.Outcome

// Measure fills in what is not kept yet, and says how many caches that were. It needs the model for
// these alone; one whose file is not here gives an error that wraps [local.ErrAbsent].
func (s Study) Measure() (Table, int, error) {
	load := sync.OnceValues(s.read)
	var names []string
	var inputs []any
	for _, c := range s.Caches {
		names = append(names, s.Name+"/"+c.String())
		input := []any{s.Model, s.Weights, s.BOS, s.Texts, s.T, s.Seed, s.Options, c}
		if s.Skip > 0 { // not of a study that skips none, whose values are older than the field
			input = append(input, s.Skip)
		}
		inputs = append(inputs, input)
	}
	values, measured, err := keep.Each(names, inputs, func(i int) (*streams.Outcome, error) {
		r, err := load()
		if err != nil {
			return nil, err
		}
		return probe.Streams(r.model.Model, r.texts, s.Caches[i], s.Options)
	})
	if err != nil {
		return nil, 0, err
	}
	table := Table{}
	for i, c := range s.Caches {
		table[c.String()] = values[i]
	}
	return table, measured, nil
}

// reader is a model with its texts.
type reader struct {
	model *pretrained.Loaded
	texts [][]int32
}

func (s Study) read() (*reader, error) {
	m, err := models.Open(s.Model)
	if err != nil {
		return nil, err
	}
	if s.Skip < 0 {
		return nil, fmt.Errorf("caches: Skip = %d: use 0 or more", s.Skip)
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	passages, err := corpus.Passages(speeches, m.Tokenizer, corpus.PassageConfig{N: s.Skip + s.Texts, T: s.T, BOS: s.BOS, Seed: s.Seed})
	if err != nil {
		return nil, err
	}
	return &reader{m, corpus.IDs(passages[s.Skip:])}, nil
}

// Load reads what [Study.Measure] kept, without a model.
func (s Study) Load() (Table, error) {
	table := Table{}
	for _, c := range s.Caches {
		out, err := keep.Load[*streams.Outcome](s.Name + "/" + c.String())
		if err != nil {
			return nil, err
		}
		table[c.String()] = out
	}
	return table, nil
}

// At is what a cache gave, nil if it is not in the table.
func (t Table) At(policy string, entries int, shifted bool) *streams.Outcome {
	return t[streams.Setting{Policy: policy, Entries: entries, Shifted: shifted}.String()]
}

// All is the model that keeps everything.
func (t Table) All() *streams.Outcome { return t[streams.Setting{Policy: streams.All}.String()] }

// More is the mean loss with a less that with b, paired by text.
func More(a, b *streams.Outcome) (stats.Estimate, error) {
	if a == nil || b == nil {
		return stats.Estimate{}, errors.New("caches: one of the two caches that are compared was not measured")
	}
	return stats.Paired(a.Loss, b.Loss, stats.DefaultOptions())
}
