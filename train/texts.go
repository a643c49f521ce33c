package train

import (
	"context"
	"fmt"

	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/store"
)

// HeldOut are documents that a run was not trained on, cut to one length, as token ids without
// ⟨bos⟩.
type HeldOut struct {
	IDs [][]int32 `json:"ids"`
	BOS int32     `json:"bos"` // the id to put in front
}

// Texts are the first t tokens of the first n of a finished run's held-out documents that have as
// many. dir and run are as for [LoadModel].
//
// They are the run's own or none: where the text that its configuration names is another today, on
// another Go toolchain, say, the error wraps [local.ErrAbsent]. A text that is the same makes the
// same tokenizer; where it does not, the run's own is taken from those that come with the checkout.
func Texts(ctx context.Context, dir, run string, n, t int) (out HeldOut, err error) {
	r, err := find(dir, run)
	if err != nil {
		return out, err
	}
	c, err := configOf(r)
	if err != nil {
		return out, err
	}
	data, err := readAs(ctx, c.Data, r)
	if err != nil {
		return out, err
	}
	defer data.Close()
	if out.IDs, err = data.HeldOutDocuments(n, t); err != nil {
		return out, err
	}
	for i, ids := range out.IDs {
		out.IDs[i] = ids[:t:t]
	}
	var ok bool
	if out.BOS, ok = data.Tokenizer.BOS(); !ok {
		return out, fmt.Errorf("run %s: its tokenizer has no ⟨bos⟩", r.ID)
	}
	return out, nil
}

// Windows are the text that a finished run was trained on, once over, in windows of t tokens
// without ⟨bos⟩ or ⟨eos⟩: what a model of the frequencies of tokens counts. A rest that fills no
// window is left out. dir, run and errors are as for [Texts].
func Windows(ctx context.Context, dir, run string, t int) ([][]int32, error) {
	r, err := find(dir, run)
	if err != nil {
		return nil, err
	}
	c, err := configOf(r)
	if err != nil {
		return nil, err
	}
	data, err := readAs(ctx, c.Data, r)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	p := corpus.DefaultPacking()
	p.BOS, p.EOS = corpus.BOSNone, false // nothing but text
	stream, err := data.Training(p, t, 0)
	if err != nil {
		return nil, err
	}
	out := make([][]int32, stream.Windows())
	for i := range out {
		w, err := stream.Batch(i, 1)
		if err != nil {
			return nil, err
		}
		out[i] = w.Tokens
	}
	return out, nil
}

// readAs opens a text as a run read it, or fails if that is not the text of today.
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
	if err != nil || then.Tokenizer == "" {
		return data, err
	}
	now := data.Provenance.Training.Recipe
	another := func(what string, err error) error {
		return fmt.Errorf("run %s read %s, of which this machine's %s differs in %s, so that its texts are %w: train the run again with another store, -store runs%s",
			r.ID, then.Training.Recipe, now, what, local.ErrAbsent, because(err))
	}
	if data.Provenance.Tokenizer != then.Tokenizer {
		if err := data.Close(); err != nil {
			return nil, err
		}
		own, err := local.ShippedTokenizer(then.Tokenizer)
		if err != nil {
			return nil, another("the tokenizer that is made of it", err)
		}
		spec.Tokenizer = corpus.TokenizerSpec{Kind: corpus.TokenizerPretrained, Pretrained: own}
		if data, err = corpus.Load(ctx, spec, ""); err != nil {
			return nil, err
		}
		if data.Provenance.Tokenizer != then.Tokenizer {
			_ = data.Close()
			return nil, fmt.Errorf("run %s: %s is not its tokenizer", r.ID, own)
		}
	}
	if data.Provenance.HeldOut.Digest != then.HeldOut.Digest {
		_ = data.Close()
		return nil, another("the held-out documents", nil)
	}
	return data, nil
}

// because appends an error to a sentence.
func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}
