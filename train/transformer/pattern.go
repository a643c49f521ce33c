package transformer

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// PatternKind names a way to turn attention scores into an attention pattern.
type PatternKind string

const (
	// PatternSoftmax: A = e^s / Σ e^s. Rows sum to 1, so a head that has nothing to do
	// must still put its mass somewhere.
	PatternSoftmax PatternKind = "softmax"
	// PatternOffByOne: A = e^s / (1 + Σ e^s), softmax with one extra zero key and zero
	// value (arXiv 2410.17174). Rows sum to less than 1.
	PatternOffByOne PatternKind = "off-by-one"
	// PatternSinkLogit: one learned logit per head joins the softmax and is dropped
	// (gpt-oss): A = e^s / (e^b + Σ e^s).
	PatternSinkLogit PatternKind = "sink-logit"
	// PatternKeyBias: one learned key k′ per key/value head, with the value 0, joins the softmax
	// and is dropped (Gu et al. 2025, arXiv 2410.10781): A = e^s / (e^(q·k′/√Dh) + Σ e^s), a sink
	// logit that depends on the query. k′ is not turned by position. Zeros are off-by-one.
	PatternKeyBias PatternKind = "key-bias"
	// PatternSoftpick: A = ReLU(e^s − 1) / (Σ |e^s − 1| + ε), with ε relative to the
	// row's largest e^s (arXiv 2504.20966). Rows sum to at most 1, and to 0 where
	// every score is negative.
	PatternSoftpick PatternKind = "softpick"
	// PatternSigmoid: A = σ(s + b), b = −log n for n visible keys (arXiv 2409.04431).
	// Rows are not normalised.
	PatternSigmoid PatternKind = "sigmoid"
	// PatternClipped: A = clip((ζ − γ)·softmax(s) + γ, 0, 1) (arXiv 2306.12929), so
	// that a finite score can give exactly 0 or 1.
	PatternClipped PatternKind = "clipped"
)

// Pattern chooses how scores become a pattern. The zero value is softmax.
type Pattern struct {
	Kind  PatternKind `json:"kind,omitempty"`
	Gamma float64     `json:"gamma,omitempty"` // γ ≤ 0 of clipped
	Zeta  float64     `json:"zeta,omitempty"`  // ζ ≥ 1 of clipped
}

// Validate names what is wrong with the choice.
func (p Pattern) Validate() error {
	switch p.Kind {
	case "", PatternSoftmax, PatternOffByOne, PatternSinkLogit, PatternKeyBias, PatternSoftpick, PatternSigmoid:
		if p.Gamma != 0 || p.Zeta != 0 {
			return fmt.Errorf("pattern %q takes no gamma or zeta", p.Kind)
		}
	case PatternClipped:
		if !(p.Gamma <= 0) || !(p.Zeta >= 1) || math.IsInf(p.Zeta-p.Gamma, 0) {
			return fmt.Errorf("pattern clipped: gamma = %g, zeta = %g: need gamma ≤ 0 and zeta ≥ 1, both finite", p.Gamma, p.Zeta)
		}
	default:
		return fmt.Errorf("pattern %q is unknown: use softmax, off-by-one, sink-logit, key-bias, softpick, sigmoid or clipped", p.Kind)
	}
	return nil
}

// Slot reports whether the form has a slot that is dropped: what its rows lack to 1 is the mass
// there. In other forms that do not sum to 1 it is nowhere.
func (p Pattern) Slot() bool {
	return p.Kind == PatternOffByOne || p.Kind == PatternSinkLogit || p.Kind == PatternKeyBias
}

// softpickEps is ε of the softpick denominator, as published.
const softpickEps = 1e-6

// apply turns scores into a pattern along the last axis. visible is boolean and
// has the shape of scores and leaves at least one key a row; hidden entries are
// exactly 0 in the result. sink holds the slot's logits, shaped to broadcast to
// scores with a last axis of 1; only PatternSinkLogit and PatternKeyBias use it. Every form with an
// exponential subtracts a row maximum first, so that no finite score overflows.
func (p Pattern) apply(scores, visible, sink *Node) *Node {
	g, dtype := scores.Graph(), scores.DType()
	zero := ScalarZero(g, dtype)
	if p.Kind == PatternSigmoid {
		n := ReduceAndKeep(ConvertDType(visible, dtype), ReduceSum, -1)
		return Where(visible, Logistic(Sub(scores, Log(n))), zero)
	}
	masked := Where(visible, scores, Infinity(g, dtype, -1))
	// The maximum only keeps exp in range; the result does not depend on it, so
	// no gradient needs to flow through it.
	m := StopGradient(ReduceAndKeep(masked, ReduceMax, -1))
	switch p.Kind {
	case PatternOffByOne, PatternSoftpick:
		m = MaxScalar(m, 0) // both use e^−m, which must not overflow either
	case PatternSinkLogit, PatternKeyBias:
		m = Max(m, StopGradient(sink))
	}
	e := Exp(Sub(masked, m)) // hidden entries: e^−∞ = 0
	switch p.Kind {
	case "", PatternSoftmax:
		return Div(e, ReduceAndKeep(e, ReduceSum, -1))
	case PatternOffByOne:
		return Div(e, Add(ReduceAndKeep(e, ReduceSum, -1), Exp(Neg(m))))
	case PatternSinkLogit, PatternKeyBias:
		return Div(e, Add(ReduceAndKeep(e, ReduceSum, -1), Exp(Sub(sink, m))))
	case PatternClipped:
		soft := Div(e, ReduceAndKeep(e, ReduceSum, -1))
		x := AddScalar(MulScalar(soft, p.Zeta-p.Gamma), p.Gamma) // γ ≤ 0: hidden stays at most 0
		one := OnesLike(x)
		return positive(x, Where(LessThan(x, one), x, one))
	case PatternSoftpick:
		// e^s − 1 = e^m (e^(s−m) − e^−m): the common factor e^m cancels.
		d := Sub(e, Exp(Neg(m))) // of hidden entries −e^−m, which the sum must not count
		size := Where(GreaterThan(d, zero), d, Where(visible, Neg(d), zero))
		return Div(positive(d, d), AddScalar(ReduceAndKeep(size, ReduceSum, -1), softpickEps))
	}
	panic(fmt.Sprintf("transformer: pattern %q is not implemented", p.Kind))
}

// positive is y where x > 0, and 0 elsewhere. Selections, here and in apply, have selections for
// gradients; those of Max and Abs are products with indicators that are made of signs, which a
// training step notices: 1.17 of softmax's time for softpick, against 1.05.
func positive(x, y *Node) *Node {
	zeros := ZerosLike(x)
	return Where(GreaterThan(x, zeros), y, zeros)
}
