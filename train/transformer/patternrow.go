package transformer

import "math"

// Row is the pattern of one query by the form's formula, in float64: scores are those of the keys
// it sees, slot is the logit of the slot that PatternSinkLogit and PatternKeyBias drop. It is for
// figures, and what the computation on a device is held against. Exponentials are taken relative to
// the largest of all that the formula adds, so that no finite score overflows.
func (p Pattern) Row(scores []float64, slot float64) []float64 {
	m, extra := math.Inf(-1), math.Inf(-1) // extra is the logit of what joins the sum
	for _, s := range scores {
		m = max(m, s)
	}
	switch p.Kind {
	case PatternOffByOne, PatternSoftpick:
		extra = 0
	case PatternSinkLogit, PatternKeyBias:
		extra = slot
	}
	m = max(m, extra)
	one, sum, absolute := math.Exp(-m), 0.0, 0.0
	a := make([]float64, len(scores))
	for i, s := range scores {
		a[i] = math.Exp(s - m)
		sum, absolute = sum+a[i], absolute+math.Abs(a[i]-one)
	}
	for i, e := range a {
		switch p.Kind {
		case PatternSoftpick:
			a[i] = max(e-one, 0) / (absolute + softpickEps)
		case PatternSigmoid:
			a[i] = 1 / (1 + float64(len(scores))*math.Exp(-scores[i]))
		case PatternClipped:
			a[i] = min(max((p.Zeta-p.Gamma)*e/sum+p.Gamma, 0), 1)
		default:
			a[i] = e / (sum + math.Exp(extra-m))
		}
	}
	return a
}
