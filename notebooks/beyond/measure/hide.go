package measure

import (
	"fmt"
	"math"

	"firsttoken/notebooks/beyond/values"
	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// second are the massive tokens of each priced text as the model is, and others as many that are not
// massive: the nearest of the same token, or of any where there is none.
func (w *work) second() (massive, others [][]int) {
	for doc, list := range w.out.Runs[values.AsIs].Massive[:w.priced] {
		ids, taken := w.texts[doc], map[int]bool{0: true}
		keys, beside := []int{}, []int{}
		for _, x := range list {
			keys, taken[x.Row] = append(keys, x.Row), true
		}
		for _, at := range keys {
			best, distance := -1, math.MaxInt
			for t, id := range ids {
				far := max(t-at, at-t)
				if id != ids[at] {
					far += len(ids)
				}
				if !taken[t] && far < distance {
					best, distance = t, far
				}
			}
			beside, taken[best] = append(beside, best), true
		}
		massive, others = append(massive, keys), append(others, beside)
	}
	return massive, others
}

// hide hides keys of each document, by its number, from all later queries of all layers.
type hide struct {
	name string
	keys [][]int
}

func (h hide) String() string { return fmt.Sprintf("%s: keys %v, from 0", h.name, h.keys) }

// Check refuses documents that it knows no keys of; places are checked where they are written.
func (h hide) Check(_ *transformer.Config, docs [][]int32) error {
	if len(docs) != len(h.keys) {
		return fmt.Errorf("%s: keys of %d documents for %d", h.name, len(h.keys), len(docs))
	}
	return nil
}

func (h hide) Apply(_ int, e *probe.LayerEdits) {
	for doc := range e.Documents() {
		for _, key := range h.keys[e.Number(doc)] {
			for head := range e.Heads() {
				e.BiasKey(doc, head, key, float32(math.Inf(-1)))
			}
		}
	}
}
