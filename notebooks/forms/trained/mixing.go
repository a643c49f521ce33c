package trained

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"firsttoken/notebooks/forms"
	"firsttoken/sinks"
	"firsttoken/sinks/collapse"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/perturb"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/squash"
	"firsttoken/train"
	"firsttoken/train/transformer"
)

// MixingOptions say on what mixing is measured.
type MixingOptions struct {
	Texts      int    `json:"texts"`      // held-out documents, one edit in each
	T          int    `json:"t"`          // tokens of each, ⟨bos⟩ included; at least 25
	Derived    int    `json:"derived"`    // of the texts, the first that are differentiated
	Directions int    `json:"directions"` // random directions an output
	From       int    `json:"from"`       // the first query whose heads are looked at, from 0
	Seed       uint64 `json:"seed"`       // of edits and directions
}

// DefaultMixing is what train/LOG.md fixed for S1b and S1c.
func DefaultMixing() MixingOptions {
	return MixingOptions{Texts: 64, T: 64, Derived: 16, Directions: 8, From: 16, Seed: 1}
}

// Validate names an option with which nothing can be measured.
func (o MixingOptions) Validate() error {
	if o.Texts < 1 || o.T < 25 || o.Derived < 1 || o.Derived > o.Texts || o.Directions < 1 || o.From < 0 || o.From >= o.T {
		return fmt.Errorf("forms: mixing of %+v: need texts of 25 tokens at least, of which some are differentiated in some directions, and a query to look from", o)
	}
	return nil
}

// Edits are exchanges of one token in held-out documents behind ⟨bos⟩, T tokens with it: one a
// document, at a place among tokens 9 to T − 16, for another token that stands there somewhere. All
// runs of a grid have read the same text, so one run's will do for all.
func Edits(ctx context.Context, run string, n, T int, seed uint64) ([]perturb.Edit, error) {
	texts, err := train.Texts(ctx, "", run, n, T-1)
	if err != nil {
		return nil, err
	}
	var edits []perturb.Edit
	rng := rand.New(rand.NewPCG(seed, 13))
	for _, ids := range texts.IDs {
		ids = append([]int32{texts.BOS}, ids...)
		e := perturb.Edit{IDs: ids, Pos: 8 + rng.IntN(T-24)}
		for e.To = ids[e.Pos]; e.To == ids[e.Pos]; {
			other := texts.IDs[rng.IntN(len(texts.IDs))]
			e.To = other[rng.IntN(len(other))]
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// Mixing measures how far the runs of a form mix, all on the same edits and texts, and what their
// heads do. The error wraps local.ErrAbsent if a run, its weights or its text are not there.
func Mixing(ctx context.Context, configs []train.Config, o MixingOptions) (list []forms.Mixing, err error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	for _, c := range configs { // all are there, before any is measured
		if err := withModel(c, func(*transformer.Model) error { return nil }); err != nil {
			return nil, err
		}
	}
	edits, err := Edits(ctx, configs[0].ID(), o.Texts, o.T, o.Seed)
	if err != nil {
		return nil, err
	}
	for _, c := range configs {
		m := forms.Mixing{Seed: c.Seed}
		if err := withModel(c, func(model *transformer.Model) error { return measureMixing(model, edits, o, &m) }); err != nil {
			return nil, err
		}
		list = append(list, m.Rounded())
	}
	return list, nil
}

func measureMixing(m *transformer.Model, edits []perturb.Edit, o MixingOptions, to *forms.Mixing) error {
	docs := make([][]int32, len(edits))
	for i, e := range edits {
		docs[i] = e.IDs
	}
	settings := [][]probe.Intervention{nil, {probe.MaskKey{}}}
	under, err := probe.PerturbUnder(m, edits, settings, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.ResidNorm}})
	if err != nil {
		return err
	}
	for k, mixed := range []*forms.Mixed{&to.Whole, &to.Hidden} {
		byEdit, err := perturb.Depth(under[k].Maps, perturb.Relative, perturb.Mean, 1, m.Config.Layers)
		if err != nil {
			return err
		}
		mixed.Spread = geometric(byEdit)
		if err := byDepth(m, docs, settings[k], mixed); err != nil {
			return err
		}
		if err := reach(m, docs[:o.Derived], o, settings[k], mixed); err != nil {
			return err
		}
	}
	to.Heads, err = heads(m, docs, o.From)
	return err
}

// geometric is the geometric mean; logarithms of numbers that are not positive are kept, and end
// in a value that no JSON holds.
func geometric(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += math.Log(v) / float64(len(x))
	}
	return math.Exp(sum)
}

// byDepth follows the residual streams through the blocks.
func byDepth(m *transformer.Model, docs [][]int32, v []probe.Intervention, to *forms.Mixed) error {
	relative, apart := make([][]float64, m.Config.Layers+1), make([][]float64, m.Config.Layers+1)
	for _, ids := range docs {
		stream, err := probe.Residuals(m, ids, v...)
		if err != nil {
			return err
		}
		depth, err := collapse.ByDepth(stream, collapse.Rows{Skip: 1})
		if err != nil {
			return err
		}
		for l := range relative {
			relative[l], apart[l] = append(relative[l], depth.Relative[l]), append(apart[l], depth.Apart[l])
		}
	}
	for l := range relative {
		to.Relative, to.Apart = append(to.Relative, geometric(relative[l])), append(to.Apart, geometric(apart[l]))
	}
	return nil
}

// reach takes influence and path products of the middle and the last token.
func reach(m *transformer.Model, docs [][]int32, o MixingOptions, v []probe.Intervention, to *forms.Mixed) error {
	outputs := []int{o.T/2 - 1, o.T - 1}
	var influences, paths []float64
	for i, ids := range docs {
		others, own, err := influence(m, ids, outputs, o.Directions, v != nil, rand.New(rand.NewPCG(o.Seed, uint64(i))))
		if err != nil {
			return err
		}
		for k := range outputs {
			influences = append(influences, math.Sqrt(others[k]/own[k]))
		}
		if m.Config.OutGate == transformer.OutGateElement {
			continue
		}
		product, err := pathProduct(m, ids, v)
		if err != nil {
			return err
		}
		for _, j := range outputs {
			paths = append(paths, sinks.RowSum(product[j][1:j])/product[j][j])
		}
	}
	to.Influence = geometric(influences)
	if paths != nil {
		to.Paths = geometric(paths)
	}
	return nil
}

// pathProduct is Ā^(L) … Ā^(1) of Theorem 3.2, heads' patterns times their gates.
func pathProduct(m *transformer.Model, ids []int32, v []probe.Intervention) ([][]float64, error) {
	c := &m.Config
	var all []probe.Head
	for l := range c.Layers {
		for h := range c.Heads {
			all = append(all, probe.Head{Layer: l, Head: h})
		}
	}
	trace, patterns, err := probe.Look(m, ids, all, probe.Options{MetricsOnly: true, Metrics: []ondevice.Metric{ondevice.RowSum}, Own: gated(c), Interventions: v})
	if err != nil {
		return nil, err
	}
	bound := make(squash.Bound, c.Layers)
	for n, h := range all {
		for t, row := range patterns[n] {
			for s := range row {
				row[s] *= gateOf(trace, h.Layer, h.Head, t)
			}
		}
		bound[h.Layer].Pattern = append(bound[h.Layer].Pattern, patterns[n])
		bound[h.Layer].RMS = make([]float64, len(ids)) // the path product reads its length
	}
	return bound.PathProduct(1), nil
}
