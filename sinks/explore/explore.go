// Package explore runs a model on a text, under interventions if asked, and gives
// what plots.Explorer shows of it: the patterns of every head, and the metrics of
// package sinks that belong beside them.
//
//	with, err := explore.Look(m, ids, explore.Options{Name: "with ⟨bos⟩", Lead: 1, Tokenizer: tok})
//	without, err := explore.Look(m, ids[1:], explore.Options{Name: "without", Tokenizer: tok})
//	err = plots.Explorer{Conditions: []plots.ExplorerCondition{with, without}}.Show()
package explore

import (
	"errors"
	"maps"
	"math"
	"slices"

	"firsttoken/plots"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// Options say how a condition is made and named.
type Options struct {
	Name          string               // of the condition; "" where there is only one
	Lead          int                  // tokens in front of the text, such as 1 for ⟨bos⟩
	Tokenizer     *tokenizer.Tokenizer // of the text
	Interventions []probe.Intervention
	Warnings      []string          // besides those of the trace
	About         map[string]string // listed at the foot of the page, such as model and versions
}

// metrics are what the page shows.
var metrics = []ondevice.Metric{
	ondevice.FirstMass, ondevice.RowSum, ondevice.RowEntropy, ondevice.HeadWrite, ondevice.ValueNorm, ondevice.ResidNorm,
}

// Look measures one text in one pass. A text that is too long for a page is
// refused before that.
func Look(m *transformer.Model, ids []int32, o Options) (plots.ExplorerCondition, error) {
	var none plots.ExplorerCondition
	if o.Tokenizer == nil {
		return none, errors.New("explore: no Tokenizer: give that of the text, which says how tokens are shown")
	}
	if err := plots.CheckExplorerSize(m.Config.Layers, m.Config.Heads, len(ids)); err != nil {
		return none, err
	}
	var heads []probe.Head
	for l := range m.Config.Layers {
		for h := range m.Config.Heads {
			heads = append(heads, probe.Head{Layer: l, Head: h})
		}
	}
	trace, patterns, err := probe.Look(m, ids, heads, probe.Options{
		Metrics: metrics, MetricsOnly: true, Interventions: o.Interventions, Tokenizer: o.Tokenizer,
	})
	if err != nil {
		return none, err
	}
	return condition(trace, slices.Collect(slices.Chunk(patterns, m.Config.Heads)), o)
}

// condition puts together what the page shows; patterns are [L][H][T][T].
func condition(t *sinks.Trace, patterns [][][][]float64, o Options) (plots.ExplorerCondition, error) {
	c := plots.ExplorerCondition{
		Name: o.Name, Lead: o.Lead, Patterns: patterns,
		ResidNorm: widen(t.ResidNorm), About: maps.Clone(o.About),
	}
	for _, id := range t.IDs {
		c.Tokens = append(c.Tokens, o.Tokenizer.Display(id))
	}
	var err error
	if c.Score, err = t.SinkScore(sinks.Options{}); err != nil {
		return c, err
	}
	if c.Entropy, err = t.MeanRowEntropy(false); err != nil {
		return c, err
	}
	warnings, err := t.Check()
	if err != nil {
		return c, err
	}
	c.Warnings = slices.Concat(t.Warnings, warnings, o.Warnings)
	c.ValueRatio, c.Write = make([][]float64, t.L), make([][]float64, t.L)
	for l := range t.L {
		c.ValueNorm = append(c.ValueNorm, widen(t.ValueNorm[l]))
		for h := range t.H {
			// Not the trace's own method: a norm of 0, as after an intervention, leaves
			// one number undefined, which is no reason to show none.
			ratio, err := sinks.ValueNormRatio(t.ValueNorm[l][h*t.K/t.H], 0)
			if err != nil {
				ratio = math.NaN()
			}
			c.ValueRatio[l] = append(c.ValueRatio[l], ratio)
			c.Write[l] = append(c.Write[l], sinks.RowSum(t.HeadWrite[l][h])/float64(t.T))
		}
	}
	return c, nil
}

func widen(m [][]float32) [][]float64 {
	out := make([][]float64, len(m))
	for i, row := range m {
		out[i] = make([]float64, len(row))
		for j, x := range row {
			out[i][j] = float64(x)
		}
	}
	return out
}
