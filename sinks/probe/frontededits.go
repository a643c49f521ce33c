package probe

import (
	"errors"
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/train/transformer"
)

// FrontedEdits are edits of texts that stand behind nothing, made behind several fronts: the
// paper's experiment (Barbero et al. 2025, arXiv 2504.02732, Fig. 2) on a model of fixed ⟨bos⟩,
// with controls. It has three parts, so that one that takes minutes can be kept before the next
// begins: Fronts, then Size, then Damaged.
type FrontedEdits struct {
	Model *transformer.Model
	Edits []perturb.Edit
	BOS   int32
}

// Spread is what edits of the same texts do under one condition, by text.
type Spread struct {
	Loss []float64 `json:"loss"` // nats, over the text's targets from token fronts.First on
	Rate []float64 `json:"rate"` // % of heads with α₁ > 0.3
	// Relative and Absolute are ‖Δv‖ / ‖v‖ and ‖Δv‖ of the tokens behind the edit, means over them
	// and over all blocks.
	Relative []float64 `json:"relative"`
	Absolute []float64 `json:"absolute"`
}

// SpreadsByFront is what the same edits do behind three fronts.
type SpreadsByFront struct {
	With    *Spread `json:"with"`    // ⟨bos⟩
	Without *Spread `json:"without"` // nothing
	Other   *Spread `json:"other"`   // another token, mean over draws
}

// SpreadsDamaged is what they do behind ⟨bos⟩ under two kinds of other damage.
type SpreadsDamaged struct {
	Noise *Spread `json:"noise"` // mean over draws
	MLPs  *Spread `json:"mlps"`  // weakened
}

// Fronts measures the edits behind ⟨bos⟩, behind nothing and behind another token, drawn several
// times.
func (e FrontedEdits) Fronts(draws int) (*SpreadsByFront, error) {
	if draws < 1 || draws >= len(e.Edits) {
		return nil, fmt.Errorf("probe: %d edits, %d draws: there must be more edits than draws, and some of each", len(e.Edits), draws)
	}
	out := &SpreadsByFront{}
	for _, s := range []struct {
		to    **Spread
		front Front
		draws int
	}{{&out.With, FrontBOS, 1}, {&out.Without, FrontNone, 1}, {&out.Other, FrontRandom, draws}} {
		var all []*Spread
		for draw := range s.draws {
			one, err := e.under(s.front, draw, [][]Intervention{nil})
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		*s.to = averageSpread(all)
	}
	return out, nil
}

// Size finds controls that cost what without says that leaving ⟨bos⟩ out costs.
func (e FrontedEdits) Size(c Controls, without *Spread) (Sizes, error) {
	edits, err := e.behind(FrontBOS, 0)
	if err != nil {
		return Sizes{}, err
	}
	var docs [][]int32
	for _, x := range edits {
		docs = append(docs, x.IDs)
	}
	return c.Size(e.Model, docs, without.Loss, func(losses []float32) float64 { return fronts.MeanLoss(losses, FrontBOS.Lead()) })
}

// Damaged measures the edits behind ⟨bos⟩ under controls of these sizes.
func (e FrontedEdits) Damaged(c Controls, s Sizes) (*SpreadsDamaged, error) {
	if err := c.Validate(&e.Model.Config); err != nil {
		return nil, err
	}
	noise := c.Noise(s.Norm)
	all, err := e.under(FrontBOS, 0, append(noise, c.Weaker(s.Fraction)...))
	if err != nil {
		return nil, err
	}
	return &SpreadsDamaged{Noise: averageSpread(all[:len(noise)]), MLPs: all[len(noise)]}, nil
}

// behind puts a front before the texts.
func (e FrontedEdits) behind(f Front, draw int) ([]perturb.Edit, error) {
	if len(e.Edits) == 0 {
		return nil, errors.New("probe: no edits")
	}
	texts := make([][]int32, len(e.Edits))
	for i := range e.Edits {
		texts[i] = e.Edits[i].IDs
	}
	docs, _, err := f.whole(texts, e.BOS, draw) // these fronts hide no key
	if err != nil {
		return nil, err
	}
	out := make([]perturb.Edit, len(e.Edits))
	for i, x := range e.Edits {
		out[i] = perturb.Edit{IDs: docs[i], Pos: x.Pos + f.Lead(), To: x.To}
	}
	return out, nil
}

// under measures a front under each of several lists of interventions.
func (e FrontedEdits) under(f Front, draw int, lists [][]Intervention) ([]*Spread, error) {
	edits, err := e.behind(f, draw)
	if err != nil {
		return nil, err
	}
	all, err := PerturbUnder(e.Model, edits, lists, Options{Metrics: []ondevice.Metric{ondevice.FirstMass}})
	if err != nil {
		return nil, err
	}
	out := make([]*Spread, len(all))
	for k, p := range all {
		s := &Spread{}
		for _, t := range p.Traces {
			scores, err := t.SinkScore(sinks.Options{})
			if err != nil {
				return nil, err
			}
			s.Rate = append(s.Rate, 100*sinks.SinkRate(scores, sinks.EpsilonGu))
			loss, err := fronts.Loss(t, f.Lead())
			if err != nil {
				return nil, err
			}
			s.Loss = append(s.Loss, loss)
		}
		L := e.Model.Config.Layers
		if s.Relative, err = perturb.Depth(p.Maps, perturb.Relative, perturb.Mean, 1, L); err != nil {
			return nil, err
		}
		if s.Absolute, err = perturb.Depth(p.Maps, perturb.Absolute, perturb.Mean, 1, L); err != nil {
			return nil, err
		}
		out[k] = s
	}
	return out, nil
}

// averageSpread is the mean over draws, text by text.
func averageSpread(all []*Spread) *Spread {
	out := &Spread{}
	for _, f := range []func(*Spread) *[]float64{
		func(s *Spread) *[]float64 { return &s.Loss }, func(s *Spread) *[]float64 { return &s.Rate },
		func(s *Spread) *[]float64 { return &s.Relative }, func(s *Spread) *[]float64 { return &s.Absolute },
	} {
		sum := make([]float64, len(*f(all[0])))
		for _, s := range all {
			for i, x := range *f(s) {
				sum[i] += x / float64(len(all))
			}
		}
		*f(out) = sum
	}
	return out
}
