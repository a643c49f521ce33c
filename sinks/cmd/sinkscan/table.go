package main

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"text/tabwriter"
)

// strongest is how many heads the table lists.
const strongest = 10

// table prints the report for people.
func (r *reporter) table(s *summary) error {
	rep, err := s.report()
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	what := fmt.Sprintf("%d tokens", rep.T)
	if rep.Documents > 0 {
		what = fmt.Sprintf("means over %d documents of up to %d tokens", rep.Documents, rep.T)
		if r.docs.windows {
			what = fmt.Sprintf("means over %d windows of %d tokens", rep.Documents, rep.T)
		}
	}
	fmt.Fprintf(&buf, "%s, %s, ⟨bos⟩ policy %s\n", rep.Model, what, rep.BOS)
	if r.docs.read != "" {
		fmt.Fprintf(&buf, "text of %s\n", r.docs.read)
	}
	if rep.Loss != nil {
		fmt.Fprintf(&buf, "loss %.4f nats a token\n", *rep.Loss)
	}
	if rep.Documents == 0 {
		fmt.Fprintf(&buf, "token 1 is %s\n", r.tok.Display(s.ids[0][0]))
	}
	fmt.Fprintln(&buf)
	for _, eps := range r.o.eps {
		key := strconv.FormatFloat(eps, 'g', -1, 64)
		fmt.Fprintf(&buf, "sink rate at ε = %-5s %6.2f %% of the (layer, head) pairs", key, 100*rep.SinkRate[key])
		if ci, ok := rep.SinkRateCI[key]; ok {
			fmt.Fprintf(&buf, ", 95 %% interval %.2f to %.2f %%", 100*ci[0], 100*ci[1])
		}
		fmt.Fprintf(&buf, " (even attention scores %.3f)\n", rep.EvenAttention)
	}

	fmt.Fprintf(&buf, "\nstrongest sink heads (mean attention to token 1)\n")
	heads := sortedHeads(rep.FirstTokenAttention)
	w := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "layer\thead\tattention\tentropy, nats\t\n")
	for _, h := range heads[:min(strongest, len(heads))] {
		fmt.Fprintf(w, "%d\t%d\t%.4f\t%.4f\t\n", h.layer+1, h.head+1,
			rep.FirstTokenAttention[h.layer][h.head], rep.RowEntropy[h.layer][h.head])
	}
	if err := w.Flush(); err != nil {
		return err
	}

	fmt.Fprintf(&buf, "\nby layer (means over heads; norms of token 1 against the mean of the others)\n")
	w = tabwriter.NewWriter(&buf, 0, 0, 2, ' ', tabwriter.AlignRight)
	counted := "heads"
	if rep.Documents > 0 {
		counted = "means" // the rate above counts document by document
	}
	fmt.Fprintf(w, "layer\tattention\t%s over ε = %g\tentropy, nats\t‖v₁‖ / others\t‖x₁‖ / others\t\n", counted, r.o.eps[0])
	for l, scores := range rep.FirstTokenAttention {
		over := 0
		for _, s := range scores {
			if s > r.o.eps[0] {
				over++
			}
		}
		fmt.Fprintf(w, "%d\t%.3f\t%d of %d\t%.3f\t%s\t%s\t\n", l+1, average(scores), over, len(scores),
			average(rep.RowEntropy[l]), firstToOthers(rep.ValueNorms[l]...), firstToOthers(rep.ResidualNorms[l+1]))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, warning := range rep.Warnings {
		fmt.Fprintf(&buf, "\nwarning: %s", warning)
	}
	if len(rep.Warnings) > 0 {
		fmt.Fprintln(&buf)
	}
	return printAll(r.out, &buf)
}

type headAt struct{ layer, head int }

// sortedHeads lists all heads, strongest first.
func sortedHeads(scores [][]float64) []headAt {
	var heads []headAt
	for l := range scores {
		for h := range scores[l] {
			heads = append(heads, headAt{l, h})
		}
	}
	sort.SliceStable(heads, func(i, j int) bool {
		return scores[heads[i].layer][heads[i].head] > scores[heads[j].layer][heads[j].head]
	})
	return heads
}

func average[F float32 | float64](x []F) float64 {
	var m mean
	for _, v := range x {
		m.add(float64(v))
	}
	return m.value()
}

// firstToOthers is the ratio of the first entry to the mean of the rest, averaged
// over rows.
func firstToOthers(rows ...[]float32) string {
	var ratio mean
	for _, row := range rows {
		if len(row) < 2 {
			return "–"
		}
		ratio.add(float64(row[0]) / average(row[1:]))
	}
	return fmt.Sprintf("%.2f", ratio.value())
}
