package measure

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// Names of the metrics that package ondevice does not have.
const (
	argMax   = "ArgMax"   // [B, H, T] the key of the row's largest weight, the first of equals
	zNorm    = "ZNorm"    // [B, H, T] ‖z_t‖
	readNorm = "ReadNorm" // [B, H, T] Σ_j A[t, j]‖v_j‖
)

// oldest is A[t, t−W+1], [B, H, T], and massFrom Σ_{t ≥ W} A[t, s], [B, H, S]. A window stands in the
// name, since a metric is compiled once a name.
func oldest(W int) string   { return fmt.Sprint("Oldest", W) }
func massFrom(W int) string { return fmt.Sprint("MassFrom", W) }

// metrics are those five for a window W.
func metrics(W int) []ondevice.Own {
	byRow := func(name string, reduce func(n *transformer.Nodes, r transformer.Rows) *Node) ondevice.Own {
		return ondevice.Own{Name: name, Dims: "LHT", Reduce: func(c *transformer.Config, n *transformer.Nodes, _ *Node) *Node {
			var parts []*Node
			for _, r := range n.Rows {
				d := r.Pattern.Shape().Dimensions // [B, K, G, rows, keys]
				parts = append(parts, Reshape(reduce(n, r), d[0], c.Heads, d[3]))
			}
			if len(parts) == 1 {
				return parts[0]
			}
			return Concatenate(parts, 2)
		}}
	}
	return []ondevice.Own{
		byRow(argMax, func(_ *transformer.Nodes, r transformer.Rows) *Node {
			key := Iota(r.Pattern.Graph(), shapes.Make(dtypes.Float32, r.Pattern.Shape().Dimensions...), 4)
			largest := Equal(r.Pattern, ReduceAndKeep(r.Pattern, ReduceMax, -1))
			none := MulScalar(OnesLike(key), r.Pattern.Shape().Dim(4))
			return ReduceMin(Where(largest, key, none), -1)
		}),
		byRow(oldest(W), func(_ *transformer.Nodes, r transformer.Rows) *Node {
			shape := shapes.Make(dtypes.Int32, r.Pattern.Shape().Dimensions...)
			row := AddScalar(Iota(r.Pattern.Graph(), shape, 3), r.Start-W+1)
			at := Equal(row, Iota(r.Pattern.Graph(), shape, 4))
			return ReduceSum(Where(at, r.Pattern, ZerosLike(r.Pattern)), -1)
		}),
		byRow(readNorm, func(n *transformer.Nodes, r transformer.Rows) *Node {
			d := r.Pattern.Shape().Dimensions
			v := TransposeAllAxes(l2(n.V), 0, 2, 1) // [B, K, S]
			v = Slice(v, AxisRange(), AxisRange(), AxisRange(0, d[4]))
			return ReduceSum(Mul(r.Pattern, Reshape(v, d[0], d[1], 1, 1, d[4])), -1)
		}),
		{Name: zNorm, Dims: "LHT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *Node) *Node {
			return TransposeAllAxes(l2(n.Z), 0, 2, 1)
		}},
		{Name: massFrom(W), Dims: "LHS", Whole: true, Reduce: func(c *transformer.Config, n *transformer.Nodes, lens *Node) *Node {
			return rowsFrom(W, c, n, lens)
		}},
	}
}

// rowsFrom sums what keys get from the rows from W on that are not padding.
func rowsFrom(W int, c *transformer.Config, n *transformer.Nodes, lens *Node) *Node {
	var total *Node
	keys := n.Key.Shape().Dim(1)
	for _, r := range n.Rows {
		d := r.Pattern.Shape().Dimensions
		row := AddScalar(Iota(lens.Graph(), shapes.Make(dtypes.Int32, d[0], d[3]), 1), r.Start)
		counts := LogicalAnd(GreaterOrEqual(row, MulScalar(OnesLike(row), W)), LessThan(row, BroadcastToShape(InsertAxes(lens, -1), row.Shape())))
		sum := ReduceSum(Mul(r.Pattern, Reshape(ConvertDType(counts, dtypes.Float32), d[0], 1, 1, d[3], 1)), 3)
		sum = GrowRight(Reshape(sum, d[0], c.Heads, d[4]), 2, keys-d[4], 0)
		if total == nil {
			total = sum
		} else {
			total = Add(total, sum)
		}
	}
	return total
}

// l2 is ‖x‖₂ along the last axis.
func l2(x *Node) *Node { return Sqrt(ReduceSum(Mul(x, x), -1)) }
