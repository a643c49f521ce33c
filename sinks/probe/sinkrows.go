package probe

import (
	"fmt"
	"math/rand/v2"

	"firsttoken/sinks"
)

// SinkRows are the interventions that test whether a head does nothing where it
// attends to the sink, for one text. sinking ablates (head, query) pairs that give
// token 1 more than a share of their attention; control ablates pairs that do not.
// Both are drawn at random, row 1 left out, and as many in every layer: as the
// smaller of the two groups there has. pairs is their number, of all (T−1)·L·H.
//
// The trace needs FirstMass.
func SinkRows(t *sinks.Trace, above float64, seed uint64) (sinking, control []Intervention, pairs int, err error) {
	if !(above > 0 && above < 1) {
		return nil, nil, 0, fmt.Errorf("probe: a share of %g: must be between 0 and 1", above)
	}
	if t.FirstMass == nil {
		return nil, nil, 0, fmt.Errorf("probe: the trace of %q holds no FirstMass: record it", t.Model)
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	for l, heads := range t.FirstMass {
		var there, elsewhere []place
		for h, mass := range heads {
			for p, a := range mass[1:] {
				if float64(a) > above {
					there = append(there, place{h, p + 1})
				} else {
					elsewhere = append(elsewhere, place{h, p + 1})
				}
			}
		}
		n := min(len(there), len(elsewhere))
		pairs += n
		sinking = append(sinking, ablate(l, t.H, draw(there, n, rng))...)
		control = append(control, ablate(l, t.H, draw(elsewhere, n, rng))...)
	}
	return sinking, control, pairs, nil
}

// place is one (head, query) pair of a layer.
type place struct{ head, row int }

// draw takes n of the places at random.
func draw(from []place, n int, rng *rand.Rand) []place {
	rng.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	return from[:n]
}

// ablate gathers places by head.
func ablate(layer, heads int, at []place) []Intervention {
	rows := make([][]int, heads)
	for _, p := range at {
		rows[p.head] = append(rows[p.head], p.row)
	}
	var out []Intervention
	for h, r := range rows {
		if r != nil {
			out = append(out, AblateRows{Layer: layer, Head: h, Rows: r})
		}
	}
	return out
}
