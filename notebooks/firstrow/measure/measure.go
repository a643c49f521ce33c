// Package measure measures for notebook 16: sentence embeddings with and without Token Prepending,
// and what probes read of tokens. It is apart from package firstrow so that what was measured does
// not hang on how it is drawn.
package measure

import (
	"fmt"

	"firsttoken/notebooks/models"
	"firsttoken/sinks/erasure"
	"firsttoken/sinks/erasure/probes"
	"firsttoken/sinks/prepend"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/tokenizer"
)

// Source is a model and where it is looked at. Blocks count from 1.
type Source struct {
	Name string // for pretrained.Load
	File string // what its weights are, in words
	BOS  bool   // ⟨bos⟩ goes in front
	// Placeholder is a token that the model knows and texts do not have.
	Placeholder string
	Untils      []int // the last block whose input is copied to
	Blocks      []int // that probes read, 0 for the embedding
	Early       int   // the last of the early blocks
}

// SmolLM2 and Gemma3 are the models of the notebook.
var (
	SmolLM2 = Source{
		Name: "smollm2", File: "SmolLM2-135M-Instruct, Q4_1", Placeholder: "<reponame>",
		Untils: []int{2, 4, 8, 12, 16, 30}, Blocks: []int{0, 1, 2, 4, 6, 8, 12, 20, 30}, Early: 8,
	}
	Gemma3 = Source{
		Name: "gemma3", File: "Gemma 3 270M, Q4_K_M, SHA-256 a5fd3b62", BOS: true, Placeholder: "<unused0>",
		Untils: []int{2, 3, 5, 8, 12, 18}, Blocks: []int{0, 1, 2, 3, 5, 8, 12, 18}, Early: 5,
	}
)

// Prepending measures sentence embeddings on all frames, of which the first choosing choose.
func Prepending(s Source, choosing int) (*prepend.Outcome, error) {
	m, err := models.Open(s.Name)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	p, err := s.plan(m.Tokenizer, choosing)
	if err != nil {
		return nil, err
	}
	return probe.ComparePrepended(m.Model, p)
}

// plan encodes prompts and sentences.
func (s Source) plan(tok *tokenizer.Tokenizer, choosing int) (*prepend.Plan, error) {
	frames, err := prepend.Frames()
	if err != nil {
		return nil, err
	}
	id, ok := tok.ID(s.Placeholder)
	if !ok {
		return nil, fmt.Errorf("%s has no token %s", s.Name, s.Placeholder)
	}
	p := &prepend.Plan{Choosing: choosing, Placeholder: id, Untils: s.Untils, HasBOS: s.BOS}
	if p.Before, err = tok.Encode(prepend.Before, tokenizer.EncodeOptions{}); err != nil {
		return nil, err
	}
	if bos, ok := tok.BOS(); s.BOS && ok {
		p.Before = append([]int32{bos}, p.Before...)
	}
	sentences, pairs := prepend.Pairs(frames)
	p.Pairs = pairs
	for _, text := range sentences {
		ids, err := tok.Encode(text+prepend.After, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		p.Sentences = append(p.Sentences, ids)
	}
	return p, nil
}

// Texts says how many passages of how many tokens are read, no two of the test from one document.
type Texts struct {
	Train, Choose, Test, T int
	Seed                   uint64
}

// Erasing trains probes and reads with them, as it is and, in early blocks alone, with key 1 hidden
// from all later queries.
func Erasing(s Source, x Texts, hidden bool) (*erasure.Outcome, error) {
	m, err := models.Open(s.Name)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	texts, err := s.texts(m.Tokenizer, x)
	if err != nil {
		return nil, err
	}
	c := probes.Config{Blocks: s.Blocks, To: s.Early, Seed: x.Seed, Token: m.Tokenizer.Token}
	if hidden {
		c.Blocks, c.Under = nil, []probe.Intervention{probe.MaskKey{Pos: 0}}
		for _, b := range s.Blocks {
			if 0 < b && b <= s.Early {
				c.Blocks = append(c.Blocks, b)
			}
		}
	}
	return probes.Measure(m.Model, texts, c)
}

// texts cuts passages; those of the test are the richest in words of several tokens.
func (s Source) texts(tok *tokenizer.Tokenizer, x Texts) (probes.Texts, error) {
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return probes.Texts{}, err
	}
	const candidates = 400
	fit := x.Train + x.Choose
	fitted, measured, err := corpus.SplitPassages(speeches, tok, candidates/2, corpus.PassageConfig{N: candidates, T: x.T, BOS: s.BOS, Seed: x.Seed})
	if err != nil {
		return probes.Texts{}, err
	}
	if len(fitted) < fit {
		return probes.Texts{}, fmt.Errorf("%d passages to fit to, and %d are wanted", len(fitted), fit)
	}
	var documents []string
	var tokens [][]string
	for _, p := range measured {
		documents = append(documents, p.Document)
		var list []string
		for _, id := range p.IDs {
			list = append(list, tok.Token(id))
		}
		tokens = append(tokens, list)
	}
	all := corpus.IDs(fitted)
	out := probes.Texts{Train: all[:x.Train], Choose: all[x.Train:fit]}
	for _, i := range erasure.Richest(documents, tokens, x.Test) {
		out.Test = append(out.Test, measured[i].IDs)
	}
	if len(out.Test) < x.Test {
		return out, fmt.Errorf("%d documents to read, and %d are wanted", len(out.Test), x.Test)
	}
	return out, nil
}
