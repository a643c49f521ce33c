package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"firsttoken/train/corpus"
)

// data is what a run reads, opened.
type data struct {
	train corpus.Stream
	// held are the windows of a condition: nil where held-out text has none.
	held       func(condition) (corpus.Stream, error)
	vocab      int
	provenance json.RawMessage // what the corpus says of itself
	close      func() error
}

// open loads the run's corpus.
func (c *Config) open(ctx context.Context) (*data, error) {
	text, err := corpus.Load(ctx, c.Data, "")
	if err != nil {
		return nil, err
	}
	d := &data{vocab: text.V(), close: text.Close}
	if d.provenance, err = json.Marshal(text.Provenance); err == nil {
		d.train, err = text.Training(c.Packing, c.Model.Context, c.Seed)
	}
	if err != nil {
		return nil, errors.Join(err, text.Close())
	}
	d.held = c.heldOut(text)
	return d, nil
}

// heldOut gives the held-out windows of a text under a condition.
func (c *Config) heldOut(text *corpus.Data) func(condition) (corpus.Stream, error) {
	return func(as condition) (corpus.Stream, error) {
		if !as.single || text.Tokenizer == nil { // each sequence of a synthetic task is a document
			return text.HeldOut(as.packing, as.t)
		}
		bos, ok := int32(-1), true
		if as.packing.BOS != corpus.BOSNone {
			if bos, ok = text.Tokenizer.BOS(); !ok {
				return nil, nil
			}
		}
		// Long windows, so that a document that begins in one seldom ends outside.
		p := corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSNone, Positions: corpus.PositionsContinued}
		w, err := text.HeldOut(p, 16*as.t)
		if err != nil {
			return nil, err
		}
		return singles(w, as.t, bos, c.Monitor.Windows)
	}
}

// documents are single held-out documents, cut after T tokens: a Stream.
type documents struct{ all corpus.Batch }

// singles collects up to n documents of at least t tokens from windows of many
// documents each, with the id bos as token 1 of the t unless that is negative. It
// returns nil if there is none.
func singles(windows corpus.Stream, t int, bos int32, n int) (corpus.Stream, error) {
	out := corpus.NewBatch(n, t)
	found, lead := 0, 0
	if bos >= 0 {
		lead = 1
	}
	for i := 0; i < windows.Windows() && found < n; i++ {
		b, err := windows.Batch(i, 1)
		if err != nil {
			return nil, err
		}
		// A document that begins inside the window, and not before it, is whole from
		// its first token on.
		for s := 1; s+t <= b.T && found < n; s++ {
			if b.Segments[s] == b.Segments[s-1] || b.Segments[s] != b.Segments[s+t-1] || b.Segments[s] == corpus.SegmentPadding {
				continue
			}
			row := out.Row(found)
			copy(row.Tokens[lead:], b.Tokens[s:s+t])
			copy(row.Targets[lead:], b.Targets[s:s+t])
			copy(row.Weights[lead:], b.Weights[s:s+t])
			if lead == 1 {
				row.Tokens[0], row.Targets[0], row.Weights[0] = bos, b.Tokens[s], 1
			}
			for p := range t {
				row.Positions[p] = int32(p)
			}
			found++
		}
	}
	if found == 0 {
		return nil, nil
	}
	return documents{rowsOf(out, 0, found)}, nil
}

// Batch implements corpus.Stream.
func (d documents) Batch(step, b int) (corpus.Batch, error) {
	if step < 0 || b < 1 || (step+1)*b > d.all.B {
		return corpus.Batch{}, fmt.Errorf("documents %d to %d: there are %d", step*b+1, (step+1)*b, d.all.B)
	}
	return rowsOf(d.all, step*b, b), nil
}

// Windows implements corpus.Stream.
func (d documents) Windows() int { return d.all.B }

// T implements corpus.Stream.
func (d documents) T() int { return d.all.T }

// V implements corpus.Stream; documents do not know it.
func (d documents) V() int { return 0 }
