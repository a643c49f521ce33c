package claims

import (
	"fmt"
	"math"
	"strings"

	"firsttoken/sinks/stats"
)

// Verdict is the outcome for one claim.
type Verdict string

// The four verdicts.
const (
	Holds       Verdict = "holds"
	DoesNotHold Verdict = "does not hold"
	Mixed       Verdict = "mixed"        // in parts, or within the spread of the measurement
	NotTestable Verdict = "not testable" // here; the record says why and what would test it
)

// Figure is one number measured here.
type Figure struct {
	Name string `json:"name"`           // equal to a PaperValue's name where it answers one
	Unit string `json:"unit,omitempty"` // as in PaperValue
	stats.Estimate
}

// lo and hi bound the figure: its interval, or the value where it has none.
func (f Figure) lo() float64 {
	if f.CI == nil {
		return f.Value
	}
	return f.CI.Lo
}

func (f Figure) hi() float64 {
	if f.CI == nil {
		return f.Value
	}
	return f.CI.Hi
}

// String is the figure as the table shows it: "sink rate: 72.2 % [70.1, 74.3], n = 100".
func (f Figure) String() string {
	s := f.Name + ": " + quantity(f.Value, f.Unit)
	if f.CI != nil {
		s += fmt.Sprintf(" [%.4g, %.4g]", f.CI.Lo, f.CI.Hi)
	}
	return s + fmt.Sprintf(", n = %d", f.N)
}

// quantity is a number with its unit.
func quantity(v float64, unit string) string {
	return strings.TrimSpace(fmt.Sprintf("%.4g %s", v, unit))
}

// Figures are the measured numbers of one claim.
type Figures []Figure

// Get finds a figure by name.
func (fs Figures) Get(name string) (Figure, error) {
	for _, f := range fs {
		if f.Name == name {
			return f, nil
		}
	}
	return Figure{}, fmt.Errorf("claims: the rule needs a figure %q", name)
}

// Rule turns figures into a verdict. Text states it in full, so that a reader of
// a record can apply it again; the rules made here derive it from their arguments.
type Rule struct {
	Text  string
	Apply func(Figures) (verdict Verdict, why string, err error)

	many bool // its reasons are several
}

// Above holds if the whole interval of the figure lies above bound, does not
// hold if the value does not, and is mixed where the value does but the interval
// reaches bound.
func Above(name string, bound float64) Rule {
	return Rule{
		Text: fmt.Sprintf("%s > %.4g, with its whole interval", name, bound),
		Apply: func(fs Figures) (Verdict, string, error) {
			f, err := fs.Get(name)
			if err != nil {
				return "", "", err
			}
			return threeWay(f.Value > bound, f.lo() > bound), fmt.Sprintf("%s; bound %.4g", f, bound), nil
		},
	}
}

// Below is Above in the other direction.
func Below(name string, bound float64) Rule {
	return Rule{
		Text: fmt.Sprintf("%s < %.4g, with its whole interval", name, bound),
		Apply: func(fs Figures) (Verdict, string, error) {
			f, err := fs.Get(name)
			if err != nil {
				return "", "", err
			}
			return threeWay(f.Value < bound, f.hi() < bound), fmt.Sprintf("%s; bound %.4g", f, bound), nil
		},
	}
}

// Greater holds if figure a exceeds figure b and their intervals do not touch,
// does not hold if a ≤ b, and is mixed where a > b but the intervals touch. For
// figures of the same documents judge their paired difference with Above instead.
func Greater(a, b string) Rule {
	return Rule{
		Text: fmt.Sprintf("%s > %s, with intervals that do not touch", a, b),
		Apply: func(fs Figures) (Verdict, string, error) {
			fa, err := fs.Get(a)
			if err != nil {
				return "", "", err
			}
			fb, err := fs.Get(b)
			if err != nil {
				return "", "", err
			}
			if fa.Unit != fb.Unit {
				return "", "", fmt.Errorf("claims: cannot compare %q in %q with %q in %q", a, fa.Unit, b, fb.Unit)
			}
			return threeWay(fa.Value > fb.Value, fa.lo() > fb.hi()), fmt.Sprintf("%s; %s", fa, fb), nil
		},
	}
}

// Within holds if the figure's whole interval lies in [lo, hi], does not hold if
// the value lies outside, and is mixed between.
func Within(name string, lo, hi float64) Rule {
	return Rule{
		Text: fmt.Sprintf("%s in [%.4g, %.4g], with its whole interval", name, lo, hi),
		Apply: func(fs Figures) (Verdict, string, error) {
			f, err := fs.Get(name)
			if err != nil {
				return "", "", err
			}
			return threeWay(f.Value >= lo && f.Value <= hi, f.lo() >= lo && f.hi() <= hi),
				fmt.Sprintf("%s; range [%.4g, %.4g]", f, lo, hi), nil
		},
	}
}

// threeWay is the verdict on a value and on its whole interval.
func threeWay(value, interval bool) Verdict {
	switch {
	case value && interval:
		return Holds
	case value:
		return Mixed
	}
	return DoesNotHold
}

// Every holds if every rule does; one rule that does not hold is enough for the
// claim not to, and else one that is not testable for it not to be.
func Every(rules ...Rule) Rule {
	return combine("every one of: ", rules, func(count map[Verdict]int) Verdict {
		switch {
		case count[DoesNotHold] > 0:
			return DoesNotHold
		case count[NotTestable] > 0:
			return NotTestable
		case count[Mixed] > 0:
			return Mixed
		}
		return Holds
	})
}

// Parts holds if every rule does, does not hold if none does, not even in part,
// and is mixed otherwise: for claims made about several settings.
func Parts(rules ...Rule) Rule {
	return combine("part by part: ", rules, func(count map[Verdict]int) Verdict {
		switch len(rules) {
		case count[Holds]:
			return Holds
		case count[DoesNotHold]:
			return DoesNotHold
		case count[NotTestable]:
			return NotTestable
		}
		return Mixed
	})
}

// combine applies rules one by one and lets merge turn their verdicts into one.
func combine(prefix string, rules []Rule, merge func(map[Verdict]int) Verdict) Rule {
	texts := make([]string, len(rules))
	for i, r := range rules {
		texts[i] = r.Text
	}
	return Rule{
		Text: prefix + strings.Join(texts, "; "),
		many: true,
		Apply: func(fs Figures) (Verdict, string, error) {
			if len(rules) == 0 {
				return "", "", fmt.Errorf("claims: a rule made of no rules judges nothing")
			}
			count := map[Verdict]int{}
			reasons := make([]string, len(rules))
			for i, r := range rules {
				v, why, err := r.Apply(fs)
				if err != nil {
					return "", "", err
				}
				count[v]++
				reasons[i] = fmt.Sprintf("%s: %s", v, why)
				if r.many {
					reasons[i] = fmt.Sprintf("%s (%s)", v, why)
				}
			}
			return merge(count), strings.Join(reasons, "; "), nil
		},
	}
}

// Given judges by rule where the precondition holds with its whole interval. Where it does not, there is nothing to judge: the claim
// is not testable on these figures.
func Given(precondition, rule Rule) Rule {
	return Rule{
		Text: fmt.Sprintf("given %s: %s", precondition.Text, rule.Text),
		many: rule.many,
		Apply: func(fs Figures) (Verdict, string, error) {
			v, why, err := precondition.Apply(fs)
			switch {
			case err != nil:
				return "", "", err
			case v == Holds:
				return rule.Apply(fs)
			}
			return NotTestable, "the precondition is not met: " + why, nil
		},
	}
}

// check reports figures that no measurement can give, names used twice, and
// figures in another unit than the paper's of the same name.
func (fs Figures) check(paper []PaperValue) error {
	seen := map[string]bool{}
	for _, f := range fs {
		switch {
		case f.Name == "":
			return fmt.Errorf("claims: a figure of value %g has no name", f.Value)
		case seen[f.Name]:
			return fmt.Errorf("claims: two figures are named %q", f.Name)
		case f.N < 1:
			return fmt.Errorf("claims: figure %q was measured on %d samples", f.Name, f.N)
		}
		seen[f.Name] = true
		for _, p := range paper {
			if p.Name == f.Name && p.Unit != f.Unit {
				return fmt.Errorf("claims: figure %q is in %q, the paper's in %q", f.Name, f.Unit, p.Unit)
			}
		}
		for _, v := range []float64{f.Value, f.lo(), f.hi()} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("claims: figure %q is not finite: %s", f.Name, f)
			}
		}
		if f.lo() > f.hi() {
			return fmt.Errorf("claims: the interval of %q is upside down: %s", f.Name, f)
		}
	}
	return nil
}
