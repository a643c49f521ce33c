// Package study measures what notebook 09 shows, and keeps it (notebooks/keep): Jacobians of SmolLM2
// and of random models beside the bound of Theorem 3.2 (package sinks/squash). Package reach draws
// it, without a model.
package study

import (
	"errors"
	"fmt"
	"slices"

	"firsttoken/notebooks/keep"
	"firsttoken/sinks/squash"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
)

// Study says what is measured. Each value is measured anew when a field that it depends on changes.
type Study struct {
	Model       string    // what pretrained.Load takes
	Prompt      string    // the text whose map is drawn, its first T tokens
	T           int       // tokens of a document, where nothing else is said
	Directions  int       // random directions a position, where norms are estimated
	ExactLayers int       // blocks of the model whose Jacobian is computed in full
	Texts       int       // documents of random tokens of each setting of random models
	Passages    int       // passages of speeches that the model's own sink is measured on
	Masses      []float64 // mean attention on token 1 that random models are given
	Seed        uint64    // of passages, random weights, random tokens and directions
}

// Default is what the record of C5 was made with.
func Default() Study {
	return Study{Model: "smollm2", Prompt: "She opened the old box, and inside lay a letter that nobody had ever read.",
		T: 16, Directions: 4, ExactLayers: 4, Texts: 8, Passages: 12, Masses: []float64{0.5, 0.7, 0.9, 0.95}, Seed: 9}
}

// Validate names a field that nothing can be measured with.
func (s Study) Validate() error {
	switch {
	case s.Model == "" || s.Prompt == "":
		return fmt.Errorf("study: Model %q and Prompt %q: neither may be empty", s.Model, s.Prompt)
	case s.T < 4 || s.T > 64:
		return fmt.Errorf("study: T = %d: must be between 4 and 64", s.T)
	case s.Directions < 2 || s.ExactLayers < 1:
		return fmt.Errorf("study: Directions = %d and ExactLayers = %d: must be at least 2 and 1", s.Directions, s.ExactLayers)
	case s.Texts < 4 || s.Passages < 2:
		return fmt.Errorf("study: Texts = %d and Passages = %d: must be at least 4 and 2, for intervals", s.Texts, s.Passages)
	case !slices.Contains(s.Masses, strong):
		return fmt.Errorf("study: Masses = %v: %g must be among them, for the record compares it", s.Masses, strong)
	}
	return nil
}

// strong is the mass that the record shows beside the model's own sink.
const strong = 0.9

// Map sketches the whole Jacobian of the model at the prompt: every token by every one before it.
func (s Study) Map() (squash.Document, error) {
	version, err := s.version()
	if err != nil {
		return squash.Document{}, err
	}
	return value(keep.Result("09/prompt", []any{version, s.Prompt, s.Directions, s.Seed, s.T}, s.prompt))
}

// Trial computes the last of twelve tokens' Jacobian in the model's first blocks in full, and
// estimates it as Map does, by twice as many directions.
func (s Study) Trial() (squash.Trial, error) {
	version, err := s.version()
	if err != nil {
		return squash.Trial{}, err
	}
	return value(keep.Result("09/trial", []any{version, s.Prompt, s.Directions, s.ExactLayers, s.Seed}, s.trial))
}

// Silent checks a random model whose heads and MLPs write nothing, at one document, with all
// attention on token 1.
func (s Study) Silent() (squash.Check, error) {
	if err := s.Validate(); err != nil {
		return squash.Check{}, err
	}
	return value(keep.Result("09/silent-check", []any{s.T, s.Seed}, s.silent))
}

// Shapes sweeps depth, heads and context of random models, one at a time.
func (s Study) Shapes() (squash.Sweep, error) {
	if err := s.Validate(); err != nil {
		return squash.Sweep{}, err
	}
	return value(keep.Result("09/random-shapes", []any{s.T, s.Texts, s.Seed}, s.shapes))
}

// Random sweeps the attention on token 1 in a random model of six blocks: as it is, then each of
// Masses.
func (s Study) Random() (squash.Sweep, error) {
	if err := s.Validate(); err != nil {
		return squash.Sweep{}, err
	}
	return value(keep.Result("09/random-sink", []any{s.T, s.Texts, s.Masses, s.Seed}, s.randomSink))
}

// Own sweeps the attention on token 1 in the model, on passages of State of the Union addresses with
// nothing in front: key 1 hidden, 0.3, as it is, 0.9.
func (s Study) Own() (squash.Sweep, error) {
	version, err := s.version()
	if err != nil {
		return squash.Sweep{}, err
	}
	docs, err := s.passages()
	if err != nil {
		return squash.Sweep{}, err
	}
	return value(keep.Result("09/own-sink", []any{version, docs, s.Directions, s.Seed}, func() (squash.Sweep, error) { return s.ownSink(docs) }))
}

// Checks are of all pairs whose Jacobian is computed exactly, by where they come from.
func (s Study) Checks() (names []string, checks []squash.Check, err error) {
	add := func(name string, c squash.Check, e error) {
		names, checks, err = append(names, name), append(checks, c), errors.Join(err, e)
	}
	silent, e := s.Silent()
	add("constructed: silent, 4 blocks", silent, e)
	trial, e := s.Trial()
	var of squash.Check
	if e == nil {
		of, e = squash.NewCheck(trial.Comparison)
	}
	add(fmt.Sprintf("%s, first %d blocks", s.Model, s.ExactLayers), of, e)
	for _, m := range []struct {
		name    string
		measure func() (squash.Sweep, error)
	}{{"random models, depth, heads, context", s.Shapes}, {"random model, attention on token 1", s.Random}} {
		var check squash.Check
		sweep, e := m.measure()
		if e == nil {
			check = *sweep.Check
		}
		add(m.name, check, e)
	}
	return names, checks, err
}

// value forgets whether something was on disk.
func value[T any](v T, _ bool, err error) (T, error) { return v, err }

// version is that of the model's weights, of a study that is valid.
func (s Study) version() ([]string, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return pretrained.Version(s.Model)
}

// passages are the documents of Own, no two of one address while there are enough.
func (s Study) passages() ([][]int32, error) {
	tok, err := pretrained.LoadTokenizer(s.Model)
	if err != nil {
		return nil, err
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	passages, err := corpus.Passages(speeches, tok, corpus.PassageConfig{N: s.Passages, T: s.T, Seed: s.Seed})
	return corpus.IDs(passages), err
}
