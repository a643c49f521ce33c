// Package synthetic makes up sequences by a known mechanism, on which attention sinks form within
// minutes and what a perfect model would do, and its loss, are known exactly.
//
//   - [Backcopy]: a Markov chain of tokens interrupted by triggers, after which the token before the trigger comes
//     again (Bigram-Backcopy; Guo et al. 2024, arXiv 2410.13835). A head that copies after triggers has nothing to do
//     elsewhere, and rests on the first token.
//   - [TriggerMean]: at triggers the mean of all values so far is asked for, elsewhere nothing, or something that has
//     nothing to do with the mean (after arXiv 2603.11487, where a sink is shown to be necessary for a softmax head to do so).
package synthetic

import (
	"math/rand/v2"
	"sort"
)

// Task draws sequences. It is safe for concurrent use.
type Task interface {
	// V is the size of the vocabulary, ⟨bos⟩ included: ids lie in [0, V).
	V() int
	// BOS is the id of ⟨bos⟩, which no sequence holds but at its start.
	BOS() int32
	// Draw fills a sequence of inputs and, at each, the target; bos makes ⟨bos⟩ the first input.
	// Both have the same length of at least 1.
	Draw(rng *rand.Rand, bos bool, tokens, targets []int32)
	// OracleLoss is the expected cross-entropy, in nats a target, of a model that knows the
	// mechanism, over sequences of t inputs.
	OracleLoss(bos bool, t int) float64
}

// draw draws an id from a distribution's running sums.
func draw(rng *rand.Rand, cumulated []float64) int32 {
	id := sort.SearchFloat64s(cumulated, rng.Float64())
	return int32(min(id, len(cumulated)-1)) // sums of probabilities may end a little below 1
}
