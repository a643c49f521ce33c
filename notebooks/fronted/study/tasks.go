package study

import (
	"errors"
	"fmt"

	"firsttoken/notebooks/fronted/values"
	"firsttoken/notebooks/models"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/tasks"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// Tasks are questions and needles (package tasks) that a model is asked behind each of some fronts.
type Tasks struct {
	Model       string             // what pretrained.Load takes
	Load        pretrained.Options // how it is loaded
	BOS         string             // as in Passages
	Fronts      []string           // fronts of package probe
	Needles     []int              // lengths of the prompts with a needle, tokens
	N           int                // needles of each length, from the haystack's start to its end
	Distractors int                // further sentences of the needle's form in each haystack
}

// Validate names the first field that makes no sense.
func (t Tasks) Validate() error {
	switch {
	case t.Model == "":
		return errors.New("study: no model to ask")
	case len(t.Fronts) == 0 || len(t.Needles) == 0 || t.N < 1:
		return fmt.Errorf("study: %d needles of each of %v tokens behind %q: some of each are needed", t.N, t.Needles, t.Fronts)
	}
	return nil
}

// Inputs are what the answers depend on, for keep.Result. Weights that `make gemma` brings are
// pinned, so that what was measured of them can be shown without them.
func (t Tasks) Inputs() ([]any, error) {
	var version any = "Q4_K_M, SHA-256 a5fd3b62"
	if t.Model != "gemma3" {
		read, err := pretrained.Version(t.Model)
		if err != nil {
			return nil, err
		}
		version = read
	}
	return []any{version, t.Load, t.Needles, t.N, t.Distractors, t.Fronts, t.BOS}, nil
}

// Ask is the model's answers by front. The error wraps local.ErrAbsent where its weights are not
// here.
func (t Tasks) Ask() (map[string]values.Answers, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	m, err := models.OpenWith(t.Model, t.Load)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	bos, err := BOS(m.Tokenizer, t.BOS)
	if err != nil {
		return nil, err
	}
	choice, needle, err := t.prompts(m.Tokenizer)
	if err != nil {
		return nil, err
	}
	behind := map[string]values.Answers{}
	for _, front := range t.Fronts {
		o := tasks.Options{Front: probe.Front(front), BOS: bos}
		a := values.Answers{Needle: map[int][]tasks.Result{}}
		if a.Choice, err = tasks.Score(m.Model, choice, o); err != nil {
			return nil, err
		}
		for n, list := range needle {
			if a.Needle[n], err = tasks.Score(m.Model, list, o); err != nil {
				return nil, err
			}
		}
		behind[front] = a
	}
	return behind, nil
}

// prompts are the tests in a model's tokens. A haystack that is too short, or has one of the words
// in it, is left out at all lengths: needle i lies in the same one at each.
func (t Tasks) prompts(tok *tokenizer.Tokenizer) (choice []tasks.Prompt, needle map[int][]tasks.Prompt, err error) {
	questions, err := tasks.Questions()
	if err != nil {
		return nil, nil, err
	}
	for _, q := range questions {
		p, err := q.Prompt(tok)
		if err != nil {
			return nil, nil, err
		}
		choice = append(choice, p)
	}
	hays, err := haystacks(tok, 3*t.N)
	if err != nil {
		return nil, nil, err
	}
	needle = map[int][]tasks.Prompt{}
	had := 0
	for i := 0; i < len(hays) && had < t.N; i++ {
		fit := map[int]tasks.Prompt{}
		for _, n := range t.Needles {
			hidden := tasks.Needle{Tokens: n, Depth: float64(had) / float64(max(1, t.N-1)), Distractors: t.Distractors, Seed: uint64(i)}
			if p, err := hidden.Prompt(tok, hays[i]); err == nil {
				fit[n] = p
			}
		}
		if len(fit) == len(t.Needles) {
			for n, p := range fit {
				needle[n] = append(needle[n], p)
			}
			had++
		}
	}
	if had < t.N {
		return nil, nil, fmt.Errorf("study: only %d haystacks of %d will do for needles of %v tokens, and %d are asked for: hide fewer or shorter ones", had, len(hays), t.Needles, t.N)
	}
	return choice, needle, nil
}

// haystacks are n State of the Union addresses of at least 10,000 characters.
func haystacks(tok *tokenizer.Tokenizer, n int) (docs [][]int32, err error) {
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	drawn, err := corpus.Sample(corpus.MinRunes(speeches, 10000), n, 10)
	if err != nil {
		return nil, err
	}
	list, err := corpus.Collect(drawn)
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		ids, err := tok.Encode(d.Text, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		docs = append(docs, ids)
	}
	return docs, nil
}
