package transformer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// matmulCases are shapes that matmul is used with, and some at the edge.
var matmulCases = []struct {
	x, w        []int
	batch, axis int
}{
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
	{[]int{8, 1, 5}, []int{8, 3, 5}, 1, 2},          // one row, part by part
}

// The own gradient equals that of GoMLX's product, which the pure Go backend takes. In bfloat16,
// where the pure Go backend takes the one for GPUs, it equals the float32 one as far as 8 bits go,
// and all products on the way to it have factors in bfloat16.
func TestMatmulGradient(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: compiles gradients of many shapes")
	}
	for _, s := range matmulCases {
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
				sum := dtypes.Float32
				gradients := func(a []*Node) []*Node {
					x := a[0]
					if again { // computed twice, as in a run that recomputes its blocks
						x = x.Checkpoint()
					}
					y := matmulTo(sum, MulScalar(x, 2), a[1], s.batch, s.axis)
					if again {
						y = y.StopCheckpoint()
					}
					return append(Gradient(ReduceAllSum(Mul(y, ConvertDType(a[2], sum))), a[0], a[1]), y)
				}
				want, got := run(t, pureGo(t), gradients, args()...), run(t, prepared(t), gradients, args()...)
				for i := range want {
					require.InDeltaSlice(t, want[i], got[i], 1e-5)
				}
				half := func(a []*Node) []*Node {
					b := make([]*Node, len(a))
					for i, x := range a {
						b[i] = ConvertDType(x, dtypes.BFloat16)
					}
					outs := gradients(b)
					requireHalfProducts(t, slices.Clone(outs))
					for i, x := range outs {
						outs[i] = ConvertDType(x, dtypes.Float32)
					}
					return outs
				}
				for _, sum = range []dtypes.DType{dtypes.BFloat16, dtypes.Float32} {
					for _, b := range []compute.Backend{pureGo(t), prepared(t)} {
						for i, x := range run(t, b, half, args()...) {
							require.InDeltaSlice(t, want[i], x, 0.1, "%s %d, sums in %s", b.Name(), i, sum)
						}
					}
				}
			})
		}
	}
}

// Scores of queries and keys in bfloat16 are the sums of their products, and not the nearest
// numbers that bfloat16 has.
func TestScoresAreNotRounded(t *testing.T) {
	const tokens, dh = 7, 16
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func() []float32 {
		x := floats(tokens*dh, rng.NormFloat64)
		for i := range x {
			x[i] = roundBFloat16(x[i])
		}
		return x
	}
	q, k := draw(), draw()
	for _, b := range []compute.Backend{pureGo(t), prepared(t)} {
		got := run(t, b, func(a []*Node) []*Node {
			return []*Node{scores(ConvertDType(a[0], dtypes.BFloat16), ConvertDType(a[1], dtypes.BFloat16))}
		}, tensors.FromFlatDataAndDimensions(q, 1, 1, 1, tokens, dh), tensors.FromFlatDataAndDimensions(k, 1, 1, tokens, dh))[0]
		rounded := 0
		for i, s := range got {
			var want float64
			for d := range dh {
				want += float64(q[i/tokens*dh+d]) * float64(k[i%tokens*dh+d])
			}
			require.InDelta(t, want, s, 1e-5, "%s, score %d", b.Name(), i)
			if roundBFloat16(s) == s {
				rounded++
			}
		}
		require.Less(t, rounded, len(got)/2, "%s", b.Name())
	}
}

// requireHalfProducts looks at all products that nodes are computed from.
func requireHalfProducts(t *testing.T, nodes []*Node) {
	t.Helper()
	seen, products := map[*Node]bool{}, 0
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		nodes = append(nodes, n.Inputs()...)
		if n.Type().String() == "DotGeneral" {
			products++
			for _, x := range n.Inputs() {
				require.Equal(t, dtypes.BFloat16, x.DType(), "%s", n)
			}
		}
	}
	require.GreaterOrEqual(t, products, 3, "forward, and for each factor")
}

// A block's single row is multiplied part by part, which gives what one product does.
func TestMultiplyRow(t *testing.T) {
	const in = 5
	rng := rand.New(rand.NewPCG(7, 8))
	for _, s := range []struct{ rows, out, products int }{{1, 3 * rowParts, rowParts}, {1, 3*rowParts + 1, 1}, {2, 3 * rowParts, 1}} {
		x, w := floats(s.rows*in, rng.NormFloat64), floats(s.out*in, rng.NormFloat64)
		products := 0
		got := run(t, prepared(t), func(a []*Node) []*Node {
			y := multiply(a[0], a[1])
			product := y
			for product.Type().String() != "DotGeneral" {
				product = product.Inputs()[0]
			}
			products = product.Shape().Size() / (s.rows * product.Shape().Dim(-1))
			return []*Node{y}
		}, tensors.FromFlatDataAndDimensions(x, 1, s.rows, in), tensors.FromFlatDataAndDimensions(w, s.out, in))[0]
		require.Equal(t, s.products, products)
		for i, y := range got {
			var want float64
			for c := range in {
				want += float64(x[i/s.out*in+c]) * float64(w[i%s.out*in+c])
			}
			require.InDelta(t, want, y, 1e-5, "%v, %d", s, i)
		}
	}
}
