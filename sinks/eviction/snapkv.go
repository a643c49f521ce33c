package eviction

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// SnapKV keeps what the block's last 32 queries attend to: the mean over them and over the heads
// that share the entry, averaged over five neighbours among the entries before these queries (Li et
// al., arXiv 2404.14469). The entries of these queries stay.
type SnapKV struct{}

// snapWindow is how many queries observe, snapKernel how many neighbours are averaged.
const snapWindow, snapKernel = 32, 5

func (SnapKV) String() string             { return "snapkv" }
func (p SnapKV) Check(n, block int) error { return budget(p, n, min(snapWindow, block)) }

func (SnapKV) Counts() bool { return false }

func (SnapKV) Score(e *Entries, _ int) *Node {
	window := min(snapWindow, e.QueryPos.Shape().Dim(1))
	first := AddScalar(last(e), -window) // the observing queries come after it; in a short last block fewer are there
	observing := rows(e, LogicalAnd(
		GreaterOrEqual(e.QueryPos, ZerosLike(e.QueryPos)),
		GreaterThan(e.QueryPos, BroadcastToShape(Reshape(first, 1, 1), e.QueryPos.Shape()))))
	count := MaxScalar(ReduceAllSum(observing), 1)
	vote := Div(ReduceMean(ReduceSum(Mul(e.Pattern, observing), 3), 2), count) // [1, K, n]

	// Entries of the block that lie before its observing queries are voted on as cached ones are.
	own := LessThan(e.Pos, BroadcastToShape(Reshape(firstObserving(e, observing), 1, 1, 1), e.Pos.Shape()))
	before := ConvertDType(LogicalAnd(filled(e), own), dtypes.Float32)
	smooth := Div(neighbours(Mul(vote, before)), MaxScalar(neighbours(before), 1))
	return stay(e, LogicalAnd(filled(e), LogicalNot(own)), smooth)
}

// firstObserving is the position of the first observing query.
func firstObserving(e *Entries, observing *Node) *Node {
	is := GreaterThan(Reshape(observing, e.QueryPos.Shape().Dimensions...), Scalar(observing.Graph(), dtypes.Float32, 0))
	far := AddScalar(ZerosLike(e.QueryPos), 1<<30)
	return ReduceMin(Where(is, e.QueryPos, far), -1)
}

// neighbours sums x [1, K, n] over i − 2 … i + 2, as far as there are such slots.
func neighbours(x *Node) *Node {
	n, half := x.Shape().Dim(2), snapKernel/2
	padded := GrowRight(GrowLeft(x, 2, half, 0), 2, half, 0)
	var sum *Node
	for i := range snapKernel {
		part := Slice(padded, AxisRange(), AxisRange(), AxisRange(i, i+n))
		if sum == nil {
			sum = part
		} else {
			sum = Add(sum, part)
		}
	}
	return sum
}
