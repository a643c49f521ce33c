// Package hidden holds what hiding a key from all later queries costs models, by the position of
// the query: values alone, which package trained measures and package contexts draws. It depends on
// neither, so that a change of a figure makes no measured value old.
package hidden

import (
	"fmt"

	"gonum.org/v1/gonum/stat"
)

// Cost is what hiding a key costs a model in nats: the loss of each query with the key hidden less
// that of the intact model, [T−1], mean over texts.
type Cost struct {
	Context string    // that the model was trained on, as its configuration has it
	BOS     []float64 // token 1 hidden
	Control []float64 // token 5, no sink
}

// Range is the first and the last of some query positions, counted from 1. Positions beyond the
// end of a text are not counted.
type Range struct{ First, Last int }

// Ranges are doublings of the position.
var Ranges = []Range{{2, 3}, {4, 7}, {8, 15}, {16, 31}, {32, 63}, {64, 127}, {128, 255}}

func (r Range) String() string { return fmt.Sprintf("%d to %d", r.First, r.Last) }

// Mean is the mean of x, by query position less 1, over the range; false if x ends before it.
func (r Range) Mean(x []float64) (float64, bool) {
	end := min(r.Last, len(x))
	if r.First > end {
		return 0, false
	}
	return stat.Mean(x[r.First-1:end], nil), true
}
