package branches

import (
	"fmt"

	"firsttoken/notebooks/branches/find"
	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

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

// Ours are the figures of a record of C4: those of what ranks first, and the mass that the
// apostrophe's head moves beside them.
func Ours(f find.Findings) ([]claims.Figure, error) {
	if len(f.Held) < 2 {
		return nil, fmt.Errorf("branches: %d heads were measured on unseen texts: need the first and the apostrophe's", len(f.Held))
	}
	ours, err := Figures(f.Held[0])
	return append(ours, claims.Figure{Name: "mass moved by an apostrophe just before, best head", Estimate: f.Held[len(f.Held)-1].Moved}), err
}

// Judge makes the record of C4 on what ranks first, and applies the same rule to the apostrophe's
// head beside it.
func Judge(notebook string, h claims.Habit, f find.Findings) (*claims.Record, error) {
	ours, err := Ours(f)
	if err != nil {
		return nil, err
	}
	r, err := claims.Judge("C4", notebook, ours, claims.C4(h))
	if err != nil {
		return nil, err
	}
	first, special := f.Held[0], f.Held[len(f.Held)-1]
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
