package transformer

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// The own gradient equals that of GoMLX's product, which the pure Go backend takes.
func TestMatmulGradient(t *testing.T) {
	type shapes struct {
		x, w        []int
		batch, axis int
	}
	for _, s := range []shapes{
		{[]int{2, 3, 4}, []int{5, 4}, 0, 1},             // narrow to wide
		{[]int{2, 3, 5}, []int{4, 5}, 0, 1},             // wide to narrow
		{[]int{2, 3, 4}, []int{4, 4}, 0, 1},             // square
		{[]int{6, 4}, []int{5, 4}, 0, 1},                // rows to split
		{[]int{3, 4}, []int{5, 4}, 0, 1},                // an odd number of them
		{[]int{1, 1}, []int{1, 1}, 0, 1},                // nothing to split or transpose
		{[]int{2, 3, 4, 2}, []int{2, 3, 5, 2}, 2, 3},    // scores
		{[]int{2, 3, 4, 5}, []int{2, 3, 5, 2}, 2, 2},    // mix
		{[]int{2, 1, 2, 2}, []int{2, 1, 2, 7}, 2, 2},    // mix of few keys
		{[]int{2, 2, 6, 1}, []int{2, 2, 1, 1}, 2, 3},    // scores of one key
		{[]int{2, 3, 2, 2, 4}, []int{2, 3, 5, 4}, 2, 3}, // rows on two axes
	} {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprint(s, again), func(t *testing.T) {
				out := s.w[s.batch]
				if s.axis == s.batch {
					out = s.w[s.batch+1]
				}
				y := append(append([]int{}, s.x[:len(s.x)-1]...), out)
				args := func() (list []*tensors.Tensor) { // a tensor stays with the backend that it was used on
					rng := rand.New(rand.NewPCG(3, 4))
					for _, dims := range [][]int{s.x, s.w, y} {
						list = append(list, tensors.FromFlatDataAndDimensions(floats(product(dims), rng.NormFloat64), dims...))
					}
					return list
				}
				gradients := func(a []*Node) []*Node {
					x := a[0]
					if again { // computed twice, as in a run that recomputes its blocks
						x = x.Checkpoint()
					}
					y := matmul(MulScalar(x, 2), a[1], s.batch, s.axis)
					if again {
						y = y.StopCheckpoint()
					}
					return append(Gradient(ReduceAllSum(Mul(y, a[2])), a[0], a[1]), y)
				}
				want, got := run(t, pureGo(t), gradients, args()...), run(t, prepared(t), gradients, args()...)
				for i := range want {
					require.InDeltaSlice(t, want[i], got[i], 1e-5)
				}
			})
		}
	}
}
