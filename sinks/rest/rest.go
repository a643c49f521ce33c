// Package rest tells what heads do with their attention, and whether what they do is anything:
// where they look, how evenly, and what they write of what they read. An attention map does not
// tell a head that rests from one that works: a head that looks at its own token alone may write a
// whole value, one that spreads over twenty keys writes half of one.
//
// It works on traces and links no GoMLX.
package rest

import (
	"fmt"
	"math"

	"firsttoken/sinks"
)

// Heads is what heads do, means over heads, texts and queries.
type Heads struct {
	First     float64 // attention to token 1, a share
	Strongest float64 // First of the head that has most of it
	Own       float64 // attention of a token to itself, a share
	Keys      float64 // e^entropy of a row: the keys that would share it evenly
	// Written is ‖z_t W_O‖ / mean_j ‖v_j W_O‖: looking at one average key gives 1, resting on an
	// empty one 0, an even spread over n unlike values about 1/√n. The mean in it is over all
	// tokens from the first query on, whatever their kind.
	Written float64
	Stream  float64 // ‖z_t W_O‖ / ‖x_t‖, against what the residual stream holds before the layer
}

// Look reads layers (0-based) of traces at the queries from `from` on (0-based) whose token is of a
// kind; nil is any. The traces need FirstMass, SelfMass, RowEntropy, HeadWrite, ValueWrite and
// ResidNorm.
func Look(traces []*sinks.Trace, layers []int, from int, kind func(id int32) bool) (Heads, error) {
	var x Heads
	n, values, wrote, read, held := 0.0, 0.0, 0.0, 0.0, 0.0
	for _, l := range layers {
		for h := range traces[0].H {
			first, queries := 0.0, 0.0
			for _, t := range traces {
				for q := from; q < t.T; q++ {
					values, read = values+1, read+float64(t.ValueWrite[l][h][q])
					if kind != nil && !kind(t.IDs[q]) {
						continue
					}
					queries, first = queries+1, first+float64(t.FirstMass[l][h][q])
					x.Own += float64(t.Diagonal[l][h][q])
					x.Keys += math.Exp(float64(t.RowEntropy[l][h][q]))
					wrote, held = wrote+float64(t.HeadWrite[l][h][q]), held+float64(t.ResidNorm[l][q])
				}
			}
			n, x.First, x.Strongest = n+queries, x.First+first, max(x.Strongest, first/queries)
		}
	}
	if n == 0 || read == 0 || held == 0 {
		return Heads{}, fmt.Errorf("rest: no query from token %d on is of this kind, or all values are 0: there is nothing to look at", from+1)
	}
	return Heads{x.First / n, x.Strongest, x.Own / n, x.Keys / n, wrote / n / (read / values), wrote / held}, nil
}

// Favourite is what the kind of token that a layer's heads favour gets beyond an even spread over
// all keys, token 1 and each token's own place aside: a share of all attention, mean over heads. A
// second sink shows here. The traces need KeyMass and SelfMass.
func Favourite(traces []*sinks.Trace, layer int) (share float64) {
	for h := range traces[0].H {
		beyond, total, most := map[int32]float64{}, 0.0, 0.0
		for _, t := range traces {
			for s := 1; s < t.T; s++ {
				total++
				beyond[t.IDs[s]] += float64(t.KeyMass[layer][h][s] - t.Diagonal[layer][h][s])
				for q := s + 1; q < t.T; q++ {
					beyond[t.IDs[s]] -= 1 / float64(q+1)
				}
			}
		}
		for _, x := range beyond {
			most = max(most, x/total)
		}
		share += most / float64(traces[0].H)
	}
	return share
}
