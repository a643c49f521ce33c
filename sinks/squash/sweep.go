package squash

import "fmt"

// Names of settings. Others are a mean attention on token 1, "0.9".
const (
	AsIs    = "as it is"     // the model's own attention
	Hidden  = "key 1 hidden" // from all queries but its own
	Depth   = "depth"        // X blocks
	Heads   = "heads"        // X heads
	Context = "context"      // X tokens
)

// Sweep is documents compared under several settings, reduced to what figures and verdicts read.
type Sweep struct {
	Settings []Setting `json:"settings"`
	Check    *Check    `json:"check,omitempty"` // of all documents of all settings; nil if none is exact
}

// Setting is one setting of a sweep.
type Setting struct {
	Name   string `json:"name"`
	Layers int    `json:"layers"`
	// X is what the setting varies: the mean attention on token 1, a depth, a length.
	X float64 `json:"x"`
	// Mixing is, by column, the median of log₁₀ over the pairs 2 ≤ i < j, one number a document.
	Mixing map[Column][]float64 `json:"mixing"`
}

// NewSetting reduces documents that were compared under one setting.
func NewSetting(name string, x float64, docs []*Comparison) (Setting, error) {
	s := Setting{Name: name, X: x, Mixing: map[Column][]float64{}}
	if len(docs) == 0 {
		return s, fmt.Errorf("squash: no document under setting %q", name)
	}
	s.Layers = docs[0].Layers
	for n, d := range docs {
		columns := sketched
		if d.Exact {
			columns = exact
		}
		if d.Layers != s.Layers || d.Exact != docs[0].Exact {
			return s, fmt.Errorf("squash: setting %q: document %d has %d blocks (exact: %t), the first %d (%t)", name, n+1, d.Layers, d.Exact, s.Layers, docs[0].Exact)
		}
		for _, c := range columns {
			m, err := d.Mixing(c.Of)
			if err != nil {
				return s, fmt.Errorf("%w (setting %q, document %d, %s)", err, name, n+1, c)
			}
			s.Mixing[c] = append(s.Mixing[c], m)
		}
	}
	return s, nil
}

// MeanFirstMass is the mean attention on token 1 over documents, 0 without any.
func MeanFirstMass(docs []*Comparison) float64 {
	sum := 0.0
	for _, d := range docs {
		sum += d.FirstMass / float64(len(docs))
	}
	return sum
}

// At finds a setting by name.
func (s Sweep) At(name string) (Setting, error) {
	for _, one := range s.Settings {
		if one.Name == name {
			return one, nil
		}
	}
	return Setting{}, fmt.Errorf("squash: the sweep has no setting %q", name)
}
