package sinks

import (
	"fmt"
	"slices"
	"strings"

	"firsttoken/sinks/stats"
)

// The thresholds and the length that published sink rates use.
const (
	EpsilonGu    = 0.3 // Gu et al.
	EpsilonTable = 0.8 // the paper's table of LLaMA 3.1 models
	ShortestT    = 64  // both; shorter texts get a warning, for row 1 weighs 1/T
)

// RateOptions are the choices that change a rate over texts. The zero value is
// Gu et al.'s but for T: token 1, row 1 included, threshold per text, all layers.
type RateOptions struct {
	T           int           `json:"T,omitempty"`            // only the first T rows of each text; 0: all
	Keys        int           `json:"keys,omitempty"`         // key positions searched: 0 or 1 token 1, n the first n, AllKeys
	MinRows     int           `json:"min_rows,omitempty"`     // rows that must see a key for it to be searched; 0: half of them
	ExcludeSelf bool          `json:"exclude_self,omitempty"` // leave out the key's own row, for token 1 row 1
	Normalise   bool          `json:"normalise,omitempty"`    // divide each row by its sum
	OnMean      bool          `json:"on_mean,omitempty"`      // threshold the mean over texts, not each text
	Layers      []int         `json:"layers,omitempty"`       // 0-based layers that count; nil: all
	Cluster     string        `json:"cluster,omitempty"`      // Provenance key that names the document; "": each text is one
	CI          stats.Options `json:"ci,omitzero"`            // of the confidence interval
}

// Validate reports choices that no text could satisfy.
func (o RateOptions) Validate() error {
	switch {
	case o.T < 0:
		return fmt.Errorf("sinks: T is %d: use 0 for whole texts", o.T)
	case o.Keys < AllKeys:
		return fmt.Errorf("sinks: %d key positions to search: use AllKeys (%d) for every one", o.Keys, AllKeys)
	case o.MinRows < 0:
		return fmt.Errorf("sinks: MinRows is %d: use 0 for half of the rows, or a positive number", o.MinRows)
	case o.Layers != nil && len(o.Layers) == 0:
		return fmt.Errorf("sinks: no layer counts: use nil for all")
	case len(slices.Compact(slices.Sorted(slices.Values(o.Layers)))) != len(o.Layers):
		return fmt.Errorf("sinks: layers %v: each may count once", o.Layers)
	case o.Normalise && o.Keys != 0 && o.Keys != 1:
		return fmt.Errorf("sinks: a trace can normalise the score of token 1 only: search 1 key or leave rows as they are")
	}
	return o.CI.Validate()
}

// Choices are the conditions under which a number was measured; they are part
// of every result because each of them changes it.
type Choices struct {
	Model        string            `json:"model"`
	BOS          string            `json:"bos"`              // policy of the texts
	T            int               `json:"T"`                // query rows of each text, of the shortest where they differ
	Even         float64           `json:"even_attention"`   // EvenAttention at T: what a head scores that has no sink
	Layers       []int             `json:"layers,omitempty"` // nil: all
	Heads        int               `json:"heads"`            // (layer, head) pairs counted
	ExcludesRow1 bool              `json:"excludes_row1"`
	Normalised   bool              `json:"normalised"`           // rows divided by their sums
	Cluster      string            `json:"cluster,omitempty"`    // what the interval resamples; "": texts
	Samples      int               `json:"samples"`              // texts
	Warnings     []string          `json:"warnings,omitempty"`   // sorted, each once
	Provenance   map[string]string `json:"provenance,omitempty"` // entries that all texts share
}

// describe lists the choices for a caption.
func (c Choices) describe() string {
	parts := []string{fmt.Sprintf("T = %d", c.T), fmt.Sprintf("even attention %.3g", c.Even), fmt.Sprintf("%d heads", c.Heads), fmt.Sprintf("⟨bos⟩: %s", c.BOS)}
	if c.Layers != nil {
		parts = append(parts, fmt.Sprintf("layers %v", c.Layers))
	}
	if c.ExcludesRow1 {
		parts = append(parts, "own row excluded")
	}
	if c.Normalised {
		parts = append(parts, "rows normalised")
	}
	return strings.Join(parts, ", ")
}

// Rate is a sink rate: the share, in [0, 1], of (layer, head) pairs above ε.
type Rate struct {
	stats.Estimate
	Choices
	Epsilon float64 `json:"epsilon"`
	Keys    int     `json:"keys"`               // key positions searched; 1 is token 1, AllKeys every one
	MinRows int     `json:"min_rows,omitempty"` // rows that see a key that is searched; 0: half of them
	OnMean  bool    `json:"on_mean"`            // threshold on the mean over texts instead of on each
}

// String gives the rate with every choice that made it.
func (r Rate) String() string {
	keys := "token 1"
	switch {
	case r.Keys == AllKeys:
		keys = "any key that half of the rows see"
		if r.MinRows > 0 {
			keys = fmt.Sprintf("any key that %d rows see", r.MinRows)
		}
	case r.Keys > 1:
		keys = fmt.Sprintf("any of the first %d keys", r.Keys)
	}
	per := "per text"
	if r.OnMean {
		per = "on the mean"
	}
	return fmt.Sprintf("sink rate %s at ε = %g %s, %s, %s", r.Estimate, r.Epsilon, per, keys, r.describe())
}

// Mass is F-Attn: the mean attention mass on the first token.
type Mass struct {
	stats.Estimate
	Choices
}

// String gives the mass with every choice that made it.
func (m Mass) String() string {
	return fmt.Sprintf("attention mass on token 1 %s, %s", m.Estimate, m.describe())
}

// ArgMax is the share of (layer, head, query) triples whose largest weight lies
// on the first token.
type ArgMax struct {
	stats.Estimate
	Choices
}

// String gives the share with every choice that made it.
func (a ArgMax) String() string {
	return fmt.Sprintf("arg-max share of token 1 %s, %s", a.Estimate, a.describe())
}
