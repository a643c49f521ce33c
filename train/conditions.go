package train

import (
	"fmt"
	"slices"

	"firsttoken/train/corpus"
)

// evalPacked is the evaluation of held-out text packed as in training.
const evalPacked = "packed"

// EvalName names the evaluation of single held-out documents, cut after t tokens:
// "text@64", or "bos+text@64" with ⟨bos⟩ as token 1 of the t.
func EvalName(bos bool, t int) string {
	if bos {
		return fmt.Sprintf("bos+text@%d", t)
	}
	return fmt.Sprintf("text@%d", t)
}

// condition is what a model is measured under.
type condition struct {
	name    string
	packing corpus.Packing
	t       int
	single  bool // single documents instead of packed windows
	final   bool // after the last update only
}

// conditions lists a run's evaluations: as packed in training, on short documents
// that begin as training windows do, and at the end with and without ⟨bos⟩.
func (c *Config) conditions() []condition {
	t := c.Model.Context
	all := []condition{{name: evalPacked, packing: c.Packing, t: t}}
	alone := func(bos bool, t int) condition {
		p := corpus.Packing{Mask: corpus.MaskCausal, BOS: corpus.BOSNone, Positions: corpus.PositionsContinued}
		if bos {
			p.BOS = corpus.BOSFixed
		}
		return condition{name: EvalName(bos, t), packing: p, t: t, single: true, final: true}
	}
	trained := c.Packing.BOS != corpus.BOSNone
	short := alone(trained, c.Monitor.ShortT)
	short.final = false
	all = append(all, short)
	for _, other := range []condition{alone(!trained, c.Monitor.ShortT), alone(trained, t), alone(!trained, t)} {
		if !slices.ContainsFunc(all, func(a condition) bool { return a.name == other.name }) {
			all = append(all, other)
		}
	}
	return all
}
