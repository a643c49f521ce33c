package transformer

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Geometry is where the queries and the keys of a block stand, as data: windows,
// packings, caches and kinds of layers are other values of it, not other code. Like
// [Params] it holds tensors when a block runs and nodes while its graph is built; what
// is unset is not in the graph at all.
//
// Query t sees key s if
//
//	0 ≤ KeyPos[s] ≤ QueryPos[t]  ∧  QueryPos[t] − KeyPos[s] < Window  ∧  Visible[t, s].
//
// How far a query or key is turned is a matter apart: rotary positions may restart in
// each packed document, or count places in a cache.
type Geometry[E any] struct {
	// Cos and Sin [B or 1, T, R/2] float32 turn the queries, and the keys made of the
	// same tokens; see Config.Rotations.
	Cos, Sin E
	// KeyCos and KeySin [B or 1, S, K or 1, R/2] turn the keys where these are others
	// than the queries' own; unset: Cos and Sin.
	KeyCos, KeySin E

	// QueryPos [B or 1, T] and KeyPos [B or 1, K or 1, S] int32 are places in the
	// sequence, −1 for an empty slot of a cache. Both unset: the keys are the queries'
	// own tokens, in order, so that a chunk of queries can leave out the keys behind it.
	QueryPos, KeyPos E
	// Window int32 [] is W: a query sees the last W places, its own included. Unset: all.
	Window E
	// Visible boolean [B or 1, T, S] narrows what is seen further, to at least one key
	// for each query.
	Visible E
}

// each visits the arrays in a fixed order.
func (g *Geometry[E]) each(visit func(slot *E)) {
	for _, slot := range []*E{&g.Cos, &g.Sin, &g.KeyCos, &g.KeySin, &g.QueryPos, &g.KeyPos, &g.Window, &g.Visible} {
		visit(slot)
	}
}

// Geometry of layer l for keys that are the queries' own tokens, from their rotary
// positions [B or 1][T].
func (c *Config) Geometry(l int, positions [][]int32) Geometry[*tensors.Tensor] {
	_, kind := c.KindOf(l)
	var flat []int32
	for _, row := range positions {
		flat = append(flat, row...)
	}
	cos, sin := c.Rotations(kind, flat)
	table := func(x []float32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(x, len(positions), len(positions[0]), c.RotaryWidth()/2)
	}
	geo := Geometry[*tensors.Tensor]{Cos: table(cos), Sin: table(sin)}
	if c.windowed() {
		w := int32(kind.Window)
		if w == 0 {
			w = math.MaxInt32
		}
		geo.Window = tensors.FromScalar(w)
	}
	return geo
}

// Constants are a geometry's arrays as constants of a graph.
func Constants(g *Graph, geo Geometry[*tensors.Tensor]) Geometry[*Node] {
	var nodes []*Node
	geo.each(func(slot **tensors.Tensor) {
		nodes = append(nodes, nil)
		if *slot != nil {
			nodes[len(nodes)-1] = ConstTensor(g, *slot)
		}
	})
	var out Geometry[*Node]
	out.each(func(slot **Node) { *slot, nodes = nodes[0], nodes[1:] })
	return out
}

// Free releases all arrays.
func (g *Geometry[E]) Free() {
	g.each(func(slot *E) {
		if t, ok := any(*slot).(*tensors.Tensor); ok {
			Free(t)
		}
	})
}

// Ascending are the positions 0 … t−1, of one row.
func Ascending(t int) [][]int32 {
	row := make([]int32, t)
	for i := range row {
		row[i] = int32(i)
	}
	return [][]int32{row}
}

// ownKeys tells that the keys are the queries' own tokens, in order.
func (g *Geometry[E]) ownKeys() bool { return any(g.KeyPos) == any(*new(E)) }

// standing are the places of a chunk of queries [B or 1, 1, 1, Tc, 1] and of their keys
// [B or 1, K or 1, 1, 1, Sc], each to be broadcast to the other.
func standing(geo *Geometry[*Node], scores *Node, start int) (query, key *Node) {
	g, rows, keys := scores.Graph(), scores.Shape().Dim(3), scores.Shape().Dim(4)
	if geo.ownKeys() {
		shape := shapes.Make(dtypes.Int32, 1, 1, 1, rows, keys)
		return AddScalar(Iota(g, shape, 3), int32(start)), Iota(g, shape, 4)
	}
	query = Slice(geo.QueryPos, AxisRange(), AxisRange(start, start+rows))
	return InsertAxes(query, 1, 1, -1), InsertAxes(geo.KeyPos, 2, 2)
}

// visible is the boolean mask of a chunk of rows, of the shape of its scores, see
// [Geometry]; a KeyBias of −Inf hides too.
func visible(in Inputs, scores *Node, start int) *Node {
	g := scores.Graph()
	query, key := standing(&in.Geometry, scores, start)
	mask := LessOrEqual(key, query)
	if !in.ownKeys() {
		mask = LogicalAnd(mask, BroadcastToShape(GreaterOrEqual(key, ScalarZero(g, key.DType())), mask.Shape()))
	}
	if in.Window != nil {
		mask = LogicalAnd(mask, LessThan(Sub(query, key), in.Window))
	}
	if in.Visible != nil {
		rows, keys := scores.Shape().Dim(3), scores.Shape().Dim(4)
		extra := InsertAxes(Slice(in.Visible, AxisRange(), AxisRange(start, start+rows), AxisRange(0, keys)), 1, 1)
		both := mask.Shape().Clone()
		both.Dimensions[0] = max(both.Dimensions[0], extra.Shape().Dim(0))
		mask = LogicalAnd(BroadcastToShape(mask, both), BroadcastToShape(extra, both))
	}
	mask = BroadcastToDims(mask, scores.Shape().Dimensions...)
	if in.Edits.KeyBias != nil {
		// Softpick and sigmoid count the visible keys, so e^−∞ = 0 does not do.
		mask = LogicalAnd(mask, NotEqual(scores, Infinity(g, scores.DType(), -1)))
	}
	return mask
}
