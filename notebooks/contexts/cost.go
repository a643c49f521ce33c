package contexts

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"firsttoken/notebooks/contexts/hidden"
	"firsttoken/plots"
	"firsttoken/sinks/stats"
)

// over are the means of each model of a context over a range; none where its texts are shorter.
func over(r hidden.Range, costs []hidden.Cost, context string) (bos, control []float64) {
	for _, c := range costs {
		x, ok := r.Mean(c.BOS)
		y, _ := r.Mean(c.Control)
		if ok && c.Context == context {
			bos, control = append(bos, x), append(control, y)
		}
	}
	return bos, control
}

// lengths are the contexts of costs, in their order.
func lengths(costs []hidden.Cost) (all []string) {
	for _, c := range costs {
		if !slices.Contains(all, c.Context) {
			all = append(all, c.Context)
		}
	}
	return all
}

// CostTable is a Markdown table of what hiding ⟨bos⟩, and in brackets token 5, costs: means over
// models, of ⟨bos⟩ ± half the width of the 95 % t interval.
func CostTable(costs []hidden.Cost) (string, error) {
	contexts := lengths(costs)
	table := "| positions | context " + strings.Join(contexts, " | context ") + " |\n| --- |" + strings.Repeat(" --- |", len(contexts)) + "\n"
	for _, r := range hidden.Ranges {
		table += "| " + r.String() + " |"
		for _, context := range contexts {
			x, y := over(r, costs, context)
			if len(x) > 0 {
				e, err := stats.Repeats(x, stats.Options{})
				if err != nil {
					return "", err
				}
				table += fmt.Sprintf(" %s (%.3f)", e.PlusMinus("%.3f"), stat.Mean(y, nil))
			}
			table += " |"
		}
		table += "\n"
	}
	return table, nil
}

// floor is where the logarithmic axis of [CostCurves] ends, in nats.
const floor = 1e-3

// CostCurves draws what hiding ⟨bos⟩ costs by position: means over models, bands from the lowest to
// the highest, cut at 0.001 nats.
func CostCurves(title string, costs []hidden.Cost) (*plots.Figure, error) {
	lines := plots.Lines{Title: title, XName: "position of the query", YName: "loss − intact loss (nats)",
		XScale: plots.Log2, YScale: plots.Log, Legend: plots.LegendBelow}
	for _, context := range lengths(costs) {
		s := plots.Series{Name: "context " + context}
		for _, r := range hidden.Ranges {
			x, _ := over(r, costs, context)
			if len(x) == 0 {
				continue
			}
			s.X, s.Y = append(s.X, float64(r.First)*math.Sqrt2), append(s.Y, max(floor, stat.Mean(x, nil)))
			s.Lo, s.Hi = append(s.Lo, max(floor, slices.Min(x))), append(s.Hi, max(floor, slices.Max(x)))
		}
		lines.Series = append(lines.Series, s)
	}
	return lines.Figure()
}

// CostByRate draws what hiding ⟨bos⟩ costs each model in a range, which all of them must have,
// against its sink rate in %, in the order of costs. tau is Kendall's rank correlation of the two.
func CostByRate(costs []hidden.Cost, rates []float64, r hidden.Range) (f *plots.Figure, tau float64, err error) {
	if len(rates) != len(costs) {
		return nil, 0, fmt.Errorf("contexts: sink rates of %d models, costs of %d: give one of each model", len(rates), len(costs))
	}
	var all []float64
	lines := plots.Lines{XName: "sink rate at 64 tokens (%)", YName: "loss − intact loss (nats)", Legend: plots.LegendBelow}
	contexts := lengths(costs)
	for _, context := range contexts {
		lines.Series = append(lines.Series, plots.Series{Name: "context " + context, Points: true})
	}
	for i, c := range costs {
		x, ok := r.Mean(c.BOS)
		if !ok {
			return nil, 0, fmt.Errorf("contexts: a model of context %s was not measured at positions %s: ask for a range that all have", c.Context, r)
		}
		s := &lines.Series[slices.Index(contexts, c.Context)]
		s.X, s.Y, all = append(s.X, rates[i]), append(s.Y, x), append(all, x)
	}
	tau = stat.Kendall(rates, all, nil)
	lines.Title = fmt.Sprintf("Positions %s: τ = %.2f", r, tau)
	f, err = lines.Figure()
	return f, tau, err
}
