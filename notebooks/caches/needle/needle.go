// Package needle is the work behind notebook 12b: whether a model that reads through a cache of
// bounded size still finds a word hidden in what it read (sinks/tasks.Needle), by where the word
// stood, and whether the cache still holds it when the question is asked.
package needle

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/floats"

	"firsttoken/notebooks/keep"
	"firsttoken/notebooks/models"
	"firsttoken/sinks/eviction"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/streams"
	"firsttoken/sinks/tasks"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Study is one model that is asked the same needles through many caches.
type Study struct {
	Name    string // what is kept is kept below it: "12b/smollm2"
	Model   string // what pretrained.Load takes
	Weights string // which weights these are
	BOS     bool   // ⟨bos⟩ stands in front of each prompt
	// Haystacks are passages of State of the Union addresses, each of another address; Depths are
	// where in each the needle stands, 0 at its start and 1 right before the question.
	Haystacks   int
	Depths      []float64
	Tokens      int // length of a prompt
	Distractors int // other sentences of the needle's kind
	Seed        uint64
	Block       int // B, tokens fed at once
	Caches      []streams.Setting
}

// Found is what came of one needle.
type Found struct {
	tasks.Result
	// Held is the share of the caches, over layers and key/value heads, that hold the word when the
	// question has been read.
	Held float64 `json:"held"`
}

// Table is what caches gave, by their names: [haystack][depth].
type Table map[string][][]Found

// Measure fills in what is not kept yet, and says how many caches that were. It needs the model for
// these alone; one whose file is not here gives an error that wraps [local.ErrAbsent].
func (s Study) Measure() (Table, int, error) {
	load := sync.OnceValues(s.read)
	var names []string
	var inputs []any
	for _, c := range s.Caches {
		names = append(names, s.Name+"/"+c.String())
		inputs = append(inputs, []any{s.Model, s.Weights, s.BOS, s.Haystacks, s.Depths, s.Tokens, s.Distractors, s.Seed, s.Block, c})
	}
	values, measured, err := keep.Each(names, inputs, func(i int) ([][]Found, error) {
		r, err := load()
		if err != nil {
			return nil, err
		}
		return r.ask(s.Caches[i], s.Block)
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

// reader is a model with its prompts, [haystack][depth].
type reader struct {
	model   *pretrained.Loaded
	prompts [][]tasks.Prompt
}

func (s Study) read() (*reader, error) {
	m, err := models.Open(s.Model)
	if err != nil {
		return nil, err
	}
	prompts, err := s.prompts(m.Tokenizer)
	return &reader{m, prompts}, err
}

// prompts hides needles in so many haystacks; one that has a word of the answers in it is passed
// over.
func (s Study) prompts(tok *tokenizer.Tokenizer) (all [][]tasks.Prompt, err error) {
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	passages, err := corpus.Passages(speeches, tok, corpus.PassageConfig{N: 2 * s.Haystacks, T: s.Tokens, Seed: s.Seed})
	if err != nil {
		return nil, err
	}
	var front []int32
	if s.BOS {
		id, ok := tok.BOS()
		if !ok {
			return nil, fmt.Errorf("needle: the tokenizer of %s has no ⟨bos⟩", s.Model)
		}
		front = []int32{id}
	}
	for i, hay := range corpus.IDs(passages) {
		if len(all) == s.Haystacks {
			return all, nil
		}
		var list []tasks.Prompt
		for _, depth := range s.Depths {
			n := tasks.Needle{Tokens: s.Tokens - len(front), Depth: depth, Distractors: s.Distractors, Seed: s.Seed + uint64(i)}
			p, e := n.Prompt(tok, hay)
			if err = e; e != nil {
				break
			}
			p.IDs = slices.Concat(front, p.IDs)
			list = append(list, p)
		}
		if len(list) == len(s.Depths) {
			all = append(all, list)
		}
	}
	if len(all) < s.Haystacks {
		return nil, fmt.Errorf("needle: only %d of %d haystacks will do: %w", len(all), s.Haystacks, err)
	}
	return all, nil
}

// ask reads all prompts through one cache.
func (r *reader) ask(c streams.Setting, block int) (all [][]Found, err error) {
	for _, prompts := range r.prompts {
		var row []Found
		for _, p := range prompts {
			f, err := ask(r.model.Model, p, c, block)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			row = append(row, f)
		}
		all = append(all, row)
	}
	return all, nil
}

// ask reads one prompt through a cache, and scores the answers, of one token each, by what the
// model would say next.
func ask(m *transformer.Model, p tasks.Prompt, c streams.Setting, block int) (f Found, err error) {
	o := probe.StreamOptions{Entries: c.Entries, Block: block, Shifted: c.Shifted, SkipLoss: len(p.IDs)}
	if o.Policy, err = eviction.Parse(c.Policy); c.Policy == streams.All {
		o.Policy, o.Entries, err = eviction.Window{}, len(p.IDs), nil
	}
	if err != nil {
		return f, err
	}
	read, err := probe.Stream(m, p.IDs, o)
	if err != nil {
		return f, err
	}
	wide := make([]float64, len(read.Logits))
	for i, x := range read.Logits {
		wide[i] = float64(x)
	}
	norm := floats.LogSumExp(wide)
	f.Right = p.Right
	for _, a := range p.Answers {
		if len(a) != 1 {
			return f, fmt.Errorf("needle: the answer %v is more than one token of this model", a)
		}
		f.Scores = append(f.Scores, wide[a[0]]-norm)
	}
	f.Held, err = held(read.Kept, slices.Index(p.IDs, p.Answers[p.Right][0]))
	return f, err
}

// held is the share of caches, [L][K] lists of positions, that hold a position.
func held(kept [][][]int32, at int) (float64, error) {
	if at < 0 {
		return math.NaN(), errors.New("needle: the word is not in its prompt")
	}
	n, has := 0, 0
	for _, heads := range kept {
		for _, positions := range heads {
			n++
			if slices.Contains(positions, int32(at)) {
				has++
			}
		}
	}
	return float64(has) / float64(n), nil
}
