package ondevice

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Median is the median of non-negative float32 x [B, T, D] over the first
// lens[b] ≥ 1 positions of each document, lens int32 [B]: float32 [B]. Of an even
// number of values it is the mean of the two in the middle. XLA takes denormal
// numbers for 0.
//
// Not by sorting, which XLA does one comparison at a time on a CPU. The bits of
// non-negative floats order like integers, so the value of any rank is found bit
// by bit: 31 passes that only count. As a loop of the graph they would compile
// faster by a second but run at a quarter of the speed.
func Median(x, lens *Node) *Node {
	g := x.Graph()
	d := x.Shape().Dimensions
	shape := shapes.Make(dtypes.Int32, d...)
	real := LessThan(Iota(g, shape, 1), BroadcastToDims(Reshape(lens, d[0], 1, 1), d...))
	// Padding becomes the largest integer and never counts as small.
	top := BroadcastToShape(Scalar(g, dtypes.Int32, int32(math.MaxInt32)), shape)
	bits := Reshape(Where(real, Bitcast(x, dtypes.Int32), top), d[0], d[1]*d[2])

	count := MulScalar(lens, int32(d[2]))                  // [B] values
	upper := Div(count, Scalar(g, dtypes.Int32, int32(2))) // 0-based ranks of the two in the middle
	lower := Sub(count, AddScalar(upper, int32(1)))
	// low grows to the largest number that still has at most `lower` values below.
	low := ZerosLike(lower)
	for bit := 30; bit >= 0; bit-- {
		try := AddScalar(low, int32(1)<<bit)
		low = Where(LessOrEqual(countBelow(bits, try), lower), try, low)
	}
	// The next rank has the same value, or the smallest one above it.
	above := ReduceMin(Where(GreaterThan(bits, InsertAxes(low, -1)), bits, Reshape(top, bits.Shape().Dimensions...)), -1)
	high := Where(GreaterThan(countBelow(bits, AddScalar(low, int32(1))), upper), low, above)
	a, b := Bitcast(low, x.DType()), Bitcast(high, x.DType())
	return Add(a, MulScalar(Sub(b, a), 0.5)) // a + b could overflow
}

// countBelow counts, in each row of bits [B, N], those below v [B].
func countBelow(bits, v *Node) *Node {
	small := LessThan(bits, BroadcastToDims(InsertAxes(v, -1), bits.Shape().Dimensions...))
	return ReduceSum(ConvertDType(small, dtypes.Int32), -1)
}
