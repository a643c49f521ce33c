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
	Mass     *Node // [1, K, n] Σ over all queries so far of the mean attention of the group's heads
	Seen     *Node // [1, K, n] how many queries so far could see the entry
	Layer    *Node // int32 scalar, 0-based
}

// Keeper chooses which entries stay in a cache; sinks/eviction has the published ones.
type Keeper interface {
	// String identifies the choice: what is compiled is found by it.
	String() string
	// Check refuses a cache of n entries, or blocks, with which it cannot do what it says.
	Check(n, block int) error
	// Keep is int32 [1, K, n]: the slots that stay, in order of position.
	Keep(e *Entries, n int) *Node
}

// take gathers slots [1, K, N] of x [1, K, n] or [1, K, n, Dh].
func take(x, slots *Node) *Node {
	d := x.Shape().Dimensions
	flat := Reshape(x, append([]int{d[1] * d[2]}, d[3:]...)...)
	row := Add(slots, MulScalar(Iota(x.Graph(), slots.Shape(), 1), d[2]))
	return Gather(flat, InsertAxes(row, -1))
}

// count adds a block's queries to what the entries have received: pattern [1, K, G, B, n].
func (e *Entries) count(pastMass, pastSeen, window *Node) {
	block := e.QueryPos.Shape().Dim(1)
	received := ReduceSum(ReduceMean(e.Pattern, 2), 2) // over the group's heads, then over the queries
	e.Mass = Add(GrowRight(pastMass, 2, block, 0), received)

	query, key := InsertAxes(e.QueryPos, 1, -1), InsertAxes(e.Pos, 2) // [1, 1, B, 1], [1, K, 1, n]
	dims := []int{1, e.Pos.Shape().Dim(1), block, e.Pos.Shape().Dim(2)}
	query, key = BroadcastToDims(query, dims...), BroadcastToDims(key, dims...)
	sees := LogicalAnd(GreaterOrEqual(query, key), GreaterOrEqual(key, ZerosLike(key))) // a query of padding, at −1, sees nothing
	if window != nil {
		sees = LogicalAnd(sees, LessThan(Sub(query, key), BroadcastToDims(window, dims...)))
	}
	e.Seen = Add(GrowRight(pastSeen, 2, block, 0), ReduceSum(ConvertDType(sees, dtypes.Float32), 2))
}
