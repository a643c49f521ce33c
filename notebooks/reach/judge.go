package reach

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/claims"
	"firsttoken/plots"
	"firsttoken/sinks/squash"
	"firsttoken/sinks/stats"
)

// judged are the columns that the verdict is on, by the names of its figures.
var judged = []curve{{"path product", squash.Path}, {"‖∂v_j/∂v_i‖_F", squash.FullFrobenius}}

// strong is the setting that stands beside the verdict.
const strong = "0.9"

// Own draws, document by document, what each setting of attention on token 1 does against key 1
// hidden, and says so of the model as it is.
func Own(model string, own squash.Sweep) (*plots.Figure, string, error) {
	panel := plots.Panel{Title: model + " against itself with key 1 hidden; each dot is a passage"}
	text := ""
	for _, c := range judged {
		strip := plots.Strip{Title: map[squash.Column]string{squash.Path: "Path product", squash.FullFrobenius: "Influence, norm of the full derivative"}[c.of], XName: "mean attention on token 1", YName: "difference in powers of ten", HLines: []plots.RefLine{{At: 0}}}
		for _, s := range own.Settings {
			if s.Name == squash.Hidden {
				continue
			}
			a, b, err := pair(own, s.Name, squash.Hidden, c.of)
			if err != nil {
				return nil, "", err
			}
			differences := make([]float64, len(a))
			for i := range a {
				differences[i] = a[i] - b[i]
			}
			name := s.Name
			if s.Name == squash.AsIs {
				name = fmt.Sprintf("%s: %.2f", s.Name, s.X)
				e, err := stats.Paired(a, b, stats.DefaultOptions())
				if err != nil {
					return nil, "", err
				}
				text += fmt.Sprintf("log₁₀ of %s, as it is less key 1 hidden: %s; by passage from %.2f to %.2f\n", c.name, e, slices.Min(differences), slices.Max(differences))
			}
			strip.Samples = append(strip.Samples, plots.Sample{Name: name, Values: differences})
		}
		if err := panel.Add(strip.Figure()); err != nil {
			return nil, "", err
		}
	}
	f, err := panel.Figure()
	return f, text, err
}

// Beside is what a mass of 0.9 on token 1, put there by hand, does; no part of the rule.
func Beside(random, own squash.Sweep) (figures []claims.Figure, err error) {
	for _, m := range []struct {
		name, base string
		sweep      squash.Sweep
	}{{"random model", squash.AsIs, random}, {"SmolLM2", squash.Hidden, own}} {
		for _, c := range judged {
			e, err := Against(m.sweep, strong, m.base, c.of)
			if err != nil {
				return nil, err
			}
			figures = append(figures, claims.Figure{Name: fmt.Sprintf("%s: log₁₀ of %s, mass %s against %s", m.name, c.name, strong, m.base), Estimate: e})
		}
	}
	return figures, nil
}

// Ours are the figures of C5 about a model's own sink, against key 1 hidden.
func Ours(own squash.Sweep) (figures []claims.Figure, err error) {
	for _, c := range judged {
		e, err := Against(own, squash.AsIs, squash.Hidden, c.of)
		if err != nil {
			return nil, err
		}
		figures = append(figures, claims.Figure{Name: fmt.Sprintf("log₁₀ of %s, %s against %s", c.name, squash.AsIs, squash.Hidden), Estimate: e})
	}
	return figures, nil
}

// Judge makes the record of C5: all exact pairs against the bound, and what the model's own sink
// does. Where the bound does the opposite of what is claimed there is a warning.
func Judge(checks []squash.Check, random, own squash.Sweep) (*claims.Record, error) {
	var v squash.Violations
	for _, c := range checks {
		v = v.Add(c.Above)
	}
	if v.Pairs == 0 {
		return nil, fmt.Errorf("reach: no pair was compared with the bound")
	}
	figures := []claims.Figure{{Name: "pairs above the bound with + I", Unit: "%", Exact: "a theorem, checked on every pair computed",
		Estimate: stats.Estimate{Value: 100 * float64(v.Theorem+v.Local) / float64(v.Pairs), N: v.Pairs}}}
	ours, err := Ours(own)
	if err != nil {
		return nil, err
	}
	beside, err := Beside(random, own)
	if err != nil {
		return nil, err
	}
	r, err := claims.Judge("C5", "notebooks/09-over-squashing.ipynb", slices.Concat(figures, ours, beside), claims.C5(claims.AnyFirst))
	if err != nil {
		return nil, err
	}
	for _, s := range own.Settings {
		e, err := Against(own, s.Name, squash.Hidden, squash.Path)
		if err != nil {
			return nil, err
		}
		if e.CI != nil && e.CI.Lo > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("with %.2f of the attention on token 1 the path product is larger than with key 1 hidden, log₁₀ %s", s.X, e))
		}
	}
	return r, nil
}
