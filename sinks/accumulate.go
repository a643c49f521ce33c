package sinks

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"firsttoken/sinks/stats"
)

// Accumulator turns traces of one model over many texts into rates with
// confidence intervals. It keeps a few numbers a head of each text, never the
// trace, so texts can be run one after the other. Not safe for concurrent use.
type Accumulator struct {
	options RateOptions
	shape   Trace // identity of the first trace; its fields are not set

	scores  [][][]float64 // [N][layers][H] of the keys searched
	masses  []float64     // [N] mean attention to token 1
	argmax  []float64     // [N] share of rows whose maximum is token 1
	cluster []string      // [N]
	rows    []int         // [N]

	noArgMax        error   // why argmax is not defined, if it is not
	lowest, highest float64 // range of all row sums
	warnings        map[string]bool
	provenance      map[string]string
}

// NewAccumulator fails on options that no trace could satisfy.
func NewAccumulator(o RateOptions) (*Accumulator, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Keys == 0 {
		o.Keys = 1
	}
	return &Accumulator{options: o, lowest: math.Inf(1), highest: math.Inf(-1), warnings: map[string]bool{}}, nil
}

// Add takes in one text. It needs FirstMass; KeyMass if more than one key is
// searched, RowSum to normalise, FirstIsMax for ArgMax. All texts must come
// from the same model under the same ⟨bos⟩ policy. On an error nothing is added.
func (a *Accumulator) Add(t *Trace) error {
	o := a.options
	if a.scores != nil && (t.Model != a.shape.Model || t.L != a.shape.L || t.H != a.shape.H || t.BOS != a.shape.BOS) {
		return fmt.Errorf("sinks: a trace of %q (L=%d, H=%d, ⟨bos⟩ %q) among those of %q (L=%d, H=%d, ⟨bos⟩ %q): use one accumulator each",
			t.Model, t.L, t.H, t.BOS, a.shape.Model, a.shape.L, a.shape.H, a.shape.BOS)
	}
	cluster := fmt.Sprint(len(a.scores))
	if o.Cluster != "" {
		name, ok := t.Provenance[o.Cluster]
		if !ok {
			return fmt.Errorf("sinks: a trace of %q has no %q in its provenance, which the interval resamples", t.Model, o.Cluster)
		}
		cluster = name
	}
	if o.T > 0 {
		cut, err := t.At(o.T)
		if err != nil {
			return err
		}
		t = cut
	}
	if _, err := t.Check(); err != nil {
		return err
	}
	score := Options{ExcludeSelf: o.ExcludeSelf, Normalise: o.Normalise, MinRows: o.MinRows}
	first, err := t.SinkScore(score)
	if err != nil {
		return err
	}
	best := first
	if o.Keys != 1 {
		if best, err = t.MaxSinkScore(o.Keys, score); err != nil {
			return err
		}
	}
	if first, err = a.pick(first); err != nil {
		return err
	}
	if best, err = a.pick(best); err != nil {
		return err
	}
	share, err := t.ArgMaxShare(o.ExcludeSelf)
	if err != nil {
		a.noArgMax = err
	} else if share, err = a.pick(share); err != nil {
		return err
	}

	if a.scores == nil {
		a.shape = Trace{Model: t.Model, BOS: t.BOS, L: t.L, H: t.H}
		a.provenance = maps.Clone(t.Provenance)
	}
	a.scores = append(a.scores, best)
	a.masses = append(a.masses, FAttn(first))
	a.argmax = append(a.argmax, meanOf(share))
	a.cluster = append(a.cluster, cluster)
	a.rows = append(a.rows, t.T)
	a.note(t)
	return nil
}

// pick keeps the layers that count.
func (a *Accumulator) pick(perLayer [][]float64) ([][]float64, error) {
	if a.options.Layers == nil {
		return perLayer, nil
	}
	var kept [][]float64
	for _, l := range a.options.Layers {
		if l < 0 || l >= len(perLayer) {
			return nil, fmt.Errorf("sinks: layer %d is outside a model of %d layers", l, len(perLayer))
		}
		kept = append(kept, perLayer[l])
	}
	return kept, nil
}

// note collects the warnings of a text and keeps the provenance all texts share.
func (a *Accumulator) note(t *Trace) {
	for _, w := range t.Warnings {
		a.warnings[w] = true
	}
	lo, hi := t.rowSums()
	a.lowest, a.highest = min(a.lowest, lo), max(a.highest, hi)
	switch t.BOS {
	case BOSNone:
		a.warnings["no ⟨bos⟩ in the input"] = true
	case "":
		a.warnings["⟨bos⟩ policy not recorded"] = true
	}
	if t.T < ShortestT && !a.options.ExcludeSelf {
		a.warnings[fmt.Sprintf("T below %d: row 1 alone gives token 1 a score of 1/T", ShortestT)] = true
	}
	maps.DeleteFunc(a.provenance, func(key, value string) bool {
		other, ok := t.Provenance[key]
		return !ok || other != value
	})
}

// Len is the number of texts taken in.
func (a *Accumulator) Len() int { return len(a.scores) }

// Rate is the sink rate at ε in [0, 1).
func (a *Accumulator) Rate(epsilon float64) (Rate, error) {
	if !(epsilon >= 0 && epsilon < 1) {
		return Rate{}, fmt.Errorf("sinks: ε is %g: it must be at least 0 and less than 1", epsilon)
	}
	choices := a.choices()
	if len(a.rows) > 0 && epsilon <= choices.Even {
		choices.Warnings = append(choices.Warnings, fmt.Sprintf("ε = %g is not above %.3g, what even attention scores at T = %d: heads without a sink count too, so use a longer text", epsilon, choices.Even, choices.T))
		slices.Sort(choices.Warnings)
	}
	r := Rate{Choices: choices, Epsilon: epsilon, Keys: a.options.Keys, MinRows: a.options.MinRows, OnMean: a.options.OnMean}
	var err error
	if !a.options.OnMean {
		rates := make([]float64, len(a.scores))
		for n, s := range a.scores {
			rates[n] = SinkRate(s, epsilon)
		}
		r.Estimate, err = stats.Clustered(rates, a.cluster, a.share())
		return r, err
	}
	if _, err := a.MeanScores(); err != nil {
		return Rate{}, err
	}
	members := stats.Clusters(a.cluster)
	r.Estimate, err = stats.Bootstrap(len(members), a.share(), func(draw []int) float64 {
		var drawn [][][]float64
		for _, c := range draw {
			for _, n := range members[c] {
				drawn = append(drawn, a.scores[n])
			}
		}
		mean, _ := MeanScores(drawn) // cannot fail: a draw of the texts averaged above
		return SinkRate(mean, epsilon)
	})
	return r, err
}

// share are the options of intervals that cannot leave [0, 1].
func (a *Accumulator) share() stats.Options {
	o := a.options.CI
	o.Range = stats.Share
	return o
}

// Mass is F-Attn, the mean attention mass on token 1.
func (a *Accumulator) Mass() (Mass, error) {
	e, err := stats.Clustered(a.masses, a.cluster, a.share())
	return Mass{e, a.choices()}, err
}

// ArgMax is the share of rows whose largest weight lies on token 1. It fails if
// a text came without FirstIsMax.
func (a *Accumulator) ArgMax() (ArgMax, error) {
	if a.noArgMax != nil {
		return ArgMax{}, a.noArgMax
	}
	e, err := stats.Clustered(a.argmax, a.cluster, a.share())
	return ArgMax{e, a.choices()}, err
}

// MeanScores is the mean over texts of the sink scores, [layers][H]: the map of
// a model's sinks.
func (a *Accumulator) MeanScores() ([][]float64, error) { return MeanScores(a.scores) }

// choices describes what the results were computed with.
func (a *Accumulator) choices() Choices {
	c := Choices{
		Model: a.shape.Model, BOS: a.shape.BOS, Layers: a.options.Layers, Samples: len(a.scores),
		ExcludesRow1: a.options.ExcludeSelf, Normalised: a.options.Normalise, Cluster: a.options.Cluster,
		Provenance: maps.Clone(a.provenance),
	}
	warnings := maps.Clone(a.warnings)
	if len(a.rows) > 0 {
		c.T = slices.Min(a.rows)
		c.Even = EvenAttention(c.T, a.options.ExcludeSelf)
		c.Heads = len(a.scores[0]) * a.shape.H
		if longest := slices.Max(a.rows); longest != c.T {
			warnings[fmt.Sprintf("texts of %d to %d rows: rates fall with T, set T to compare", c.T, longest)] = true
		}
	}
	if w := rowSumWarning(a.lowest, a.highest); w != "" {
		warnings[w] = true
	}
	if len(a.scores) == 1 {
		warnings["one text: no confidence interval"] = true
	}
	c.Warnings = slices.Sorted(maps.Keys(warnings))
	return c
}

// SinkRate is the sink rate of this text alone, without an interval.
func (t *Trace) SinkRate(epsilon float64, o RateOptions) (Rate, error) {
	a, err := NewAccumulator(o)
	if err != nil {
		return Rate{}, err
	}
	if err := a.Add(t); err != nil {
		return Rate{}, err
	}
	return a.Rate(epsilon)
}
