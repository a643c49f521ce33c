package noops

import (
	"fmt"

	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// Ablations are losses under interventions, and whether these did what they say.
type Ablations struct {
	Loss  map[string][]float64 // nats a token, by condition and text; [Nothing] is the model as it is
	Share float64              // of the (head, query) pairs that are ablated
	Mass  float64              // mean attention on token 1
	Same  bool                 // the empty intervention is bit-identical
	Off   bool                 // what is ablated is exactly 0
}

// Names of conditions.
const (
	Nothing   = "nothing"
	Sinking   = "where heads sink"
	Elsewhere = "elsewhere"
	First     = "values of token 1"
	Others    = "values of all others"
)

// Middle is the condition of a token in the middle of texts of this length.
func Middle(length int) string { return fmt.Sprintf("values of token %d", length/2) }

// Add appends the mean losses of traces.
func (a *Ablations) Add(condition string, traces ...*sinks.Trace) error {
	if a.Loss == nil {
		a.Loss = map[string][]float64{}
	}
	for _, t := range traces {
		loss, err := t.MeanLoss()
		if err != nil {
			return fmt.Errorf("noops: %s: %w", condition, err)
		}
		a.Loss[condition] = append(a.Loss[condition], loss)
	}
	return nil
}

// added is what a condition adds to the loss of another, paired by text.
func (a *Ablations) added(condition, base string) (stats.Estimate, error) {
	if len(a.Loss[condition]) == 0 || len(a.Loss[base]) == 0 {
		return stats.Estimate{}, fmt.Errorf("noops: %q or %q was not measured", condition, base)
	}
	return stats.Paired(a.Loss[condition], a.Loss[base], stats.DefaultOptions())
}

// Costs draws what is lost with pairs of heads and queries off, and with values off, on texts of a
// length, and says it.
func Costs(pairs, values Ablations, length int) (*plots.Figure, string, error) {
	var panel plots.Panel
	text := ""
	for _, m := range []struct {
		title string
		a     Ablations
		names []string
	}{
		{fmt.Sprintf("Heads off at %.0f %% of the (head, query) pairs", 100*pairs.Share), pairs, []string{Sinking, Elsewhere}},
		{fmt.Sprintf("Values off; token 1 has %.0f %% of the attention", 100*values.Mass), values, []string{First, Middle(length), Others}},
	} {
		s := plots.BarSeries{}
		for _, name := range m.names {
			e, err := m.a.added(name, Nothing)
			if err != nil {
				return nil, "", err
			}
			lo, hi := e.Ends()
			s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, lo), append(s.Hi, hi)
			text += fmt.Sprintf("%-22s %+.3f nats [%.3f, %.3f]\n", name, e.Value, lo, hi)
		}
		bars := plots.Bars{Title: m.title, YName: "loss added (nats a token)", Groups: m.names, Legend: plots.LegendNone, Series: []plots.BarSeries{s}}
		if err := panel.Add(bars.Figure()); err != nil {
			return nil, "", err
		}
	}
	e, err := pairs.added(Sinking, Elsewhere)
	if err != nil {
		return nil, "", err
	}
	f, err := panel.Figure()
	return f, text + fmt.Sprintf("%s less %s, paired: %s nats\n", Sinking, Elsewhere, e), err
}
