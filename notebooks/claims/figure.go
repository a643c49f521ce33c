package claims

import (
	"fmt"
	"math"
	"strings"

	"firsttoken/sinks/stats"
)

// Figure is one number measured here.
type Figure struct {
	Name string `json:"name"`           // equal to a PaperValue's name where it answers one
	Unit string `json:"unit,omitempty"` // as in PaperValue
	// Exact says why the figure needs no interval to decide a rule: it is no estimate, and would be
	// the same if measured again on other texts or seeds of its kind, or it is about the measured
	// ones alone, as in "counted over the runs at hand". A figure with neither interval nor Exact
	// decides nothing.
	Exact string `json:"exact,omitempty"`
	stats.Estimate
}

// decides reports whether the figure may decide a rule.
func (f Figure) decides() bool { return f.CI != nil || f.Exact != "" }

// lo and hi bound the figure: its interval, or the value where it has none.
func (f Figure) lo() float64 {
	if f.CI == nil || f.Exact != "" {
		return f.Value
	}
	return f.CI.Lo
}

func (f Figure) hi() float64 {
	if f.CI == nil || f.Exact != "" {
		return f.Value
	}
	return f.CI.Hi
}

// String is the figure as the table shows it: "sink rate: 72.2 % [70.1, 74.3], n = 100".
func (f Figure) String() string {
	s := f.Name + ": " + quantity(f.Value, f.Unit)
	switch {
	case f.Exact != "":
		s += " (exact: " + f.Exact + ")"
	case f.CI != nil:
		s += fmt.Sprintf(" [%.4g, %.4g]", f.CI.Lo, f.CI.Hi)
	default:
		s += " (no interval)"
	}
	if f.CI != nil && f.Exact == "" && math.Abs(f.CI.Level-0.95) > 1e-9 && f.CI.Level > 0 {
		s += fmt.Sprintf(" at %.4g %%", 100*f.CI.Level)
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
		bounds := []float64{f.Value}
		if f.CI != nil {
			bounds = append(bounds, f.CI.Lo, f.CI.Hi)
		}
		for _, v := range bounds {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("claims: figure %q is not finite: %s", f.Name, f)
			}
		}
		if f.CI != nil && f.CI.Lo > f.CI.Hi {
			return fmt.Errorf("claims: the interval of %q is upside down: %s", f.Name, f)
		}
	}
	return nil
}

// lines lists the figures, one each.
func (fs Figures) lines() []string {
	var lines []string
	for _, f := range fs {
		lines = append(lines, f.String())
	}
	return lines
}

// AtHand is the figure that rules on trained runs begin with: how many of the runs at hand, in %,
// have a sink, more than 5 % of heads with one. rates are theirs, in %.
func AtHand(row string, rates []float64) Figure {
	k := 0
	for _, x := range rates {
		if x > 5 {
			k++
		}
	}
	return Figure{
		Name: row + ": runs at hand with a sink", Unit: "%", Exact: "counted over the runs at hand",
		Estimate: stats.Estimate{Value: 100 * float64(k) / float64(max(1, len(rates))), N: len(rates)},
	}
}
