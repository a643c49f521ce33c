// Package study measures what notebooks 8 and 8b show: how far apart tokens are in the residual
// streams of a pretrained model and of one of its architecture with random weights.
package study

import (
	"slices"

	"github.com/gomlx/compute/dtypes"

	"firsttoken/notebooks/collapses/states"
	"firsttoken/sinks"
	"firsttoken/sinks/collapse"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Model is a pretrained model, or its architecture with random weights.
type Model struct {
	Name    string // what pretrained.Load takes
	Random  bool   // weights drawn anew, with standard deviation Std from Seed
	Std     float64
	Seed    uint64
	Compute string // number format of the products, as pretrained.Options has it
}

// open loads the model.
func (s Model) open() (*transformer.Model, error) {
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	m, err := pretrained.Load(b, s.Name, pretrained.Options{Compute: s.Compute})
	if err != nil || !s.Random {
		if err != nil {
			return nil, err
		}
		return m.Model, nil
	}
	c := m.Config
	m.Close()
	p, err := transformer.RandomParams(&c, dtypes.Float32, s.Std, s.Seed)
	if err != nil {
		return nil, err
	}
	return transformer.New(b, c, p)
}

// Documents are passages of T tokens, each of another State of the Union address, cut to n.
func Documents(model string, passages, T, n int) (docs [][]int32, err error) {
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return nil, err
	}
	tok, err := pretrained.LoadTokenizer(model)
	if err != nil {
		return nil, err
	}
	list, err := corpus.Passages(speeches, tok, corpus.PassageConfig{N: passages, T: T, Seed: 8})
	for _, p := range list {
		docs = append(docs, p.IDs[:n])
	}
	return docs, err
}

// Depth measures texts under every wiring, by its name.
func Depth(s Model, docs [][]int32) (map[string][]states.Layers, error) {
	m, err := s.open()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	out := map[string][]states.Layers{}
	for _, w := range probe.Wirings() {
		err := probe.EachWired(m, docs, w, func(_ int, stream [][][]float32) error {
			l, err := layers(stream, 0)
			if err == nil {
				l.Effective, err = collapse.EffectiveRanks(stream, collapse.Rows{Skip: 1})
			}
			out[string(w)] = append(out[string(w)], l)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// layers measures the first n tokens of a stream [L+1][T][D]; 0: all.
func layers(stream [][][]float32, n int) (l states.Layers, err error) {
	if l.All, err = collapse.ByDepth(stream, collapse.Rows{Length: n}); err != nil {
		return l, err
	}
	l.Text, err = collapse.ByDepth(stream, collapse.Rows{Length: n, Skip: 1})
	return l, err
}

// Length measures texts cut after so many tokens, by their number. One pass at the greatest length
// holds them all.
func Length(s Model, docs [][]int32, lengths []int) (map[int][]states.Layers, error) {
	m, err := s.open()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	out := map[int][]states.Layers{}
	for _, ids := range docs {
		stream, err := probe.Residuals(m, ids)
		if err != nil {
			return nil, err
		}
		for _, n := range lengths {
			l, err := layers(stream, n)
			if err != nil {
				return nil, err
			}
			out[n] = append(out[n], l)
		}
	}
	return out, nil
}

// Repeats measures prompts that end in one token again and again, T tokens each, under one wiring.
func Repeats(s Model, prompts []states.Repeat, T int, wiring string) ([]states.Repeated, error) {
	tok, err := pretrained.LoadTokenizer(s.Name)
	if err != nil {
		return nil, err
	}
	var docs [][]int32
	var fronts []int
	for _, p := range prompts {
		ids, err := tok.Encode(p.Front, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		token, err := tok.Encode(p.Token, tokenizer.EncodeOptions{})
		if err != nil {
			return nil, err
		}
		fronts = append(fronts, len(ids))
		docs = append(docs, append(ids, slices.Repeat(token, T)...)[:T])
	}
	m, err := s.open()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	var out []states.Repeated
	err = probe.EachWired(m, docs, probe.Wiring(wiring), func(i int, stream [][][]float32) error {
		r := states.Repeated{Front: fronts[i]}
		for _, V := range stream {
			if r.Length, err = collapse.ByLength(V); err != nil { // the last layer's stays
				return err
			}
			used, n := collapse.LargestTightness(r.Tightness[1:])
			r.Tightest, r.States, r.Equal = max(r.Tightest, used), r.States+n, r.Equal+len(r.Tightness)-1-n
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// Counterexample is a matrix of the model itself whose last two rows are equal and whose others are
// not: the embedding of a text that ends in the same token twice. It gives ‖vₙ − vₙ₋₁‖ and
// ‖V − 1x̄ᵀ‖_F / ‖V‖_F.
func Counterexample(s Model, ids []int32) ([]float64, error) {
	m, err := s.open()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	n := len(ids)
	stream, err := probe.Residuals(m, append(ids[:n-1:n-1], ids[n-2]))
	if err != nil {
		return nil, err
	}
	_, relative, err := sinks.RankCollapse(stream[0])
	if err != nil {
		return nil, err
	}
	distance, err := sinks.RepresentationalCollapse(stream[0])
	return []float64{distance, relative}, err
}
