package eviction

import . "github.com/gomlx/gomlx/core/graph"

// TOVA keeps what the block's last query attends to, averaged over all heads of the layer, so that
// all key/value heads keep the same (Oren et al., arXiv 2401.06104). That query's own token stays.
type TOVA struct{}

func (TOVA) String() string         { return "tova" }
func (p TOVA) Check(n, _ int) error { return budget(p, n, 1) }

func (TOVA) Counts() bool { return false }

func (TOVA) Score(e *Entries, _ int) *Node {
	last := rows(e, Equal(e.QueryPos, BroadcastToShape(Reshape(last(e), 1, 1), e.QueryPos.Shape())))
	row := ReduceSum(Mul(e.Pattern, last), 3)                // [1, K, G, n]
	mean := ReduceAndKeep(ReduceMean(row, 2), ReduceMean, 1) // [1, 1, n]
	return stay(e, recent(e, 1), BroadcastToDims(mean, e.Pos.Shape().Dimensions...))
}
