package transformer

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// matmul sums over the last axis of x [batch…, rows…, in] and one of the two that w
// has behind the batch axes they share: batch+1 for w [batch…, out, in], batch for
// w [batch…, in, out]. The result is [batch…, rows…, out].
//
// It brings its own gradients in two cases. On a CPU for w: XLA's kernels there multiply
// fast when the left factor lies row by row, so dyᵀ·x needs dyᵀ written out. XLA does that
// by computing dy once more, column by column: that alone took a tenth of an update. Here
// the narrower of x and dy is transposed, and the other is read as it lies. And in half
// precision for both factors: GoMLX's gradient converts them to float32 and multiplies
// those, which is two thirds of an update at a fraction of a GPU's speed.
func matmul(x, w *Node, batch, axis int) *Node { return matmulTo(x.DType(), x, w, batch, axis) }

// matmulTo is matmul with the sums in a type of their own: factors in half precision,
// whose products are summed in float32 anyhow, need not have the sum rounded.
func matmulTo(sum dtypes.DType, x, w *Node, batch, axis int) *Node {
	shared, factor := axes(0, batch), x.DType()
	half := factor.IsHalfPrecision()
	dot := func(x, w *Node) *Node {
		return Dot(x, w).WithOutputDType(sum).General([]int{x.Rank() - 1}, shared, []int{axis}, shared)
	}
	if !onCPU(x.Graph()) && !half {
		return dot(x, w)
	}
	// The gradient for y comes before those for x and w, which are made of it. They read
	// x and w from the graph, where a block that is computed twice has its second copy.
	var left, right, dy *Node
	if half {
		x = IdentityWithCustomGradient(x, func(_, _ *Node) *Node { return gradientOfLeft(dy, right, batch, axis) })
	}
	w = IdentityWithCustomGradient(w, func(_, _ *Node) *Node { return gradientOfRight(left, dy, batch, axis) })
	return IdentityWithCustomGradient(dot(x, w), func(y, v *Node) *Node {
		product := y.Inputs()[0]
		left, right, dy = product.Inputs()[0], product.Inputs()[1], ConvertDType(v, factor)
		return v
	})
}

// rowParts is into how many parts a matrix is cut that one row is multiplied with: on two cores four
// and eight are as fast, two and twelve slower, and more cores can use more.
const rowParts = 8

// multiply is x Wᵀ for x [..., in] and W [out, in]: [..., out], in the type of x. A single row takes
// as long as reading W, and for it XLA's CPU backend has a kernel that uses one thread unless W is
// large, where two read twice as fast. So a block's single row, x [1, 1, in], is multiplied with
// parts of W as a batch, which threads share: of SmolLM2's time for a token, a seventh less (two
// cores of a Xeon).
func multiply(x, w *Node) *Node {
	out, in := w.Shape().Dim(0), w.Shape().Dim(1)
	if x.Rank() != 3 || x.Shape().Size() != in || out%rowParts != 0 || !onCPU(x.Graph()) {
		return matmul(x, w, 0, 1)
	}
	y := matmul(BroadcastToDims(x, rowParts, 1, in), Reshape(w, rowParts, out/rowParts, in), 1, 2)
	return Reshape(y, 1, 1, out)
}

// gradientOfLeft is dy·w over out, for dy [batch…, rows…, out], in the shape of matmul's x.
func gradientOfLeft(dy, w *Node, batch, axis int) *Node {
	shared, out := axes(0, batch), 2*batch+1-axis // the other of w's two axes
	return DotGeneral(dy, []int{dy.Rank() - 1}, shared, w, []int{out}, shared)
}

// gradientOfRight is xᵀ·dy over the rows of x [batch…, rows…, in] and
// dy [batch…, rows…, out], in the shape of matmul's w.
func gradientOfRight(x, dy *Node, batch, axis int) *Node {
	cpu := onCPU(x.Graph())
	// Over two axes, XLA transposes the left factor and takes its fast kernel. Over one,
	// it leaves the product to another that packs both factors slowly.
	if cpu && x.Rank() == batch+2 {
		x, dy = splitRows(x, batch), splitRows(dy, batch)
	}
	rows, shared := axes(batch, x.Rank()-1), axes(0, batch)
	inFirst := axis == batch
	if cpu {
		inFirst = x.Shape().Dim(-1) <= dy.Shape().Dim(-1)
	}
	left, right := dy, x
	if inFirst {
		left, right = x, dy
	}
	g := DotGeneral(left, rows, shared, right, rows, shared)
	if inFirst == (axis == batch) {
		return g
	}
	return transposed(g)
}

// splitRows cuts an axis in two, of length 2 and half of what there was if that is
// even, else 1 and all of it.
func splitRows(x *Node, axis int) *Node {
	d := x.Shape().Dimensions
	parts := 2 - d[axis]%2
	split := append([]int{}, d[:axis]...)
	split = append(split, parts, d[axis]/parts)
	return Reshape(x, append(split, d[axis+1:]...)...)
}

// transposed swaps the last two axes, in two halves: XLA writes them out once, where it
// would swap the factors of the product instead if it saw one transposition of it.
func transposed(x *Node) *Node {
	rank, n := x.Rank(), x.Shape().Dim(-1)
	if n < 2 {
		return Transpose(x, rank-2, rank-1)
	}
	part := func(from, to int) *Node {
		return Transpose(SliceAxis(x, rank-1, AxisRange(from, to)), rank-2, rank-1)
	}
	return Concatenate([]*Node{part(0, n/2), part(n/2, n)}, rank-2)
}

// axes are those from … to−1.
func axes(from, to int) []int {
	list := make([]int, to-from)
	for i := range list {
		list[i] = from + i
	}
	return list
}

// onCPU reports whether a graph is compiled by XLA for a CPU.
func onCPU(g *Graph) bool {
	xla, ok := g.Backend().(interface{ IsCPU() bool })
	return ok && xla.IsCPU()
}
