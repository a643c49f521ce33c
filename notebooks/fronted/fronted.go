// Package fronted is what notebooks 10 and 10b show of a model behind six fronts, from ⟨bos⟩ to
// nothing at all: its loss by position and where its sink goes (Runs), and what it can still answer
// (Asked), with the figures of claim C17 of arXiv 2504.02732 ("Why do LLMs attend to the first
// token?", Table 3).
//
// Losses are of the same text tokens behind every front, nats a token, differences paired by text.
// Package study measures, package values holds what is measured.
package fronted

import (
	"fmt"
	"math"

	"firsttoken/notebooks/fronted/study"
	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/stats"
	"firsttoken/train/local"
)

const (
	with    = string(probe.FrontBOS)
	without = string(probe.FrontNone)
	masked  = string(probe.FrontMasked)
)

// Runs are traces of the same texts behind every front.
type Runs struct {
	tokens int // of each text, without what stands in front
	behind map[string][]*sinks.Trace
}

// New takes traces by front of texts of so many tokens. They need FirstMass, KeyMass, SelfMass and
// the loss.
func New(tokens int, behind map[string][]*sinks.Trace) (*Runs, error) {
	for _, front := range study.Fronts() {
		list := behind[front]
		if len(list) == 0 || len(list) != len(behind[with]) {
			return nil, fmt.Errorf("fronted: %d traces behind front %q and %d behind %q: measure all fronts on the same texts", len(list), front, len(behind[with]), with)
		}
		for i, t := range list {
			if lead := t.T - tokens; lead < 0 || lead > 2 || len(t.Loss) != t.T-1 {
				return nil, fmt.Errorf("fronted: trace %d behind front %q has %d tokens and %d losses: that is no text of %d behind a front", i+1, front, t.T, len(t.Loss), tokens)
			}
		}
	}
	return &Runs{tokens, behind}, nil
}

// Load is New with the traces that study.Passages left under a name.
func Load(name string, tokens int) (*Runs, error) {
	behind := map[string][]*sinks.Trace{}
	for _, front := range study.Fronts() {
		folder, err := local.DataDir("traces", name, front)
		if err != nil {
			return nil, err
		}
		if behind[front], err = sinks.LoadAll(folder); err != nil {
			return nil, err
		}
	}
	return New(tokens, behind)
}

// Losses are the mean losses of each text behind a front, over its tokens first to last, counted
// from 1, nats. Token 1 has none that all fronts predict.
func (r *Runs) Losses(front string, first, last int) (x []float64) {
	for _, t := range r.behind[front] {
		loss := t.Loss[t.T-r.tokens:] // that of the text's token 2 first
		part := loss[first-2 : min(last-1, len(loss))]
		x = append(x, sinks.RowSum(part)/float64(len(part)))
	}
	return x
}

// Apart is the largest difference of one token's loss, nats, between ⟨bos⟩ hidden and ⟨bos⟩ left
// out.
func (r *Runs) Apart() (most float64) {
	for i, t := range r.behind[masked] {
		for j, x := range r.behind[without][i].Loss {
			most = max(most, math.Abs(float64(t.Loss[j+1]-x)))
		}
	}
	return most
}

// Checks says of each front what was measured, of hidden keys how much attention later queries give
// them all the same, in some of the layers or, where layers is nil, in all.
func (r *Runs) Checks(layers []int) (lines []string) {
	for _, front := range study.Fronts() {
		list := r.behind[front]
		line := fmt.Sprintf("%-8s %d texts of %d tokens", front, len(list), list[0].T)
		if key, ok := study.Hidden(front); ok {
			line += fmt.Sprintf("; attention that later queries give to token %d: at most %.1g", key+1, seen(list, key, layers))
		}
		lines = append(lines, line)
	}
	return append(lines, fmt.Sprintf("masked and without: no token's loss differs by more than %.1g nats", r.Apart()))
}

// seen is the most attention, summed over rows, that a head's later queries give to a key.
func seen(traces []*sinks.Trace, key int, layers []int) (most float64) {
	for _, t := range traces {
		of := layers
		if of == nil {
			for l := range t.L {
				of = append(of, l)
			}
		}
		for _, l := range of {
			for h := range t.H {
				most = max(most, math.Abs(float64(t.KeyMass[l][h][key]-t.Diagonal[l][h][key])))
			}
		}
	}
	return most
}

// bins of text tokens, counted from 1, that double; the last ends with the text.
func (r *Runs) bins() (list [][2]int) {
	for first, last := 2, 3; first <= r.tokens; first, last = last+1, 2*last+1 {
		list = append(list, [2]int{first, min(last, r.tokens)})
	}
	return list
}

// ByPosition is the loss of the texts' tokens in bins that double, and what each front costs against
// ⟨bos⟩, with 95 % intervals over texts. Masked and without share a line where they are the same
// measurement.
func (r *Runs) ByPosition() (*plots.Figure, error) {
	left := plots.Lines{Title: "Loss by position", XName: "token of the text", YName: "loss (nats a token)", XScale: plots.Log2, Legend: plots.LegendBelow}
	right := left
	right.Title, right.YName = "What the front costs", "loss − loss with ⟨bos⟩ (nats)"
	same := r.Apart() < 1e-3
	for i, front := range study.Fronts() {
		if front == masked && same {
			continue
		}
		mean := plots.Series{Name: front, Style: i + 1}
		if front == without && same {
			mean.Name = "without, masked"
		}
		cost := mean
		for _, b := range r.bins() {
			x := r.Losses(front, b[0], b[1])
			e, err := stats.Mean(x, stats.DefaultOptions())
			if err != nil {
				return nil, err
			}
			d, err := stats.Paired(x, r.Losses(with, b[0], b[1]), stats.DefaultOptions())
			if err != nil {
				return nil, err
			}
			middle := math.Sqrt(float64(b[0] * b[1]))
			mean.X, mean.Y = append(mean.X, middle), append(mean.Y, e.Value)
			lo, hi := d.Ends()
			cost.X, cost.Y = append(cost.X, middle), append(cost.Y, d.Value)
			cost.Lo, cost.Hi = append(cost.Lo, lo), append(cost.Hi, hi)
		}
		left.Series, right.Series = append(left.Series, mean), append(right.Series, cost)
	}
	return panel(left.Figure, right.Figure)
}

// panel is two figures side by side.
func panel(draw ...func() (*plots.Figure, error)) (*plots.Figure, error) {
	var p plots.Panel
	for _, f := range draw {
		figure, err := f()
		if err != nil {
			return nil, err
		}
		p.Figures = append(p.Figures, figure)
	}
	return p.Figure()
}
