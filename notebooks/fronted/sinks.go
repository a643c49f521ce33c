package fronted

import (
	"fmt"

	"gonum.org/v1/gonum/floats"

	"firsttoken/notebooks/fronted/study"
	"firsttoken/notebooks/tables"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// firstKeys are those among which a head's sink is looked for.
const firstKeys = 8

// SinkAt is the share of heads of each text, in %, whose strongest key among the first eight is this
// one (0-based) and has a mean attention above eps: [key][texts].
func (r *Runs) SinkAt(front string, eps float64) (share [firstKeys][]float64, err error) {
	for _, t := range r.behind[front] {
		var scores [firstKeys][][]float64
		for k := range scores {
			if scores[k], err = t.SinkScore(sinks.Options{Key: k}); err != nil {
				return share, err
			}
		}
		var heads [firstKeys]float64
		for l := range t.L {
			for h := range t.H {
				best := 0
				for k := range scores {
					if scores[k][l][h] > scores[best][l][h] {
						best = k
					}
				}
				if scores[best][l][h] > eps {
					heads[best] += 100 / float64(t.L*t.H)
				}
			}
		}
		for k, x := range heads {
			share[k] = append(share[k], x)
		}
	}
	return share, nil
}

// firstTwo is the attention to tokens 1 and 2 of each document together, in %, means over heads and
// rows.
func (r *Runs) firstTwo(front string) []float64 {
	list := r.behind[front]
	mass := make([]float64, len(list))
	for i, t := range list {
		for l := range t.L {
			for h := range t.H {
				mass[i] += 100 * float64(t.KeyMass[l][h][0]+t.KeyMass[l][h][1]) / float64(t.T*t.L*t.H)
			}
		}
	}
	return mass
}

// Sinks are where heads have their sink behind each front: a figure by token of the document, and a
// table with losses, in Markdown.
func (r *Runs) Sinks(eps float64) (*plots.Figure, string, error) {
	bars := plots.Bars{Title: fmt.Sprintf("Heads with their sink at each token, ε = %.1f", eps), XName: "token of the document", YName: "heads (%)",
		Groups: []string{"1", "2", "3", "4", "5 to 8"}, Width: plots.PageWidth, Aspect: 0.4, Legend: plots.LegendRight}
	var lines []string
	for _, front := range study.Fronts() {
		at, err := r.SinkAt(front, eps)
		if err != nil {
			return nil, "", err
		}
		s := plots.BarSeries{Name: front}
		for _, x := range [][]float64{at[0], at[1], at[2], at[3], sum(at[4:]...)} {
			e, err := stats.Mean(x, stats.Options{Range: stats.Percent})
			if err != nil {
				return nil, "", err
			}
			lo, hi := e.Ends()
			s.Values, s.Lo, s.Hi = append(s.Values, e.Value), append(s.Lo, lo), append(s.Hi, hi)
		}
		bars.Series = append(bars.Series, s)
		loss := r.Losses(front, 2, r.tokens)
		change := make([]float64, len(loss))
		floats.SubTo(change, loss, r.Losses(with, 2, r.tokens))
		line := front
		for _, x := range [][]float64{loss, change, at[0], sum(at[:]...), r.firstTwo(front)} {
			e, err := stats.Mean(x, stats.DefaultOptions())
			if err != nil {
				return nil, "", err
			}
			lo, hi := e.Ends()
			line += fmt.Sprintf(" | %.3g [%.3g, %.3g]", e.Value, lo, hi)
		}
		lines = append(lines, line)
	}
	figure, err := bars.Figure()
	head := "front | loss (nats) | loss − loss with ⟨bos⟩ | sinks at token 1 (%) | at tokens 1 to 8 (%) | attention to tokens 1 and 2 together (%)"
	return figure, tables.Markdown(head, lines), err
}

// sum adds up numbers of the same texts.
func sum(list ...[]float64) []float64 {
	out := make([]float64, len(list[0]))
	for _, x := range list {
		floats.Add(out, x)
	}
	return out
}
