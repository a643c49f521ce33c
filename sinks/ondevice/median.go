package ondevice

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Median is the median of non-negative x [B, T, D] over the first lens[b]
// positions of each document: [B]. Of an even number of values it is the mean of
// the two in the middle.
//
// Not by sorting, which XLA does one comparison at a time on a CPU. The bits of
// non-negative floats order like integers, so the value of any rank is found bit
// by bit: 31 passes that only count.
func Median(x, lens *Node) *Node {
	g := x.Graph()
	d := x.Shape().Dimensions
	shape := shapes.Make(dtypes.Int32, d...)
	real := LessThan(Iota(g, shape, 1), BroadcastToDims(Reshape(lens, d[0], 1, 1), d...))
	// Padding becomes the largest integer and never counts as small.
	top := BroadcastToShape(Scalar(g, dtypes.Int32, int32(1<<31-1)), shape)
	bits := Reshape(Where(real, Bitcast(x, dtypes.Int32), top), d[0], d[1]*d[2])

	count := MulScalar(lens, int32(d[2])) // [B] values
	half := Div(count, Scalar(g, dtypes.Int32, int32(2)))
	upper := half                                  // rank of the upper middle, 0-based
	lower := Sub(count, AddScalar(half, int32(1))) // rank of the lower middle
	atMost := func(v *Node) *Node { return countAtMost(bits, v) }
	value := func(rank *Node) *Node {
		// v grows to the largest prefix that still has at most `rank` values below.
		v := ZerosLike(rank)
		for bit := 30; bit >= 0; bit-- {
			try := AddScalar(v, int32(1)<<bit)
			below := atMost(AddScalar(try, int32(-1)))
			v = Where(LessOrEqual(below, rank), try, v)
		}
		return v
	}
	low := value(lower)
	// The next rank is the same value, or the smallest one above it.
	above := ReduceMin(Where(GreaterThan(bits, InsertAxes(low, -1)), bits, BroadcastToShape(Scalar(g, dtypes.Int32, int32(1<<31-1)), bits.Shape())), -1)
	high := Where(GreaterThan(atMost(low), upper), low, above)
	return MulScalar(Add(Bitcast(low, x.DType()), Bitcast(high, x.DType())), 0.5)
}

// countAtMost counts bits [B, N] ≤ v [B].
func countAtMost(bits, v *Node) *Node {
	small := LessOrEqual(bits, BroadcastToDims(InsertAxes(v, -1), bits.Shape().Dimensions...))
	return ReduceSum(ConvertDType(small, dtypes.Int32), -1)
}
