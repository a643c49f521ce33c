// Package branches draws and judges if–else heads: heads that attend to a pattern where it is there
// and to token 1 where it is not (claim C4 of Barbero et al., arXiv 2504.02732). Package find
// searches and measures them; nothing here loads a model.
package branches

import (
	"fmt"
	"slices"
	"strings"

	"firsttoken/notebooks/branches/find"
	"firsttoken/notebooks/claims"
	"firsttoken/plots"
	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/stats"
)

// Pattern draws a head's attention in one text, [T][S], as the paper's Fig. 4a does. Queries that
// find the trigger are marked; the line under it has the mean attention to token 1 and to the
// trigger's token with and without it.
func Pattern(tokens []string, pattern [][]float64, layer, head int, x ifelse.Trigger) (*plots.Figure, string, error) {
	if len(tokens) < 3 || len(pattern) != len(tokens) {
		return nil, "", fmt.Errorf("branches: a pattern of %d rows for %d tokens: need as many, and three", len(pattern), len(tokens))
	}
	labels := make([]string, len(tokens))
	for t, token := range tokens {
		labels[t] = strings.TrimSpace(token)
	}
	rows := slices.Clone(labels)
	var with, there, without []float64
	places := x.Places(tokens)
	for t, row := range pattern[1:] {
		t++
		i := slices.IndexFunc(places, func(p ifelse.Place) bool { return p.Query == t })
		if i < 0 {
			without = append(without, row[0])
			continue
		}
		rows[t] = "»" + labels[t]
		sum := 0.0
		for _, s := range places[i].Keys {
			sum += row[s]
		}
		with, there = append(with, row[0]), append(there, sum)
	}
	if len(with) == 0 || len(without) == 0 {
		return nil, "", fmt.Errorf("branches: %d queries with %s and %d without in this text: need both", len(with), x, len(without))
	}
	f, err := plots.HeatMap{Title: fmt.Sprintf("Block %d, head %d", layer+1, head+1), Values: pattern, Causal: true, Scale: plots.Sqrt, Max: 1,
		RowTokens: rows, ColTokens: labels, RowName: "query", ColName: "key", BarName: "attention"}.Figure()
	return f, fmt.Sprintf("%s, »: %.2f to it and %.2f to token 1, in %d queries; without it %.2f to token 1, in %d", x, mean(there), mean(with), len(with), mean(without), len(without)), err
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

// percent writes a share and its interval.
func percent(e stats.Estimate) string { return e.Scale(100).PlusMinus("%.0f") + " %" }

// Table lists the heads that were found, as they are on texts that the search has not seen.
func Table(f find.Findings) string {
	text := "| head | trigger X | moved, searched | moved, unseen | queries | sink without X | sink with X | X | same place without X | write with / without |\n" + strings.Repeat("| --- ", 10) + "|\n"
	escape := strings.NewReplacer("|", `\|`, "`", "'", "\n", "⏎").Replace
	for i, h := range f.Held {
		x, searched := h.Found, "–"
		if i < len(f.Held)-1 {
			searched = fmt.Sprintf("%.0f %%", 100*f.Best[i].Response.Score())
		}
		text += fmt.Sprintf("| block %d, head %d | `%s` %s | %s | %s | %d | %s | %s | %s | %s | %.1f |\n", x.Layer+1, x.Head+1, escape(x.Trigger.Class.Name), x.Trigger.Place(),
			searched, percent(h.Moved), x.Response.Present, percent(h.SinkAbsent), percent(h.SinkPresent), percent(h.Trigger), percent(h.Baseline), h.Write.Value)
	}
	return text + "\nThe last row is the best head for an apostrophe just before. 95 % intervals over the unseen texts that have the trigger, which are also those of the columns without X.\n"
}

// states are those of the causal check, in the order of the figure.
var states = []struct {
	name string
	of   func(ifelse.Swapped) ifelse.Masses
}{
	{"with X", func(s ifelse.Swapped) ifelse.Masses { return s.Before }},
	{"X removed", func(s ifelse.Swapped) ifelse.Masses { return s.Removed }},
	{"control", func(s ifelse.Swapped) ifelse.Masses { return s.Control }},
	{"without X", func(s ifelse.Swapped) ifelse.Masses { return s.Without }},
	{"X inserted", func(s ifelse.Swapped) ifelse.Masses { return s.Inserted }},
}

// Swaps draws the causal check of the first head and of the apostrophe's.
func Swaps(f find.Findings) (*plots.Figure, error) {
	panel := plots.Panel{Columns: 1, Width: 5.5}
	for _, h := range f.Held {
		if h.Swaps == nil {
			continue
		}
		bars := plots.Bars{Title: fmt.Sprintf("Block %d, head %d: %s", h.Found.Layer+1, h.Found.Head+1, h.Found.Trigger), YName: "attention (%)", YMax: 100,
			Legend: plots.LegendBelow, Aspect: 0.3, Series: []plots.BarSeries{{Name: "to token 1"}, {Name: "to X's place"}}}
		for _, state := range states {
			bars.Groups = append(bars.Groups, state.name)
			for k, of := range []func(ifelse.Masses) float64{func(m ifelse.Masses) float64 { return m.Sink }, func(m ifelse.Masses) float64 { return m.Trigger }} {
				var x []float64
				for _, s := range h.Swaps {
					x = append(x, 100*of(state.of(s)))
				}
				e, err := stats.Mean(x, stats.Options{Range: stats.Percent})
				if err != nil {
					return nil, err
				}
				lo, hi := e.Ends()
				s := &bars.Series[k]
				s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, lo), append(s.Hi, hi)
			}
		}
		if err := panel.Add(bars.Figure()); err != nil {
			return nil, err
		}
	}
	return panel.Figure()
}

// Figures are what claims.C4 is judged by, of one head.
func Figures(h find.Held) ([]claims.Figure, error) {
	if len(h.Swaps) == 0 {
		return nil, fmt.Errorf("branches: %s has no causal check", h.Found)
	}
	var before, removed, control []float64
	for _, s := range h.Swaps {
		before, removed, control = append(before, s.Before.Sink), append(removed, s.Removed.Sink), append(control, s.Control.Sink)
	}
	change := stats.Options{Range: stats.ShareChange}
	back, err := stats.Paired(removed, before, change)
	if err != nil {
		return nil, err
	}
	beyond, err := stats.Paired(removed, control, change)
	if err != nil {
		return nil, err
	}
	return []claims.Figure{
		{Name: "share of queries without X whose largest weight is token 1's", Estimate: h.ArgMaxSink},
		{Name: "share of queries with X whose largest weight is X's", Estimate: h.ArgMaxTrigger},
		{Name: "write norm with X / without", Estimate: h.Write},
		{Name: "sink mass that returns when X is exchanged", Estimate: back},
		{Name: "… beyond the control's", Estimate: beyond},
		{Name: "mass moved by X", Estimate: h.Moved},
	}, nil
}

// Judge makes the record of C4 on what ranks first, and applies the same rule to the apostrophe's
// head beside it.
func Judge(notebook string, h claims.Habit, f find.Findings) (*claims.Record, error) {
	if len(f.Held) < 2 {
		return nil, fmt.Errorf("branches: %d heads were measured on unseen texts: need the first and the apostrophe's", len(f.Held))
	}
	first, special := f.Held[0], f.Held[len(f.Held)-1]
	ours, err := Figures(first)
	if err != nil {
		return nil, err
	}
	r, err := claims.Judge("C4", notebook, append(ours, claims.Figure{Name: "mass moved by an apostrophe just before, best head", Estimate: special.Moved}), claims.C4(h))
	if err != nil {
		return nil, err
	}
	beside, err := Figures(special)
	if err != nil {
		return nil, err
	}
	verdict, why, err := claims.C4(h).Apply(beside)
	if err != nil {
		return nil, err
	}
	n := first.Found.Response
	r.Warnings = append(r.Warnings,
		fmt.Sprintf("one head and trigger, the first of the search: %s; %d queries with X and %d without in the %d unseen texts that have it", first.Found, n.Present, n.Absent, first.Moved.N),
		fmt.Sprintf("the paper's own trigger by the same rule, %s: %s (%s)", special.Found, verdict, why))
	return r, nil
}
