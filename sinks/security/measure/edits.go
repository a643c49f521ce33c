package measure

import (
	"fmt"
	"slices"

	"firsttoken/sinks"
	"firsttoken/sinks/security"
	"firsttoken/train/transformer"
)

// EditsOptions say where tokens are exchanged and what of the text is looked at.
type EditsOptions struct {
	Positions []int // 0-based
	Tail      int   // the last tokens, at which predictions are compared; behind all Positions
	Batch     int   // tokens of a batch; 0: probe's default
}

// Edited is what exchanging one token does to the predictions behind it, by position, by token put
// there, by text.
type Edited struct {
	KL   [][][]float64 `json:"kl"`   // nats, mean over the last Tail tokens: unedited ‖ edited
	Loss [][][]float64 `json:"loss"` // nats, edited − unedited, mean over the last Tail − 1 targets
	Rate [][][]float64 `json:"rate"` // % of heads with α₁ > 0.3, edited − unedited
	// Whole are loss and sink rate of the texts as they are.
	Whole struct {
		Loss []float64 `json:"loss"`
		Rate []float64 `json:"rate"`
	} `json:"whole"`
}

// Edits exchanges one token of each text for each of tokens, at each position in turn.
func Edits(m *transformer.Model, texts [][]int32, tokens []int32, o EditsOptions) (*Edited, error) {
	if len(texts) == 0 || len(tokens) == 0 || len(o.Positions) == 0 || o.Tail < 2 {
		return nil, fmt.Errorf("measure: %d texts, %d tokens, %d positions, a tail of %d: give some of each, and a tail of two or more", len(texts), len(tokens), len(o.Positions), o.Tail)
	}
	var docs [][]int32
	for i, ids := range texts {
		if len(ids)-o.Tail <= slices.Max(o.Positions) {
			return nil, fmt.Errorf("measure: text %d has %d tokens: token %d is not before its last %d", i+1, len(ids), slices.Max(o.Positions)+1, o.Tail)
		}
	}
	out := &Edited{}
	out.Whole.Rate = make([]float64, len(texts))
	whole, err := logitsOf(m, texts, o.Tail, o.Batch, nil, func(i int, t *sinks.Trace) (err error) {
		out.Whole.Rate[i], err = rate(t, -1, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, ids := range texts {
		loss, err := tailLoss(whole[i], ids)
		if err != nil {
			return nil, err
		}
		out.Whole.Loss = append(out.Whole.Loss, loss)
	}
	for _, pos := range o.Positions {
		for _, to := range tokens {
			for _, ids := range texts {
				doc, err := security.Exchange(ids, pos, to)
				if err != nil {
					return nil, err
				}
				docs = append(docs, doc)
			}
		}
	}
	n := len(texts)
	kl, loss, rateBy := make([]float64, len(docs)), make([]float64, len(docs)), make([]float64, len(docs))
	err = tails(m, docs, o.Tail, o.Batch, nil, func(d int, t *sinks.Trace) (err error) {
		rateBy[d], err = rate(t, -1, 0)
		rateBy[d] = short(rateBy[d] - out.Whole.Rate[d%n])
		return err
	}, func(d int, logits [][]float32) (err error) {
		if kl[d], err = meanKL(whole[d%n], logits); err != nil {
			return err
		}
		loss[d], err = tailLoss(logits, docs[d])
		loss[d] = short(loss[d] - out.Whole.Loss[d%n])
		return err
	})
	if err != nil {
		return nil, err
	}
	for range o.Positions {
		for _, s := range []struct {
			to   *[][][]float64
			from *[]float64
		}{{&out.KL, &kl}, {&out.Loss, &loss}, {&out.Rate, &rateBy}} {
			part := (*s.from)[:n*len(tokens)]
			*s.to, *s.from = append(*s.to, slices.Collect(slices.Chunk(part, n))), (*s.from)[n*len(tokens):]
		}
	}
	return out, nil
}

// tailLoss is the mean loss in nats of the targets that the rows but the last predict.
func tailLoss(logits [][]float32, ids []int32) (loss float64, err error) {
	from := len(ids) - len(logits)
	for t := range logits[:len(logits)-1] {
		x, err := security.Surprise(logits[t], ids[from+t+1])
		if err != nil {
			return 0, err
		}
		loss += x / float64(len(logits)-1)
	}
	return short(loss), nil
}
