package probe

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/train/transformer"
)

// EditsConfig says how [CompareEdits] measures.
type EditsConfig struct {
	BOS      int32
	Draws    int      // of the token in the place of ⟨bos⟩
	Controls Controls // sized to cost what leaving ⟨bos⟩ out costs
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

// ComparedEdits is what the same edits of the same texts do behind three fronts, and behind ⟨bos⟩
// under two kinds of other damage that cost the same loss as leaving ⟨bos⟩ out.
type ComparedEdits struct {
	With    *Spread `json:"with"`    // ⟨bos⟩
	Without *Spread `json:"without"` // nothing
	Other   *Spread `json:"other"`   // another token, mean over draws
	Noise   *Spread `json:"noise"`   // of equal loss, mean over draws
	MLPs    *Spread `json:"mlps"`    // weakened, of equal loss
	Sizes   Sizes   `json:"sizes"`   // of these two
}

// CompareEdits makes edits of texts that stand behind nothing. It is the paper's experiment
// (Barbero et al. 2025, arXiv 2504.02732, Fig. 2) on a model of fixed ⟨bos⟩, with controls.
func CompareEdits(m *transformer.Model, edits []perturb.Edit, c EditsConfig) (*ComparedEdits, error) {
	if len(edits) == 0 || c.Draws < 1 || c.Draws >= len(edits) {
		return nil, fmt.Errorf("probe: %d edits, %d draws: there must be more edits than draws, and some of each", len(edits), c.Draws)
	}
	if err := c.Controls.Validate(&m.Config); err != nil {
		return nil, err
	}
	e := editing{m: m, edits: edits, c: c}
	out := &ComparedEdits{}
	for _, s := range []struct {
		to    **Spread
		front Front
		draws int
	}{{&out.With, FrontBOS, 1}, {&out.Without, FrontNone, 1}, {&out.Other, FrontRandom, c.Draws}} {
		var all []*Spread
		for draw := range s.draws {
			one, err := e.under(s.front, draw, nil)
			if err != nil {
				return nil, err
			}
			all = append(all, one...)
		}
		*s.to = averageSpread(all)
	}
	return out, e.controls(out)
}

type editing struct {
	m     *transformer.Model
	edits []perturb.Edit
	c     EditsConfig
}

// behind puts a front before the texts.
func (e *editing) behind(f Front, draw int) ([]perturb.Edit, error) {
	texts := make([][]int32, len(e.edits))
	for i := range e.edits {
		texts[i] = e.edits[i].IDs
	}
	docs, _, err := f.whole(texts, e.c.BOS, draw) // these fronts hide no key
	if err != nil {
		return nil, err
	}
	out := make([]perturb.Edit, len(e.edits))
	for i, x := range e.edits {
		out[i] = perturb.Edit{IDs: docs[i], Pos: x.Pos + f.Lead(), To: x.To}
	}
	return out, nil
}

// under measures a front under each of several lists of interventions; nil is one empty list.
func (e *editing) under(f Front, draw int, lists [][]Intervention) ([]*Spread, error) {
	edits, err := e.behind(f, draw)
	if err != nil {
		return nil, err
	}
	if lists == nil {
		lists = [][]Intervention{nil}
	}
	all, err := PerturbUnder(e.m, edits, lists, Options{Metrics: []ondevice.Metric{ondevice.FirstMass}})
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
		L := e.m.Config.Layers
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

// controls sizes the two kinds of damage and measures them.
func (e *editing) controls(out *ComparedEdits) error {
	edits, err := e.behind(FrontBOS, 0)
	if err != nil {
		return err
	}
	var docs [][]int32
	for _, x := range edits {
		docs = append(docs, x.IDs)
	}
	out.Sizes, err = e.c.Controls.Size(e.m, docs, out.Without.Loss, func(losses []float32) float64 {
		return fronts.MeanLoss(losses, FrontBOS.Lead())
	})
	if err != nil {
		return err
	}
	noise := e.c.Controls.Noise(out.Sizes.Norm)
	all, err := e.under(FrontBOS, 0, append(noise, e.c.Controls.Weaker(out.Sizes.Fraction)...))
	if err != nil {
		return err
	}
	out.Noise, out.MLPs = averageSpread(all[:len(noise)]), all[len(noise)]
	return nil
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
