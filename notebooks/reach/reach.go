// Package reach draws and judges what notebook 09 measures: how far a token still moves later ones,
// beside the bound that Theorem 3.2 of Barbero et al. (arXiv 2504.02732) puts on it, as attention
// moves to token 1. Package study measures it; nothing here loads a model.
package reach

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"firsttoken/plots"
	"firsttoken/sinks/squash"
	"firsttoken/sinks/stats"
)

// Against is log₁₀ of a column's median under one setting, less that under another, paired by
// document.
func Against(s squash.Sweep, name, base string, of squash.Column) (stats.Estimate, error) {
	a, b, err := pair(s, name, base, of)
	if err != nil {
		return stats.Estimate{}, err
	}
	return stats.Paired(a, b, stats.DefaultOptions())
}

// pair is a column under two settings, by document.
func pair(s squash.Sweep, name, base string, of squash.Column) (a, b []float64, err error) {
	one, err := s.At(name)
	if err != nil {
		return nil, nil, err
	}
	other, err := s.At(base)
	if err != nil {
		return nil, nil, err
	}
	a, b = one.Mixing[of], other.Mixing[of]
	if len(a) == 0 || len(a) != len(b) {
		return nil, nil, fmt.Errorf("reach: %q is known of %d documents under %q and %d under %q: they cannot be paired", of, len(a), name, len(b), base)
	}
	return a, b, nil
}

// curve is a column by setting: mean over documents with its 95 % interval, as powers of ten.
type curve struct {
	name string
	of   squash.Column
}

// add takes an estimate of log₁₀ into a series; one without interval, such as that of a setting
// against itself, gets its own value for both ends.
func add(s *plots.Series, x float64, e stats.Estimate) {
	lo, hi := e.Ends()
	s.X, s.Y = append(s.X, x), append(s.Y, math.Pow(10, e.Value))
	s.Lo, s.Hi = append(s.Lo, math.Pow(10, lo)), append(s.Hi, math.Pow(10, hi))
}

// Sinks draws influence and bound as attention moves to token 1, each against its first setting, in
// a random model and in a trained one.
func Sinks(random, own squash.Sweep) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Influence among tokens 2 … T as attention moves to token 1"}
	for _, m := range []struct {
		title  string
		sweep  squash.Sweep
		curves []curve
	}{
		{"Random model", random, []curve{{"full derivative, Frobenius norm", squash.FullFrobenius}, {"frozen derivative, Frobenius", squash.FrozenFrobenius},
			{"path product (without C_max)", squash.Path}, {"local bound on the spectral norm", squash.Local}}},
		{"SmolLM2", own, []curve{{"full derivative, Frobenius norm", squash.FullFrobenius}, {"frozen derivative, Frobenius", squash.FrozenFrobenius},
			{"path product (without C_max)", squash.Path}}},
	} {
		if len(m.sweep.Settings) == 0 {
			return nil, fmt.Errorf("reach: %s: the sweep has no settings", m.title)
		}
		first := m.sweep.Settings[0]
		lines := plots.Lines{Title: fmt.Sprintf("%s, %d blocks", m.title, first.Layers), XName: "mean attention on token 1",
			YName: "median, against " + first.Name, YScale: plots.Log, Legend: plots.LegendBelow}
		if own, err := m.sweep.At(squash.AsIs); err == nil && first.Name != squash.AsIs {
			lines.VLines = []plots.RefLine{{At: own.X, Label: squash.AsIs}}
		}
		for _, c := range m.curves {
			s := plots.Series{Name: c.name}
			for _, setting := range m.sweep.Settings {
				e, err := Against(m.sweep, setting.Name, first.Name, c.of)
				if err != nil {
					return nil, err
				}
				add(&s, setting.X, e)
			}
			lines.Series = append(lines.Series, s)
		}
		if err := panel.Add(lines.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Shapes draws influence and bound in random models by depth, heads and context.
func Shapes(sweep squash.Sweep) (*plots.Figure, error) {
	panel := plots.Panel{Title: "Influence of a token on the last one, random models"}
	for _, axis := range [][2]string{{squash.Depth, "blocks"}, {squash.Heads, "heads (64 wide)"}, {squash.Context, "tokens"}} {
		lines := plots.Lines{Title: "By " + axis[0], XName: axis[1], YName: "spectral norm or bound", XScale: plots.Log2, YScale: plots.Log, Legend: plots.LegendBelow}
		for _, c := range []curve{{"full derivative", squash.FullSpectral}, {"frozen derivative", squash.FrozenSpectral},
			{"path product (without C_max)", squash.Path}, {"local bound", squash.Local}} {
			s := plots.Series{Name: c.name}
			for _, setting := range sweep.Settings {
				if setting.Name != axis[0] {
					continue
				}
				e, err := stats.Mean(setting.Mixing[c.of], stats.DefaultOptions())
				if err != nil {
					return nil, fmt.Errorf("reach: %s of %s = %g: %w", c.of, axis[0], setting.X, err)
				}
				add(&s, setting.X, e)
			}
			lines.Series = append(lines.Series, s)
		}
		if err := panel.Add(lines.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Maps draws what each token does to each later one beside the path product, and says how far the
// second orders the first.
func Maps(d squash.Document) (*plots.Figure, string, error) {
	root := math.Sqrt(float64(d.Width))
	panel := plots.Panel{Title: fmt.Sprintf("SmolLM2, %d blocks: what token i does to token j", d.Layers)}
	for _, m := range []struct {
		title, bar string
		of         func(squash.Pair) float64
	}{
		{"Measured, full derivative", "Frobenius norm / √D", func(p squash.Pair) float64 { return p.Full.Frobenius / root }},
		{"Path product", "path product (without C_max)", squash.Path.Of},
	} {
		values := make([][]float64, len(d.Tokens))
		for j := range values {
			values[j] = make([]float64, len(d.Tokens))
		}
		lo, hi := math.Inf(1), 0.0 // without token 1, whose column may leave the scale
		for _, p := range d.Pairs {
			values[p.J][p.I] = m.of(p)
			if p.I > 0 {
				lo, hi = min(lo, m.of(p)), max(hi, m.of(p))
			}
		}
		if err := panel.Add(plots.HeatMap{Title: m.title, Values: values, Causal: true, Tokens: d.Tokens, Scale: plots.Log,
			Min: digit(lo, math.Floor), Max: digit(hi, math.Ceil), BarName: m.bar, RowName: "moved: token j", ColName: "moving: token i"}.Figure()); err != nil {
			return nil, "", err
		}
	}
	f, err := panel.Figure()
	inner := slices.DeleteFunc(slices.Clone(d.Pairs), func(p squash.Pair) bool { return p.I < 1 || p.I >= p.J })
	norms, paths := squash.FullFrobenius.Each(inner), squash.Path.Each(inner)
	tau := stat.Kendall(norms, paths, nil)
	text := fmt.Sprintf("token 1 has %.0f %% of the attention of these %d tokens\nover the pairs 2 ≤ i < j: largest / smallest norm %.0f, path product %.1g; rank correlation of the two (Kendall's τ) %.2f",
		100*d.FirstMass, len(d.Tokens), slices.Max(norms)/slices.Min(norms), slices.Max(paths)/slices.Min(paths), tau)
	return f, text, err
}

// digit takes a number to one digit, down or up.
func digit(x float64, to func(float64) float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x)))
	return to(x/unit) * unit
}

// Trial draws exact norms beside their estimates, and beside the bounds, and says how good both are.
func Trial(t squash.Trial) (*plots.Figure, string, error) {
	if len(t.Estimates) != len(t.Pairs) || len(t.Pairs) < 2 {
		return nil, "", fmt.Errorf("reach: a trial of %d pairs with %d estimates: need as many, and two", len(t.Pairs), len(t.Estimates))
	}
	estimates := plots.Series{Name: "estimate ± 2 SE"}
	inside, worst := 0, 0.0
	for i, e := range t.Estimates {
		norm := t.Pairs[i].Full.Frobenius
		estimates.Y, estimates.Lo, estimates.Hi = append(estimates.Y, e.Norm), append(estimates.Lo, e.Norm-2*e.SE), append(estimates.Hi, e.Norm+2*e.SE)
		if math.Abs(e.Norm-norm) < 2*e.SE {
			inside++
		}
		worst = max(worst, math.Abs(e.Norm/norm-1))
	}
	left, err := plots.Lines{Title: "Estimated by random directions", XName: "token i", YName: "Frobenius norm", YScale: plots.Log,
		Legend: plots.LegendBelow, Series: []plots.Series{{Name: "exact", Y: squash.FullFrobenius.Each(t.Pairs)}, estimates}}.Figure()
	if err != nil {
		return nil, "", err
	}
	lines := plots.Lines{Title: "Spectral norm and bound", XName: "token i", YName: "spectral norm or bound", YScale: plots.Log, Legend: plots.LegendBelow}
	for _, c := range []curve{{"local bound", squash.Local}, {"path product (without C_max)", squash.Path}, {"frozen", squash.FrozenSpectral}, {"full", squash.FullSpectral}} {
		lines.Series = append(lines.Series, plots.Series{Name: c.name, Y: c.of.Each(t.Pairs)})
	}
	right, err := lines.Figure()
	if err != nil {
		return nil, "", err
	}
	f, err := plots.Panel{Title: fmt.Sprintf("SmolLM2, first %d blocks, j = %d", t.Layers, len(t.Pairs)), Figures: []*plots.Figure{left, right}}.Figure()
	second := t.Pairs[1]
	text := fmt.Sprintf("the exact norm lies within two standard errors in %d of %d cases, which share their directions; the farthest is %.0f %% off\n"+
		"i = 2: theorem's bound 10^%.1f (C_max = %.3g), local bound 10^%.1f, frozen norm 10^%.1f", inside, len(t.Pairs), 100*worst,
		t.Log10Theorem(second.PathProduct), t.CMax, math.Log10(second.Local), math.Log10(second.Frozen.Spectral))
	return f, text, err
}

// Checks is a table of which forms of the bound hold on which Jacobians.
func Checks(names []string, checks []squash.Check) string {
	text := "| Jacobians | pairs | above the theorem, + I | + I/H | above the local bound, + I | + I/H | log₁₀ theorem / norm | log₁₀ local / norm | τ |\n" + strings.Repeat("| --- ", 9) + "|\n"
	for i, c := range checks {
		tau := "–"
		if c.Tau != nil {
			tau = fmt.Sprintf("%.2f", *c.Tau)
		}
		text += fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %.1f | %.1f | %s |\n", names[i], c.Above.Pairs, c.Above.Theorem, c.Above.TheoremH,
			c.Above.Local, c.Above.LocalH, c.Theorem, c.Local, tau)
	}
	return text
}

// Means is a table of a sweep's settings: attention on token 1, and medians in powers of ten, means
// over documents.
func Means(models []string, sweeps ...squash.Sweep) string {
	text := "| model | setting | attention on token 1 (%) | log₁₀ full | log₁₀ frozen | log₁₀ path product |\n" + strings.Repeat("| --- ", 6) + "|\n"
	for i, s := range sweeps {
		for _, one := range s.Settings {
			text += fmt.Sprintf("| %s | %s | %.0f |", models[i], one.Name, 100*one.X)
			for _, c := range []squash.Column{squash.FullFrobenius, squash.FrozenFrobenius, squash.Path} {
				text += fmt.Sprintf(" %.2f |", stat.Mean(one.Mixing[c], nil))
			}
			text += "\n"
		}
	}
	return text
}
