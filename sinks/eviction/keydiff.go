package eviction

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// KeyDiff keeps the keys least similar to the others: −cos(kᵢ, meanⱼ kⱼ/‖kⱼ‖) (Park et al., arXiv
// 2504.15364). Nothing protects the first tokens: they stay where their keys point elsewhere.
type KeyDiff struct{}

func (KeyDiff) String() string         { return "keydiff" }
func (p KeyDiff) Check(n, _ int) error { return budget(p, n, 1) }

func (KeyDiff) Counts() bool { return false }

func (KeyDiff) Score(e *Entries, _ int) *Node {
	unit := normalise(e.Keys)
	filled := InsertAxes(ConvertDType(filled(e), dtypes.Float32), -1)
	count := ReduceAndKeep(filled, ReduceSum, 2)
	anchor := Div(ReduceAndKeep(Mul(unit, filled), ReduceSum, 2), MaxScalar(count, 1)) // [1, K, 1, Dh]
	return Neg(ReduceSum(Mul(unit, normalise(anchor)), -1))
}

// normalise divides by ‖·‖₂ along the last axis; a zero vector stays one.
func normalise(x *Node) *Node {
	return Div(x, MaxScalar(Sqrt(ReduceAndKeep(Square(x), ReduceSum, -1)), 1e-12))
}
