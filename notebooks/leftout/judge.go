package leftout

import (
	"errors"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/collapses"
	"firsttoken/notebooks/leftout/measure"
	"firsttoken/sinks/stats"
)

// C2 are the figures of claims.C2: how rows spread without ⟨bos⟩ and behind another token.
func C2(m measure.Fronts) ([]claims.Figure, error) {
	var l claims.List
	with, without, other := m.Fronts.With, m.Fronts.Without, m.Fronts.Other
	l.Mean("sink rate, with ⟨bos⟩", "%", with.Rate, stats.Percent)
	entropy := func(name string, with, without, other []float64) {
		l.Paired(name+", without ⟨bos⟩ − with ⟨bos⟩", "nats", without, with)
		l.Paired(name+", random first token − with ⟨bos⟩", "nats", other, with)
	}
	for _, g := range []struct {
		layers int
		name   string
	}{{measure.All, "row entropy over the text's keys"}, {measure.Global, "… of global layers"}, {measure.Local, "… of local layers"}} {
		entropy(g.name, with.TextEntropy[g.layers], without.TextEntropy[g.layers], other.TextEntropy[g.layers])
	}
	entropy("row entropy of whole rows", with.Entropy[measure.All], without.Entropy[measure.All], other.Entropy[measure.All])
	return l.Figures()
}

// C3 are the figures of claims.C3: how short the value of ⟨bos⟩ is in heads with a sink.
func C3(m measure.Fronts) ([]claims.Figure, error) {
	v := m.Fronts.Values
	if v == nil {
		return nil, errors.New("leftout: no head has a sink behind ⟨bos⟩: there are no values to compare")
	}
	return []claims.Figure{
		{Name: "sink rate", Unit: "%", Estimate: v.Rate},
		{Name: "‖v₁‖ / mean ‖vⱼ‖ in heads with a sink", Estimate: v.Ratio},
		{Name: "heads with a sink whose token 1 has the smallest value in most texts", Unit: "%", Estimate: v.Smallest},
	}, nil
}

// C13 are the figures of claims.C13: the sink rate without ⟨bos⟩, and the share lost of what
// context is worth, the loss of a unigram model less that with ⟨bos⟩.
func C13(m measure.Fronts) ([]claims.Figure, error) {
	var l claims.List
	with, without := m.Fronts.With, m.Fronts.Without
	tenth := make([]float64, len(with.Rate))
	for i, x := range with.Rate {
		tenth[i] = x / 10
	}
	l.Mean("sink rate with ⟨bos⟩", "%", with.Rate, stats.Percent)
	l.Mean("sink rate without ⟨bos⟩", "%", without.Rate, stats.Percent)
	l.Paired("sink rate without less a tenth of that", "%", without.Rate, tenth)
	l.Mean("loss with ⟨bos⟩", "nats", with.Loss, stats.Range{})
	l.Mean("loss without ⟨bos⟩", "nats", without.Loss, stats.Range{})
	l.Mean("loss of a unigram model", "nats", m.Unigram, stats.Range{})
	lost, err := stats.Ratio(less(without.Loss, with.Loss), less(m.Unigram, with.Loss), stats.DefaultOptions())
	l.Add("share of what context is worth that is lost without ⟨bos⟩", "%", lost.Scale(100), err)
	l.Mean("sink rate of any key without ⟨bos⟩", "%", without.Any, stats.Percent)
	return l.Figures()
}

// less is a − b, passage by passage.
func less(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// C6 are the figures of claims.C6, as notebook 8 has them of another model.
func C6(c measure.Collapsed) ([]claims.Figure, error) {
	var together []float64
	for _, text := range c.Text {
		r, err := text.Together()
		if err != nil {
			return nil, err
		}
		together = append(together, r)
	}
	return collapses.C6(c.Bound, c.Example[:], together)
}
