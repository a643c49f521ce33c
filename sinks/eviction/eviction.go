// Package eviction holds policies that keep a bounded cache of keys and values while a model reads
// a text: which N entries of each key/value head stay.
//
// One protocol serves all. A text is fed in blocks of B tokens. In each layer the block's queries
// see every entry of the cache and the block up to themselves; then each key/value head, on its
// own, keeps the N entries of the largest scores (ties: the earlier position), in order of
// position. So a cache never holds more than N + B entries. A policy is its score:
//
//	Window          the position
//	Streaming       the position; the first Sinks always stay (arXiv 2309.17453)
//	KeyDiff         −cos(kᵢ, meanⱼ kⱼ/‖kⱼ‖) (arXiv 2504.15364)
//	Knorm           −‖kᵢ‖₂ (arXiv 2406.11430)
//	TOVA            attention of the block's last query, mean over all heads (arXiv 2401.06104)
//	H2O             attention summed over all queries so far; the most recent half stays (arXiv 2306.14048)
//	SnapKV          mean attention of the block's last queries, smoothed; these stay (arXiv 2404.14469)
//	Random          a seeded draw
//
// Scores are graphs on the device; train/transformer's cache calls them inside a layer's
// executable, so that neither keys nor patterns leave it.
package eviction

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/train/transformer"
)

// Entries are what a policy sees, see [transformer.Entries].
type Entries = transformer.Entries

// Policy says which entries stay.
type Policy interface {
	// String names the policy and its options; what is compiled is found by it.
	String() string
	// Check refuses a budget of N entries, or blocks of B tokens, with which the policy cannot do
	// what it says.
	Check(n, block int) error
	// Counts tells that Score asks for what entries received, which a cache counts for it alone.
	Counts() bool
	// Score is float32 [1, K, n]: the larger, the better; +∞ always stays. What it says of empty
	// slots does not matter.
	Score(e *Entries, n int) *Node
}

// Keep returns the slots that stay, int32 [1, K, N] in order of position. N must not exceed the
// slots.
func Keep(p Policy, e *Entries, n int) *Node {
	score := Where(filled(e), p.Score(e, n), constant(e, lowest))
	if score.Shape().Dim(2) == n+1 {
		return allBut(worst(score), n)
	}
	_, slots := TopK(score, n, -1) // stable: of equal scores the earlier slot is taken, and slots are in order of position
	return Sort(slots, -1, true)
}

// worst is the slot of the lowest score [1, K, n], of equal ones the last: int32 [1, K, 1]. It is what
// is not among the n − 1 best, without the sorting.
func worst(score *Node) *Node {
	lowest := Equal(score, BroadcastToShape(ReduceAndKeep(score, ReduceMin, -1), score.Shape()))
	slot := Iota(score.Graph(), shapes.Make(dtypes.Int32, score.Shape().Dimensions...), 2)
	return ReduceAndKeep(Where(lowest, slot, MulScalar(OnesLike(slot), -1)), ReduceMax, -1)
}

// allBut are n slots in order with one left out.
func allBut(out *Node, n int) *Node {
	slot := Iota(out.Graph(), shapes.Make(dtypes.Int32, 1, out.Shape().Dim(1), n), 2)
	return Add(slot, ConvertDType(GreaterOrEqual(slot, BroadcastToShape(out, slot.Shape())), dtypes.Int32))
}

// Of makes a policy what a model's cache takes.
func Of(p Policy) transformer.Keeper { return keeper{p} }

type keeper struct{ Policy }

func (k keeper) Keep(e *Entries, n int) *Node { return Keep(k.Policy, e, n) }

// lowest is below every score of an entry, and still a number: TopK orders it.
const lowest = -3e38

// always is above every score.
const always = 3e38

// Parse reads a policy by its name: window, streaming, streaming:S for another number of sinks,
// keydiff, knorm, tova, h2o, h2o:mean, snapkv, random or random:SEED.
func Parse(name string) (Policy, error) {
	kind, option, has := strings.Cut(name, ":")
	number := 0
	if has && option != "mean" {
		if _, err := fmt.Sscanf(option, "%d", &number); err != nil || number < 0 || fmt.Sprint(number) != option {
			return nil, fmt.Errorf("eviction: policy %q: %q is no number", name, option)
		}
	}
	for _, p := range Policies() {
		if p.String() == name {
			return p, nil
		}
	}
	switch {
	case has && option != "mean" && kind == "streaming":
		return Streaming{Sinks: number}, nil
	case has && option != "mean" && kind == "random":
		return Random{Seed: uint32(number)}, nil
	}
	var names []string
	for _, p := range Policies() {
		names = append(names, p.String())
	}
	return nil, fmt.Errorf("eviction: no policy %q: use one of %s, streaming:SINKS, random:SEED", name, strings.Join(names, ", "))
}

// Policies lists one of each, with the options that their papers use.
func Policies() []Policy {
	return []Policy{Window{}, Streaming{Sinks: 4}, KeyDiff{}, Knorm{}, TOVA{}, H2O{}, H2O{Mean: true}, SnapKV{}, Random{}}
}

// budget refuses a budget below what always stays.
func budget(p Policy, n, least int) error {
	if n < least {
		return fmt.Errorf("eviction: %s always keeps %d entries: a cache of %d is too small", p, least, n)
	}
	return nil
}

// filled tells entries from empty slots, boolean [1, K, n].
func filled(e *Entries) *Node { return GreaterOrEqual(e.Pos, ZerosLike(e.Pos)) }

// last is the position of the block's last query, int32 [1, 1, 1].
func last(e *Entries) *Node { return Reshape(ReduceMax(e.QueryPos, -1), 1, 1, 1) }

// recent tells the entries of the last n positions, boolean [1, K, n].
func recent(e *Entries, n int) *Node {
	return GreaterThan(e.Pos, BroadcastToShape(AddScalar(last(e), -n), e.Pos.Shape()))
}

// position is the position as a score.
func position(e *Entries) *Node { return ConvertDType(e.Pos, dtypes.Float32) }

// stay makes scores of those entries the largest.
func stay(e *Entries, these, score *Node) *Node { return Where(these, constant(e, always), score) }

// constant is float32 [1, K, n] of one value.
func constant(e *Entries, value float64) *Node {
	return BroadcastToDims(Scalar(e.Pos.Graph(), dtypes.Float32, value), e.Pos.Shape().Dimensions...)
}

// rows tells which of the block's queries count, as float32 [1, 1, 1, B, 1].
func rows(e *Entries, these *Node) *Node {
	return Reshape(ConvertDType(these, dtypes.Float32), 1, 1, 1, e.QueryPos.Shape().Dim(1), 1)
}
