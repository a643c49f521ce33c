package transformer

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Entries are what one layer's cache holds after a block of tokens has passed, in order of
// position: n = cached entries and the block's own. Empty slots, at the front while the cache fills
// and at the end where the last block is short, have position −1.
type Entries struct {
	Keys     *Node // [1, K, n, Dh] float32, turned as the block's queries saw them
	Values   *Node // [1, K, n, Dh] float32
	Pattern  *Node // [1, K, G, B, n] attention of the block's queries; zeros in rows of padding
	Pos      *Node // [1, K, n] int32, positions in the text
	QueryPos *Node // [1, B] int32, of the block's queries; −1 for padding
	Layer    *Node // int32 scalar, 0-based
	// Received is what entries got so far, both [1, K, n]: the attention of all queries, mean over
	// the group's heads; and how many queries could see the entry. Only for a choice that counts.
	Received func() (mass, seen *Node)
}

// Keeper chooses which entries stay in a cache; sinks/eviction has the published ones.
type Keeper interface {
	// String identifies the choice: what is compiled is found by it.
	String() string
	// Counts tells that Keep asks for what entries received; a cache counts it for such a choice
	// alone.
	Counts() bool
	// Check refuses a cache of n entries, or blocks, with which it cannot do what it says.
	Check(n, block int) error
	// Keep is int32 [1, K, n]: the slots that stay, in order of position.
	Keep(e *Entries, n int) *Node
}

// take gathers slots [1, K, N] of x [1, K, n].
func take(x, slots *Node) *Node {
	n, kept := x.Shape().Dim(2), slots.Shape().Dim(2)
	if n == kept+1 {
		return skipOne(x, slots, 2)
	}
	row := Add(slots, MulScalar(Iota(x.Graph(), slots.Shape(), 1), n))
	return Gather(Reshape(x, -1), InsertAxes(row, -1))
}

// takeRows gathers slots [1, N, K] of x [1, n, K, Dh].
func takeRows(x, slots *Node) *Node {
	d := x.Shape().Dimensions
	if d[1] == slots.Shape().Dim(1)+1 {
		return skipOne(x, slots, 1)
	}
	row := Add(MulScalar(slots, d[2]), Iota(x.Graph(), slots.Shape(), 2))
	return Gather(Reshape(x, d[1]*d[2], d[3]), InsertAxes(row, -1))
}

// skipOne takes slots, in order, that are all but one along an axis: each is the slot of its own
// number or the next one, and choosing between the two is many times faster than gathering.
func skipOne(x, slots *Node, axis int) *Node {
	next := NotEqual(slots, Iota(slots.Graph(), slots.Shape(), axis))
	here, there := SliceAxis(x, axis, AxisRange(0, slots.Shape().Dim(axis))), SliceAxis(x, axis, AxisRange(1))
	for next.Rank() < x.Rank() {
		next = InsertAxes(next, -1)
	}
	return Where(BroadcastToShape(next, here.Shape()), there, here)
}

// received adds a block's queries to what the entries received before, nil if there are none of
// before.
func (e *Entries) received(pastMass, pastSeen, window *Node) (mass, seen *Node) {
	block := e.QueryPos.Shape().Dim(1)
	grown := func(past, now *Node) *Node {
		if past == nil {
			return now
		}
		return Add(GrowRight(past, 2, block, 0), now)
	}
	mass = grown(pastMass, ReduceSum(ReduceMean(e.Pattern, 2), 2)) // over the group's heads, then over the queries

	query, key := InsertAxes(e.QueryPos, 1, -1), InsertAxes(e.Pos, 2) // [1, 1, B, 1], [1, K, 1, n]
	dims := []int{1, e.Pos.Shape().Dim(1), block, e.Pos.Shape().Dim(2)}
	query, key = BroadcastToDims(query, dims...), BroadcastToDims(key, dims...)
	sees := LogicalAnd(GreaterOrEqual(query, key), GreaterOrEqual(key, ZerosLike(key))) // a query of padding, at −1, sees nothing
	if window != nil {
		sees = LogicalAnd(sees, LessThan(Sub(query, key), BroadcastToDims(window, dims...)))
	}
	return mass, grown(pastSeen, ReduceSum(ConvertDType(sees, dtypes.Float32), 2))
}
