package ondevice

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"firsttoken/train/transformer"
)

// Recent captures what each query gives to itself and to the keys just before it:
// one output, float32 [B, H, T, window+1], entry d of row t is A[t, t−d], and 0
// where t < d. It is a band of the pattern: T×window numbers instead of T×T.
func Recent(window int) (*transformer.Observer, error) {
	if window < 0 {
		return nil, fmt.Errorf("window %d: must be at least 0", window)
	}
	return &transformer.Observer{
		Name: fmt.Sprint("last keys up to lag ", window),
		Observe: func(c *transformer.Config, n *transformer.Nodes, _ *Node) []*Node {
			var parts []*Node
			for _, r := range n.Rows {
				var lags []*Node
				for d := range window + 1 {
					lags = append(lags, InsertAxes(subdiagonal(r, d), -1))
				}
				parts = append(parts, concatenate(lags, 4))
			}
			band := concatenate(parts, 3) // [B, K, G, T, window+1]
			d := band.Shape().Dimensions
			return []*Node{Reshape(band, d[0], c.Heads, d[3], d[4])}
		},
	}, nil
}

// subdiagonal is A[t, t−lag] for a chunk of rows, 0 where there is no such key. Where
// keys are the queries' own, that is in a row-major chunk of width Sc every (Sc+1)-th
// number from the first such key on; else the key is found by its place.
func subdiagonal(r transformer.Rows, lag int) *Node {
	if r.Key != nil {
		at := BroadcastToShape(Equal(r.Key, AddScalar(r.Query, -lag)), r.Pattern.Shape())
		return ReduceSum(Where(at, r.Pattern, ZerosLike(r.Pattern)), -1)
	}
	d := r.Pattern.Shape().Dimensions
	flat := Reshape(r.Pattern, d[0], d[1], d[2], d[3]*d[4])
	missing := max(0, lag-r.Start) // rows of the chunk that have no such key
	if missing >= d[3] {
		return ZerosLike(firstKey(r.Pattern))
	}
	start := max(0, r.Start-lag) + missing*d[4]
	found := Slice(flat, AxisRange(), AxisRange(), AxisRange(), AxisRange(start).Stride(d[4]+1))
	return GrowLeft(found, 3, missing, 0)
}
