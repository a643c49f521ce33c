// Package atlas measures the attention sink of many models side by side: how large it is behind
// ⟨bos⟩, how much of it is left behind nothing and behind another token, and what each does to the
// loss (Barbero et al. 2025, arXiv 2504.02732, Tables 1 and 2; Gu et al. 2025, arXiv 2410.10781).
//
// All models that read plain text see the same passages of the same speeches, each in its own
// tokens; a model that was trained here on a small vocabulary sees held-out documents of its own
// text instead, and its row says so. A rate depends on T and ε: both stand beside it, with what
// even attention would score, and published rates are shown with theirs, not mixed in.
package atlas

import (
	"fmt"

	"firsttoken/sinks"
	"firsttoken/sinks/fronts"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/stats"
	"firsttoken/train/transformer"
)

// Config is what all models of an atlas are measured with.
type Config struct {
	N    int    `json:"n"` // passages
	T    int    `json:"T"` // tokens of a passage, the one in front included
	Seed uint64 `json:"seed"`
}

// DefaultConfig is the length at which rates are published, on a hundred passages.
func DefaultConfig() Config { return Config{N: 100, T: 64, Seed: 1} }

// Validate reports the first field that makes no sense.
func (c Config) Validate() error {
	switch {
	case c.N < 5:
		return fmt.Errorf("atlas: %d passages: an interval needs at least 5", c.N)
	case c.T < 16:
		return fmt.Errorf("atlas: T = %d: even attention alone scores %.2f there: use at least 16 tokens", c.T, sinks.EvenAttention(c.T, false))
	}
	return nil
}

// draws is how many tokens stand in the place of ⟨bos⟩, one after the other.
const draws = 2

// Behind is what the passages show behind one front; means over passages.
type Behind struct {
	Rate  stats.Estimate `json:"rate"`  // % of heads with α₁ > 0.3
	Rate8 stats.Estimate `json:"rate8"` // % of heads with α₁ > 0.8
	Any   stats.Estimate `json:"any"`   // % of heads with a sink (0.3) at any key that half of the rows see
	Mass  stats.Estimate `json:"mass"`  // % of all attention that lies on token 1
	Loss  stats.Estimate `json:"loss"`  // nats a token, over the same targets behind every front
}

// Row is one model.
type Row struct {
	Entry
	Version    []string `json:"version"` // names and SHA-256 of the files, or of the run's weights
	Layers     int      `json:"layers"`
	Heads      int      `json:"heads"` // a layer
	Parameters int      `json:"parameters"`
	Token      string   `json:"token"` // that stands for ⟨bos⟩
	Texts      string   `json:"texts"` // what was read
	With       Behind   `json:"with"`
	Without    Behind   `json:"without"`
	Other      Behind   `json:"other"`
	// ValueRatio is ‖v₁‖ / mean ‖vⱼ‖ over the heads with a sink behind ⟨bos⟩; absent where there
	// are none.
	ValueRatio *stats.Estimate `json:"value_ratio,omitempty"`
	// Cost is what leaving ⟨bos⟩ out adds to the loss, nats, paired over passages.
	Cost stats.Estimate `json:"cost"`
}

// Measure fills a row from texts of token ids without anything in front.
func (r *Row) Measure(m *transformer.Model, texts [][]int32, bos int32) error {
	r.Layers, r.Heads, r.Parameters = m.Config.Layers, m.Config.Heads, m.Config.Parameters()
	all := make([]int, r.Layers)
	for l := range all {
		all[l] = l
	}
	c, err := probe.CompareFronts(m, texts, bos, draws, all)
	if err != nil {
		return err
	}
	for to, from := range map[*Behind]*fronts.Outcome{&r.With: c.With, &r.Without: c.Without, &r.Other: c.Other} {
		if *to, err = behind(from); err != nil {
			return err
		}
	}
	if c.Values != nil {
		r.ValueRatio = &c.Values.Ratio
	}
	r.Cost, err = stats.Paired(c.Without.Loss, c.With.Loss, stats.DefaultOptions())
	return err
}

func behind(o *fronts.Outcome) (b Behind, err error) {
	percent := stats.DefaultOptions()
	percent.Range = stats.Percent
	for _, f := range []struct {
		to *stats.Estimate
		of []float64
		o  stats.Options
	}{
		{&b.Rate, o.Rate, percent}, {&b.Rate8, o.Rate8, percent}, {&b.Any, o.Any, percent}, {&b.Mass, o.Mass, percent},
		{&b.Loss, o.Loss, stats.DefaultOptions()},
	} {
		if *f.to, err = stats.Mean(f.of, f.o); err != nil {
			return b, err
		}
	}
	return b, nil
}
