package forms

import (
	"slices"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

// Need is what a run loses through bounded caches: mean losses in nats, over texts and the targets
// that count.
type Need struct {
	Seed   uint64  `json:"seed"`
	Window float64 `json:"window"` // the last entries stay
	Firsts float64 `json:"firsts"` // the first four, and the last entries
}

// Of is the loss that keeping the first four tokens saves, in nats.
func (n Need) Of() float64 { return n.Window - n.Firsts }

// NeedFigures are what claims.S3b reads, and the need of each form beside it.
func NeedFigures(names []string, needs map[string][]Need) ([]claims.Figure, error) {
	var list claims.List
	softmax := needs["softmax"]
	for _, name := range names {
		var own, less []float64
		for _, n := range needs[name] {
			own = append(own, n.Of())
			if i := slices.IndexFunc(softmax, func(s Need) bool { return s.Seed == n.Seed }); i >= 0 {
				less = append(less, n.Of()-softmax[i].Of()/10)
			}
		}
		e, err := stats.Repeats(own, stats.Options{})
		list.Add(name+", need of the first tokens", "nats", e, err)
		if name != "softmax" {
			e, err = stats.Repeats(less, stats.Options{})
			list.Add(name+", need of the first tokens, less a tenth of softmax's", "nats", e, err)
		}
	}
	return list.Figures()
}
