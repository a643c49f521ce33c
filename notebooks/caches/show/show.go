// Package show draws the tables of package caches and takes from them what claims are judged by.
package show

import (
	"fmt"
	"strings"

	"firsttoken/notebooks/caches"
	"firsttoken/notebooks/claims"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/eviction"
	"firsttoken/sinks/stats"
	"firsttoken/sinks/streams"
)

// names of policies, where they are others than eviction's.
var names = map[string]string{
	"streaming": "StreamingLLM", "keydiff": "KeyDiff", "h2o": "H2O", "h2o:mean": "H2O, mean", "tova": "TOVA", "snapkv": "SnapKV", "knorm": "Knorm",
}

// Name is what a policy is called in figures.
func Name(policy string) string {
	if name, ok := names[policy]; ok {
		return name
	}
	return policy
}

// policies are all, in one order everywhere, so that each has one look in all figures.
func policies() (list []string) {
	for _, p := range eviction.Policies() {
		list = append(list, p.String())
	}
	return list
}

// gap is what a cache costs: its loss less that of the model that keeps everything.
func gap(t caches.Table, policy string, entries int, shifted bool) (e stats.Estimate, measured bool, err error) {
	out := t.At(policy, entries, shifted)
	if out == nil {
		return e, false, nil
	}
	e, err = caches.More(out, t.All())
	return e, true, err
}

// Costs is what each policy that was measured at every budget of the table costs, with bands of 95
// % over texts, cut at 0. The scale is that of square roots, which tells small costs apart and
// still has a place for none.
func Costs(title string, t caches.Table) (*plots.Figure, error) {
	lines := plots.Lines{Title: title, XName: "entries that a head keeps, N", YName: "loss − loss with everything kept (nats)",
		XScale: plots.Log2, YScale: plots.Sqrt}
	budgets := 0
	for _, n := range claims.StreamBudgets {
		if t.At("window", n, false) != nil {
			budgets++
		}
	}
	for i, p := range policies() {
		s := plots.Series{Name: Name(p), Style: i + 1}
		for _, n := range claims.StreamBudgets {
			e, measured, err := gap(t, p, n, false)
			if err != nil {
				return nil, err
			}
			if measured {
				lo, hi := e.Ends()
				s.X, s.Y, s.Lo, s.Hi = append(s.X, float64(n)), append(s.Y, e.Value), append(s.Lo, max(lo, 0)), append(s.Hi, hi)
			}
		}
		if len(s.X) == budgets {
			lines.Series = append(lines.Series, s)
		}
	}
	return lines.Figure()
}

// CostTable is what each policy costs in numbers, as Markdown, with the shares of caches that hold
// the first tokens in the end.
func CostTable(t caches.Table) (string, error) {
	var b strings.Builder
	b.WriteString("| kept |")
	for _, n := range claims.StreamBudgets {
		fmt.Fprintf(&b, " N = %d |", n)
	}
	fmt.Fprintf(&b, " token 1 held, N = %d | tokens 1 – 4 held |\n|%s\n", claims.StreamBudgets[0], strings.Repeat(" --- |", 3+len(claims.StreamBudgets)))
	for _, p := range policies() {
		row, any := "| "+Name(p)+" |", false
		for _, n := range claims.StreamBudgets {
			e, measured, err := gap(t, p, n, false)
			if err != nil {
				return "", err
			}
			if any = any || measured; measured {
				row += " " + e.PlusMinus("%.2f")
			}
			row += " |"
		}
		if first := t.At(p, claims.StreamBudgets[0], false); first != nil {
			row += fmt.Sprintf(" %.0f %% | %.0f %% |", 100*mean(first.Token1), 100*mean(first.Token4))
		}
		if any {
			b.WriteString(row + "\n")
		}
	}
	return b.String(), nil
}

// ShiftTable is what it changes to count positions in the cache, of all caches that were read both
// ways.
func ShiftTable(t caches.Table) (string, error) {
	var b strings.Builder
	b.WriteString("| cache | loss, positions of the text − of the cache (nats) |\n| --- | --- |\n")
	for _, p := range policies() {
		for _, n := range claims.StreamBudgets {
			if t.At(p, n, true) == nil {
				continue
			}
			e, err := caches.More(t.At(p, n, false), t.At(p, n, true))
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "| %s, N = %d | %s |\n", Name(p), n, strings.ReplaceAll(e.PlusMinus("%.3f"), "-0.000", "0.000"))
		}
	}
	return b.String(), nil
}

// Cliff is the loss by position beyond that of the model that keeps everything, with the window and
// with StreamingLLM.
func Cliff(title string, t caches.Table, bin int) (*plots.Figure, error) {
	lines := plots.Lines{Title: title, XName: "position in the text", YName: "loss − loss with everything kept (nats)"}
	for _, n := range claims.StreamBudgets {
		for k, p := range []string{"window", "streaming"} {
			s := plots.Series{Name: fmt.Sprintf("%s, N = %d", Name(p), n)}
			if k == 1 {
				s.Like = len(lines.Series)
			}
			out := t.At(p, n, false)
			if out == nil {
				continue
			}
			if len(out.Curve) == 0 || len(out.Curve) != len(t.All().Curve) {
				return nil, fmt.Errorf("show: %s was not measured by position: set Curve", s.Name)
			}
			for j, y := range out.Curve {
				s.X, s.Y = append(s.X, (float64(j)+0.5)*float64(bin)), append(s.Y, float64(y-t.All().Curve[j]))
			}
			lines.Series = append(lines.Series, s)
		}
	}
	return lines.Figure()
}

// Maps shows which positions caches of n entries hold after the last token, by layer and head, a
// picture a policy.
func Maps(title string, t caches.Table, n, bins, columns int) (*plots.Figure, error) {
	var figures []*plots.Figure
	for _, p := range policies() {
		out := t.At(p, n, false)
		if out == nil || len(out.Map) == 0 {
			continue
		}
		f, err := plots.HeatMap{Title: Name(p), Values: out.Rows(len(out.Map) / bins), RowName: "KV head, layer by layer", ColName: "position, sixteen a cell",
			BarName: "share held", Max: 1, Aspect: 0.8}.Figure()
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return plots.Panel{Title: title, Figures: figures, Columns: columns}.Figure()
}

// Firsts shows in which layers heads still hold token 1, or tokens 1 to 4, where nothing protects
// them.
func Firsts(title string, t caches.Table, n int, four bool) (*plots.Figure, error) {
	m := plots.HeatMap{Title: title, RowName: "policy", ColName: "layer", BarName: "share held", Max: 1, Aspect: 0.35}
	for _, p := range []string{"keydiff", "knorm", "tova", "h2o"} {
		out := t.At(p, n, false)
		if out == nil {
			continue
		}
		shares := out.ByLayer1
		if four {
			shares = out.ByLayer4
		}
		var row []float64
		for _, x := range shares {
			row = append(row, float64(x))
		}
		m.RowTokens, m.Values = append(m.RowTokens, Name(p)), append(m.Values, row)
	}
	return m.Figure()
}

func mean(x []float64) float64 { return sinks.RowSum(x) / float64(len(x)) }

// S2 and S3 are the figures that the rules of these claims read.
func S2(t caches.Table) (figures []claims.Figure, err error) {
	for _, n := range claims.StreamBudgets {
		for _, rival := range []string{"streaming", "h2o", "tova"} {
			if figures, err = add(figures, claims.StreamFigure("KeyDiff", Name(rival), n), t.At("keydiff", n, false), t.At(rival, n, false)); err != nil {
				return nil, err
			}
		}
	}
	return figures, nil
}

func S3(t caches.Table) (figures []claims.Figure, err error) {
	for _, n := range claims.StreamBudgets {
		streaming := t.At("streaming", n, false)
		for _, pair := range []struct {
			name string
			a, b *streams.Outcome
		}{
			{claims.StreamFigure("window", "StreamingLLM", n), t.At("window", n, false), streaming},
			{claims.StreamFigure("StreamingLLM", "everything kept", n), streaming, t.All()},
			{claims.StreamFigure("StreamingLLM", "the same shifted", n), streaming, t.At("streaming", n, true)},
		} {
			if figures, err = add(figures, pair.name, pair.a, pair.b); err != nil {
				return nil, err
			}
		}
	}
	return figures, nil
}

func add(figures []claims.Figure, name string, a, b *streams.Outcome) ([]claims.Figure, error) {
	e, err := caches.More(a, b)
	if err != nil {
		return nil, fmt.Errorf("show: %s: %w", name, err)
	}
	return append(figures, claims.Figure{Name: name, Unit: "nats", Estimate: e}), nil
}
