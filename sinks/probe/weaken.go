package probe

import (
	"fmt"
	"math"

	"firsttoken/sinks/perturb"
	"firsttoken/train/transformer"
)

// Weaken multiplies what one half of the blocks From to To (0-based, both included) adds to the residual stream of every token but the
// first Spare by 1 − Fraction: 0 changes nothing, 1 leaves the updates out as SkipUpdate does. A fraction in between makes a control
// of exactly the loss that an intervention costs (perturb.CalibrateWithin), where whole updates left out come in steps.
//
// Token 1 is to be spared where its MLPs make the sink, unless they are what is studied.
type Weaken struct {
	Part     Part
	From, To int
	Spare    int
	Fraction float64
}

func (v Weaken) String() string {
	return fmt.Sprintf("weaken the %s updates of layers %d to %d by a fraction of %.9g, but for the first %d tokens", v.Part, v.From+1, v.To+1, v.Fraction, v.Spare)
}

// Check refuses parts, layers and tokens that there are not, and fractions outside [0, 1].
func (v Weaken) Check(c *transformer.Config, docs [][]int32) error {
	switch {
	case v.Part != Attention && v.Part != MLP:
		return fmt.Errorf("weaken: part %q: must be %q or %q", v.Part, Attention, MLP)
	case v.To < v.From:
		return fmt.Errorf("%s: the layers must ascend", v)
	case !(v.Fraction >= 0 && v.Fraction <= 1):
		return fmt.Errorf("%s: the fraction must be in [0, 1]", v)
	}
	return checkPlaces(v, c, docs, v.Spare, v.From, v.To)
}

// Apply scales the updates.
func (v Weaken) Apply(layer int, e *LayerEdits) {
	if layer < v.From || layer > v.To {
		return
	}
	for doc := range e.Documents() {
		for pos := v.Spare; pos < e.Tokens(doc); pos++ {
			e.ScaleUpdate(v.Part, doc, pos, float32(1-v.Fraction))
		}
	}
}

// PerturbEach is PerturbUnder with lists of interventions of its own for each edit, the same number of lists for all: noise that is
// drawn anew for each text, and several times, instead of one vector that all texts share. Element [k][i] is edit i under the k-th of
// its lists. Texts run one at a time, so it takes longer.
func PerturbEach(m *transformer.Model, edits []perturb.Edit, lists func(edit int) [][]Intervention, o Options) ([]Perturbed, error) {
	var out []Perturbed
	progress := o.Progress
	for i := range edits {
		if progress != nil {
			o.Progress = func(done, all int) { progress(i*all+done, len(edits)*all) }
		}
		one, err := PerturbUnder(m, edits[i:i+1], lists(i), o)
		if err != nil {
			return nil, fmt.Errorf("edit %d: %w", i+1, err)
		}
		if i == 0 {
			out = make([]Perturbed, len(one))
		}
		if len(one) != len(out) {
			return nil, fmt.Errorf("probe: edit %d has %d lists of interventions, edit 1 has %d", i+1, len(one), len(out))
		}
		for k, p := range one {
			out[k].Maps, out[k].Traces = append(out[k].Maps, p.Maps...), append(out[k].Traces, p.Traces...)
		}
	}
	return out, nil
}

// NoiseSeed is the seed of the draw-th noise of a text, different for each pair.
func NoiseSeed(seed uint64, text, draw int) uint64 {
	if text < 0 || draw < 0 || text > math.MaxInt32 || draw > math.MaxInt32 {
		panic(fmt.Sprintf("probe: noise of text %d, draw %d", text, draw))
	}
	// The seed is spread over all bits, so that neighbouring seeds do not share the noise of neighbouring texts.
	return seed*0x9e3779b97f4a7c15 ^ uint64(text)<<32 ^ uint64(draw)
}
