package branches

import (
	"fmt"

	"firsttoken/notebooks/branches/find"
	"firsttoken/plots"
	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/stats"
)

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

// sink and there are the two masses of a state: at token 1, and where X is or was.
func sink(m ifelse.Masses) float64  { return m.Sink }
func there(m ifelse.Masses) float64 { return m.Trigger }

// masses are those of every text in one state, in %.
func masses(list []ifelse.Swapped, state func(ifelse.Swapped) ifelse.Masses, mass func(ifelse.Masses) float64) (x []float64) {
	for _, s := range list {
		x = append(x, 100*mass(state(s)))
	}
	return x
}

// Swaps draws the causal check of the heads that have one: the first, and the apostrophe's.
func Swaps(f find.Findings) (*plots.Figure, error) {
	panel := plots.Panel{Columns: 1, Width: 5.5}
	for _, h := range f.Held {
		if h.Swaps == nil {
			continue
		}
		bars := plots.Bars{Title: fmt.Sprintf("Layer %d, head %d: %s", h.Found.Layer+1, h.Found.Head+1, h.Found.Trigger), YName: "attention (%)", YMax: 100,
			Legend: plots.LegendBelow, Aspect: 0.3, Series: []plots.BarSeries{{Name: "to token 1"}, {Name: "to X's place"}}}
		for _, state := range states {
			bars.Groups = append(bars.Groups, state.name)
			for k, mass := range []func(ifelse.Masses) float64{sink, there} {
				e, err := stats.Mean(masses(h.Swaps, state.of, mass), stats.Options{Range: stats.Percent})
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

// Changes says by how many points masses change from state to state of a head's causal check, means
// over texts with their 95 % intervals.
func Changes(h find.Held) (string, error) {
	text := h.Found.String() + "\n"
	for _, c := range []struct {
		name     string
		from, to int // states
		mass     func(ifelse.Masses) float64
	}{
		{"X removed, to token 1:", 0, 1, sink}, {"control, to token 1:", 0, 2, sink},
		{"X inserted, to token 1:", 3, 4, sink}, {"X inserted, to X's place:", 3, 4, there},
	} {
		e, err := stats.Paired(masses(h.Swaps, states[c.to].of, c.mass), masses(h.Swaps, states[c.from].of, c.mass), stats.DefaultOptions())
		if err != nil {
			return "", fmt.Errorf("branches: %s: %w", h.Found, err)
		}
		lo, hi := e.Ends()
		text += fmt.Sprintf("    %-28s %+.0f points [%.0f, %.0f], %d texts\n", c.name, e.Value, lo, hi, e.N)
	}
	return text, nil
}
