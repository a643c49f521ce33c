package main

import (
	"context"
	"fmt"

	"github.com/gomlx/compute"

	"firsttoken/sinks/atlas"
	"firsttoken/train"
	"firsttoken/train/corpus"
	"firsttoken/train/pretrained"
)

// row is that of an entry: the one kept, or measured.
func row(b compute.Backend, old *atlas.Atlas, c atlas.Config, code string, e atlas.Entry) (r atlas.Row, kept bool, err error) {
	r.Entry = e
	name, isRun := e.Run()
	if isRun {
		r.Version, err = train.Version("", name)
	} else {
		r.Version, err = pretrained.Version(e.Model)
	}
	if err != nil {
		return r, false, err
	}
	if found, ok := old.Measured(c, code, e, r.Version); ok {
		return found, true, nil
	}
	if isRun {
		return r, false, trained(b, c, name, &r)
	}
	return r, false, loaded(b, c, &r)
}

// loaded measures a pretrained model on speeches.
func loaded(b compute.Backend, c atlas.Config, r *atlas.Row) error {
	m, err := pretrained.Load(b, r.Model, pretrained.Options{})
	if err != nil {
		return err
	}
	defer m.Close()
	tok := m.Tokenizer
	if r.BOS != "" {
		if tok, err = tok.WithBOSEOS(r.BOS, ""); err != nil {
			return err
		}
	}
	bos, ok := tok.BOS()
	if !ok {
		return fmt.Errorf("its tokenizer names no ⟨bos⟩: write bos=TOKEN behind the model, such as bos=<|endoftext|>")
	}
	speeches, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	if err != nil {
		return err
	}
	passages, err := corpus.Passages(speeches, tok, corpus.PassageConfig{N: c.N, T: c.T - 1, Seed: c.Seed})
	if err != nil {
		return err
	}
	r.Token, r.Texts = tok.Token(bos), "State of the Union addresses"
	return r.Measure(m.Model, corpus.IDs(passages), bos)
}

// trained measures a run's model on documents that it was not trained on.
func trained(b compute.Backend, c atlas.Config, name string, r *atlas.Row) error {
	if r.BOS != "" {
		return fmt.Errorf("bos=%s: a run's ⟨bos⟩ is that of its tokenizer: leave it out", r.BOS)
	}
	texts, err := train.Texts(context.Background(), "", name, c.N, c.T-1)
	if err != nil {
		return err
	}
	m, _, err := train.LoadModel(b, "", name)
	if err != nil {
		return err
	}
	defer m.Close()
	r.Token, r.Texts = "⟨bos⟩", "held-out documents of the run's own text"
	return r.Measure(m, texts.IDs, texts.BOS)
}
