// Package fronts compares what a model does with the same tokens of text behind different first
// tokens: ⟨bos⟩, nothing, another token. That is the paper's experiment on models that were trained
// with ⟨bos⟩ in front of every text (Barbero et al. 2025, arXiv 2504.02732, Figs. 2 and 3, Tables 2
// and 3).
//
// Everything is measured over the same tokens: the loss over the same targets, entropies over the
// same queries and, in TextEntropy, over the same keys, those of the text. It works on traces and
// links no GoMLX.
package fronts

import (
	"errors"
	"fmt"
	"math"

	"firsttoken/sinks"
)

// First is the first token of a text, 0-based, that counts as query and as target: those before see
// too little of the text to be compared.
const First = 3

// Outcome is what texts show behind one front. Per-text numbers are in the texts' order.
type Outcome struct {
	Loss  []float64 `json:"loss"`  // nats, mean over the targets from token First of the text on
	Rate  []float64 `json:"rate"`  // % of heads with α₁ > 0.3, all rows
	Rate8 []float64 `json:"rate8"` // % of heads with α₁ > 0.8
	// Any is the % of heads of which some key, seen by at least half of the rows, has a mean
	// attention above 0.3: a sink that is made later counts here.
	Any  []float64 `json:"any"`
	Mass []float64 `json:"mass"` // first-token mass, % of all attention: α₁, mean over all heads
	// Entropy of rows and TextEntropy, of the same rows over the text's keys alone and scaled to
	// sum 1, nats, means over heads of the layers of each group and rows from token First on:
	// [groups][texts].
	Entropy     [][]float64 `json:"entropy"`
	TextEntropy [][]float64 `json:"text_entropy"`
	Score       [][]float64 `json:"score"` // α₁ by head, mean over texts, [L][H]
}

// Measure reduces the traces of texts that stand behind lead other tokens each, 0 or 1. groups are
// lists of layers, 0-based. The traces need FirstMass, KeyMass, RowEntropy and Loss.
func Measure(traces []*sinks.Trace, lead int, groups ...[]int) (*Outcome, error) {
	if lead < 0 || lead > 1 {
		return nil, fmt.Errorf("fronts: %d tokens in front: 0 or 1 can be compared", lead)
	}
	o := &Outcome{Entropy: make([][]float64, len(groups)), TextEntropy: make([][]float64, len(groups))}
	for i, t := range traces {
		if t.T <= lead+First {
			return nil, fmt.Errorf("fronts: text %d has %d tokens: it needs more than %d", i+1, t.T, lead+First)
		}
		if err := o.add(t, lead, groups, float64(len(traces))); err != nil {
			return nil, fmt.Errorf("fronts: text %d: %w", i+1, err)
		}
	}
	return o, nil
}

func (o *Outcome) add(t *sinks.Trace, lead int, groups [][]int, texts float64) error {
	scores, err := t.SinkScore(sinks.Options{})
	if err != nil {
		return err
	}
	best, err := t.MaxSinkScore(sinks.AllKeys, sinks.Options{})
	if err != nil {
		return err
	}
	o.Rate = append(o.Rate, 100*sinks.SinkRate(scores, sinks.EpsilonGu))
	o.Rate8 = append(o.Rate8, 100*sinks.SinkRate(scores, sinks.EpsilonTable))
	o.Any = append(o.Any, 100*sinks.SinkRate(best, sinks.EpsilonGu))
	mass := 0.0
	if o.Score == nil {
		o.Score = make([][]float64, t.L)
		for l := range o.Score {
			o.Score[l] = make([]float64, t.H)
		}
	}
	for l, heads := range scores {
		for h, s := range heads {
			o.Score[l][h] += s / texts
			mass += 100 * s / float64(t.L*t.H)
		}
	}
	o.Mass = append(o.Mass, mass)
	loss, err := Loss(t, lead)
	if err != nil {
		return err
	}
	o.Loss = append(o.Loss, loss)
	for g, layers := range groups {
		whole, text := entropies(t, lead, layers)
		o.Entropy[g], o.TextEntropy[g] = append(o.Entropy[g], whole), append(o.TextEntropy[g], text)
	}
	return nil
}

// Loss is the mean loss in nats over the text's targets from token First on, of a trace of it
// behind lead other tokens: the same targets behind every front.
func Loss(t *sinks.Trace, lead int) (loss float64, err error) {
	if len(t.Loss) != t.T-1 {
		return 0, errors.New("the trace holds no Loss: measure it with SkipLoss and MetricsOnly off")
	}
	return MeanLoss(t.Loss, lead), nil
}

// MeanLoss is [Loss] of the losses [T−1] alone, of which there must be more than lead + First − 1.
func MeanLoss(losses []float32, lead int) (mean float64) {
	targets := losses[lead+First-1:]
	for _, x := range targets {
		mean += float64(x) / float64(len(targets))
	}
	return mean
}

// entropies are means over the heads of layers and the rows of the text from token First on.
func entropies(t *sinks.Trace, lead int, layers []int) (whole, text float64) {
	n := float64(len(layers) * t.H * (t.T - lead - First))
	for _, l := range layers {
		for h := range t.H {
			for q := lead + First; q < t.T; q++ {
				e := float64(t.RowEntropy[l][h][q])
				whole += e / n
				if lead > 0 {
					e = sinks.EntropyWithout(e, float64(t.FirstMass[l][h][q]))
				}
				text += e / n
			}
		}
	}
	return whole, text
}

// Unigram is the loss in nats of a model that knows how often each token occurs in other texts,
// each count plus one, on each text's tokens from First on: what a prediction without context
// costs.
func Unigram(others, texts [][]int32, vocab int) ([]float64, error) {
	counts, total := make([]float64, vocab), float64(vocab)
	for _, ids := range others {
		for _, id := range ids {
			if id < 0 || int(id) >= vocab {
				return nil, fmt.Errorf("fronts: id %d is outside the vocabulary [0, %d)", id, vocab)
			}
			counts[id]++
			total++
		}
	}
	out := make([]float64, len(texts))
	for i, ids := range texts {
		if len(ids) <= First {
			return nil, fmt.Errorf("fronts: text %d has %d tokens: it needs more than %d", i+1, len(ids), First)
		}
		for _, id := range ids[First:] {
			if id < 0 || int(id) >= vocab {
				return nil, fmt.Errorf("fronts: text %d: id %d is outside the vocabulary [0, %d)", i+1, id, vocab)
			}
			out[i] -= math.Log((counts[id]+1)/total) / float64(len(ids)-First)
		}
	}
	return out, nil
}

// Average is the mean of several outcomes of the same texts, such as those behind several random
// tokens: of what there is a number of for each text. Score is the first's.
func Average(list ...*Outcome) *Outcome {
	mean := *list[0]
	over := func(of func(*Outcome) []float64) []float64 {
		out := make([]float64, len(of(list[0])))
		for _, o := range list {
			for i, x := range of(o) {
				out[i] += x / float64(len(list))
			}
		}
		return out
	}
	mean.Loss, mean.Any = over(func(o *Outcome) []float64 { return o.Loss }), over(func(o *Outcome) []float64 { return o.Any })
	mean.Mass = over(func(o *Outcome) []float64 { return o.Mass })
	mean.Rate, mean.Rate8 = over(func(o *Outcome) []float64 { return o.Rate }), over(func(o *Outcome) []float64 { return o.Rate8 })
	mean.Entropy, mean.TextEntropy = nil, nil
	for g := range list[0].Entropy {
		mean.Entropy = append(mean.Entropy, over(func(o *Outcome) []float64 { return o.Entropy[g] }))
		mean.TextEntropy = append(mean.TextEntropy, over(func(o *Outcome) []float64 { return o.TextEntropy[g] }))
	}
	return &mean
}
