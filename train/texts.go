package train

import (
	"context"
	"fmt"

	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/store"
)

// Texts are n held-out documents of at least t tokens, as a finished run's tokenizer reads the text that its configuration
// names, and the id of ⟨bos⟩. dir and run are as for [LoadModel].
//
// A tokenizer that is trained on the text is another one where the text is: on another Go toolchain, say. Its ids would mean
// other things to the model. Then the run's own is taken from those that come with the checkout, and it is an error if that
// is not among them.
func Texts(ctx context.Context, dir, run string, n, t int) (ids [][]int32, bos int32, err error) {
	r, err := find(dir, run)
	if err != nil {
		return nil, 0, err
	}
	c, err := configOf(r)
	if err != nil {
		return nil, 0, err
	}
	data, err := readAs(ctx, c.Data, r)
	if err != nil {
		return nil, 0, err
	}
	defer data.Close()
	if ids, err = data.HeldOutDocuments(n, t); err != nil {
		return nil, 0, err
	}
	bos, ok := data.Tokenizer.BOS()
	if !ok {
		return nil, 0, fmt.Errorf("run %s: its tokenizer has no ⟨bos⟩", r.ID)
	}
	return ids, bos, nil
}

// readAs opens a text as a run read it.
func readAs(ctx context.Context, spec corpus.Spec, r *store.Run) (*corpus.Data, error) {
	var p Provenance
	if _, err := r.Provenance(&p); err != nil {
		return nil, err
	}
	then, err := p.corpus()
	if err != nil {
		return nil, fmt.Errorf("run %s: its provenance: %w", r.ID, err)
	}
	data, err := corpus.Load(ctx, spec, "")
	if err != nil || then.Tokenizer == "" || data.Provenance.Tokenizer == then.Tokenizer {
		return data, err
	}
	now := data.Provenance.Training.Recipe
	if err := data.Close(); err != nil {
		return nil, err
	}
	own, err := local.ShippedTokenizer(then.Tokenizer)
	if err != nil {
		return nil, fmt.Errorf("run %s was trained on %s, from which this machine's %s differs, and so does the tokenizer made of it: train the run again with another store: %w",
			r.ID, then.Training.Recipe, now, err)
	}
	spec.Tokenizer = corpus.TokenizerSpec{Kind: corpus.TokenizerPretrained, Pretrained: own}
	data, err = corpus.Load(ctx, spec, "")
	if err == nil && data.Provenance.Tokenizer != then.Tokenizer {
		err = fmt.Errorf("run %s: %s is not its tokenizer", r.ID, own)
		_ = data.Close()
	}
	return data, err
}
