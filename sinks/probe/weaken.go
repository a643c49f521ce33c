package probe

import (
	"fmt"

	"firsttoken/train/transformer"
)

// Weaken multiplies what one half of the blocks From to To (0-based, both included) adds to the
// residual stream of every token but the first Spare by 1 − Fraction: 0 changes nothing, 1 leaves
// the updates out as SkipUpdate does. A fraction in between makes a control of exactly the loss
// that an intervention costs (perturb.Calibrate), where whole updates left out come in steps.
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
