package claims

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is the outcome for one claim.
type Verdict string

// The verdicts on a claim, and the two outcomes of a check, which are no verdicts.
const (
	Holds       Verdict = "holds"
	DoesNotHold Verdict = "does not hold"
	Mixed       Verdict = "mixed"        // parts decide differently
	Undecided   Verdict = "undecided"    // within the spread of the measurement
	NotTestable Verdict = "not testable" // here; the record says why and what would test it
	// A theorem holds whatever is measured. What a computation can show is that the arithmetic is
	// right: it passes, or something is broken, which is no finding about the claim either.
	CheckPassed Verdict = "check passed"
	CheckFailed Verdict = "check failed"
)

// verdicts are all of them, as they are counted.
var verdicts = []Verdict{Holds, Mixed, Undecided, DoesNotHold, NotTestable, CheckPassed, CheckFailed}

// Kind says what a Rule asks.
type Kind string

// The kinds of rules: see the functions that make them.
const (
	above    Kind = "above"
	below    Kind = "below"
	within   Kind = "within"
	greater  Kind = "greater"
	every    Kind = "every"
	parts    Kind = "parts"
	specific Kind = "specific"
	given    Kind = "given"
	check    Kind = "check"
	never    Kind = "never"
)

// Rule turns figures into a verdict. It is data: a Record keeps it, and whoever reads the record
// can apply it again. Make one with the functions below.
//
// A bound decides on a whole interval only: all of it on the right side, the rule holds; all of it
// on the wrong side, it does not; else it is undecided. A figure without an interval is undecided
// too, unless it is exact by definition and says so.
type Rule struct {
	Kind    Kind      `json:"kind"`
	Figures []string  `json:"figures,omitempty"` // that a bound is about
	Bounds  []float64 `json:"bounds,omitempty"`
	Rules   []Rule    `json:"rules,omitempty"`   // that it is made of
	Because string    `json:"because,omitempty"` // why nothing measured could decide
}

// Above asks for a figure above a bound. An exact figure equal to it is not.
func Above(name string, bound float64) Rule {
	return Rule{Kind: above, Figures: []string{name}, Bounds: []float64{bound}}
}

// Below asks for a figure below a bound.
func Below(name string, bound float64) Rule {
	return Rule{Kind: below, Figures: []string{name}, Bounds: []float64{bound}}
}

// Within asks for a figure in [lo, hi]. It does not hold where the whole interval lies outside, on
// one side.
func Within(name string, lo, hi float64) Rule {
	return Rule{Kind: within, Figures: []string{name}, Bounds: []float64{lo, hi}}
}

// Greater asks for figure a above figure b, and decides where their intervals do not touch, either
// way round. It is for figures of different runs or texts. Two intervals may touch though the
// difference is clear, the more so if both were measured on the same texts or seeds: judge the
// paired difference with Above, 0, wherever there is one.
func Greater(a, b string) Rule { return Rule{Kind: greater, Figures: []string{a, b}} }

// Every is one statement of several rules: one that does not hold is enough for the whole not to.
// Else it is as undecided, untestable or mixed as any of them.
func Every(rules ...Rule) Rule { return Rule{Kind: every, Rules: rules} }

// Parts is for claims made about several settings, each of which can be true alone: mixed where
// some parts hold and some do not. Where all that could be decided agree but some could not be, it
// is undecided.
func Parts(rules ...Rule) Rule { return Rule{Kind: parts, Rules: rules} }

// Specific judges a claim and then whether it is special to what it is said of: by the claim where
// it does not hold, and where it does by the control, which can spoil it to mixed ("so it is, but
// not because of that") and to no less.
func Specific(claim, control Rule) Rule { return Rule{Kind: specific, Rules: []Rule{claim, control}} }

// Given judges by rule where the precondition holds. Where it does not there is nothing to judge:
// not testable. Where it is undecided, so is the whole. All rows of one table get the same
// precondition, whichever way it works out for them.
func Given(precondition, rule Rule) Rule { return Rule{Kind: given, Rules: []Rule{precondition, rule}} }

// Check is for theorems, which only rounding or a mistake of ours can break. Beside rules it does
// not count; alone it is the outcome, a check and no verdict. One that fails takes every verdict
// with it.
func Check(rule Rule) Rule { return Rule{Kind: check, Rules: []Rule{rule}} }

// Never is the rule where a claim cannot be tested on a model by construction, and says why.
func Never(because string) Rule { return Rule{Kind: never, Because: because} }

// shape is what a kind is made of; −1 is any number above 0.
var shape = map[Kind]struct{ figures, bounds, rules int }{
	above: {1, 1, 0}, below: {1, 1, 0}, within: {1, 2, 0}, greater: {2, 0, 0},
	every: {0, 0, -1}, parts: {0, 0, -1}, specific: {0, 0, 2}, given: {0, 0, 2}, check: {0, 0, 1}, never: {},
}

// Validate refuses a rule that asks nothing, as one read from a file may.
func (r Rule) Validate() error {
	s, ok := shape[r.Kind]
	if !ok {
		return fmt.Errorf("claims: a rule of unknown kind %q", r.Kind)
	}
	switch {
	case s.rules < 0 && len(r.Rules) == 0:
		return fmt.Errorf("claims: a rule made of no rules judges nothing")
	case len(r.Figures) != s.figures || len(r.Bounds) != s.bounds || s.rules >= 0 && len(r.Rules) != s.rules:
		return fmt.Errorf("claims: a rule %q of %d figures, %d bounds and %d rules", r.Kind, len(r.Figures), len(r.Bounds), len(r.Rules))
	case r.Kind == within && !(r.Bounds[0] <= r.Bounds[1]):
		return fmt.Errorf("claims: %s: the bounds must ascend", r.Text())
	case (r.Kind == never) != (r.Because != ""):
		return fmt.Errorf("claims: a rule %q that gives %q as the reason why nothing could decide", r.Kind, r.Because)
	}
	for _, sub := range r.Rules {
		if err := sub.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Text states the rule in words.
func (r Rule) Text() string {
	subs := make([]string, len(r.Rules))
	for i, sub := range r.Rules {
		if subs[i] = sub.Text(); len(sub.Rules) > 1 {
			subs[i] = "(" + subs[i] + ")"
		}
	}
	switch r.Kind {
	case above:
		return fmt.Sprintf("%s > %.4g", r.Figures[0], r.Bounds[0])
	case below:
		return fmt.Sprintf("%s < %.4g", r.Figures[0], r.Bounds[0])
	case within:
		return fmt.Sprintf("%s in [%.4g, %.4g]", r.Figures[0], r.Bounds[0], r.Bounds[1])
	case greater:
		return fmt.Sprintf("%s > %s, with intervals that do not touch", r.Figures[0], r.Figures[1])
	case every:
		return "every one of: " + strings.Join(subs, "; ")
	case parts:
		return "part by part: " + strings.Join(subs, "; ")
	case specific:
		return subs[0] + ", and more than without it: " + subs[1]
	case given:
		return "given " + subs[0] + ": " + subs[1]
	case check:
		return "as a check of the arithmetic: " + subs[0]
	}
	return "none: " + r.Because
}

// names are the figures that the rule reads, in order, each once.
func (r Rule) names() []string {
	names := slices.Clone(r.Figures)
	for _, sub := range r.Rules {
		for _, name := range sub.names() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Apply gives the verdict on figures and the numbers that decided.
func (r Rule) Apply(fs Figures) (verdict Verdict, why string, err error) {
	o, err := r.outcome(fs)
	return o.verdict, o.why(), err
}

// outcome is a verdict with its reason, or with those of the rules that it is made of.
type outcome struct {
	verdict Verdict
	reason  string
	parts   []outcome
}

// why is the reason in one line.
func (o outcome) why() string {
	if len(o.parts) == 0 {
		return o.reason
	}
	var list []string
	for _, p := range o.parts {
		if len(p.parts) > 0 {
			list = append(list, fmt.Sprintf("%s (%s)", p.verdict, p.why()))
		} else {
			list = append(list, fmt.Sprintf("%s: %s", p.verdict, p.reason))
		}
	}
	return strings.Join(list, "; ")
}

func (r Rule) outcome(fs Figures) (outcome, error) {
	if err := r.Validate(); err != nil {
		return outcome{}, err
	}
	var f []Figure
	for _, name := range r.Figures {
		one, err := fs.Get(name)
		if err != nil {
			return outcome{}, err
		}
		f = append(f, one)
	}
	if r.Kind == given {
		return r.given(fs)
	}
	var subs []outcome
	for _, sub := range r.Rules {
		o, err := sub.outcome(fs)
		if err != nil {
			return outcome{}, err
		}
		subs = append(subs, o)
	}
	switch r.Kind {
	case above:
		return outcome{verdict: decide(f, f[0].lo() > r.Bounds[0], f[0].hi() <= r.Bounds[0]), reason: fmt.Sprintf("%s; bound %.4g", f[0], r.Bounds[0])}, nil
	case below:
		return outcome{verdict: decide(f, f[0].hi() < r.Bounds[0], f[0].lo() >= r.Bounds[0]), reason: fmt.Sprintf("%s; bound %.4g", f[0], r.Bounds[0])}, nil
	case within:
		lo, hi := r.Bounds[0], r.Bounds[1]
		return outcome{verdict: decide(f, f[0].lo() >= lo && f[0].hi() <= hi, f[0].lo() > hi || f[0].hi() < lo),
			reason: fmt.Sprintf("%s; range [%.4g, %.4g]", f[0], lo, hi)}, nil
	case greater:
		if f[0].Unit != f[1].Unit {
			return outcome{}, fmt.Errorf("claims: cannot compare %q in %q with %q in %q", f[0].Name, f[0].Unit, f[1].Name, f[1].Unit)
		}
		return outcome{verdict: decide(f, f[0].lo() > f[1].hi(), f[1].lo() > f[0].hi() || f[0].lo() == f[0].hi() && f[1].lo() == f[1].hi() && f[0].lo() == f[1].lo()),
			reason: fmt.Sprintf("%s; %s", f[0], f[1])}, nil
	case every, parts:
		return outcome{verdict: merge(r.Kind, subs), parts: subs}, nil
	case specific:
		return outcome{verdict: spoil(subs[0].verdict, subs[1].verdict), parts: subs}, nil
	case check:
		v := CheckFailed
		if subs[0].verdict == Holds {
			v = CheckPassed
		}
		return outcome{verdict: v, reason: subs[0].reason, parts: subs[0].parts}, nil
	}
	return outcome{verdict: NotTestable, reason: r.Because}, nil
}

// given applies the rule where the precondition holds; its figures need not be there where it does
// not.
func (r Rule) given(fs Figures) (outcome, error) {
	pre, err := r.Rules[0].outcome(fs)
	if err != nil {
		return outcome{}, err
	}
	switch pre.verdict {
	case Holds, CheckPassed:
		return r.Rules[1].outcome(fs)
	case Undecided:
		return outcome{verdict: Undecided, reason: "whether the precondition is met is undecided: " + pre.why()}, nil
	case CheckFailed:
		return pre, nil
	}
	return outcome{verdict: NotTestable, reason: "the precondition is not met: " + pre.why()}, nil
}

// decide is the verdict where the whole interval is on the right side, or on the wrong one.
func decide(fs []Figure, right, wrong bool) Verdict {
	for _, f := range fs {
		if !f.decides() {
			return Undecided
		}
	}
	switch {
	case right:
		return Holds
	case wrong:
		return DoesNotHold
	}
	return Undecided
}

// merge makes one verdict of several. Checks that pass do not count unless there is nothing else.
func merge(kind Kind, subs []outcome) Verdict {
	count := map[Verdict]int{}
	for _, o := range subs {
		count[o.verdict]++
	}
	judged := len(subs) - count[CheckPassed]
	switch {
	case count[CheckFailed] > 0:
		return CheckFailed
	case judged == 0:
		return CheckPassed
	case count[Holds] == judged:
		return Holds
	case count[DoesNotHold] == judged:
		return DoesNotHold
	case count[NotTestable] == judged:
		return NotTestable
	}
	if kind == every {
		for _, v := range []Verdict{DoesNotHold, NotTestable, Undecided} {
			if count[v] > 0 {
				return v
			}
		}
		return Mixed
	}
	if count[Mixed] > 0 || count[Holds] > 0 && count[DoesNotHold] > 0 {
		return Mixed
	}
	return Undecided
}

// spoil is the verdict on a claim after its control.
func spoil(claim, control Verdict) Verdict {
	switch {
	case control == CheckFailed:
		return CheckFailed
	case claim != Holds || control == Holds || control == CheckPassed:
		return claim
	case control == DoesNotHold || control == Mixed:
		return Mixed
	}
	return Undecided
}
