package transformer

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// block runs a layer on a block of tokens, with what the layer's cache holds in front of them, and
// then cuts the cache to size. Both happen in one computation, so that neither keys nor pattern
// leave it.
func (c *Cache) block(l int, resid, queryPos *tensors.Tensor) (*tensors.Tensor, error) {
	_, kind := c.m.Config.KindOf(l)
	table, at := c.tables[kind], &c.layers[l]
	out, err := c.m.Run(Call{
		Layer:    l,
		Geometry: Geometry[*tensors.Tensor]{Window: table.window},
		Args:     []*tensors.Tensor{resid, queryPos, at.key, at.value, at.pos, at.mass, at.seen, at.index, table.cos, table.sin},
		Name:     fmt.Sprintf("cached block keep=%s entries=%d shifted=%t", c.o.Keep, c.o.Entries, c.o.Shifted),
		Build:    c.graph,
	})
	if err != nil {
		return nil, err
	}
	at.freeEntries()
	at.key, at.value, at.pos, at.mass, at.seen = out[1], out[2], out[3], out[4], out[5]
	return out[0], nil
}

func (c *Cache) graph(config *Config, args []*Node, w *Layer[*Node], in Inputs) []*Node {
	resid, queryPos, pastKey, pastValue, pastPos := args[0], args[1], args[2], args[3], args[4]
	n, t := c.o.Entries+resid.Shape().Dim(1), resid.Shape().Dim(1)
	own := BroadcastToDims(InsertAxes(queryPos, 1), 1, config.KVHeads, t)
	pos := Concatenate([]*Node{pastPos, own}, 2) // [1, K, n]
	filled := GreaterOrEqual(pos, ZerosLike(pos))
	seat, query := pos, queryPos
	if c.o.Shifted {
		seat, query = c.seats(pastPos, n, t)
		seat = Where(filled, seat, MulScalar(OnesLike(seat), -1))
	}
	// A query of padding stands where the last token does, so that it sees something: a row without
	// a key would be NaN, and as a value it would spread. Nothing of it is kept.
	real := GreaterOrEqual(queryPos, ZerosLike(queryPos))
	last := ReduceMax(Where(real, query, ZerosLike(query)))
	query = Where(real, query, BroadcastToShape(last, query.Shape()))

	turned := func(table, at *Node) *Node { return Gather(table, InsertAxes(MaxScalar(at, 0), -1)) }
	cos, sin := Squeeze(args[8], 0), Squeeze(args[9], 0)
	byKey := TransposeAllAxes(seat, 0, 2, 1) // [1, n, K]
	in.Resid, in.QueryChunk = resid, t
	in.PastKey, in.PastValue = pastKey, pastValue
	in.QueryPos, in.KeyPos = query, seat
	in.Cos, in.Sin = turned(cos, query), turned(sin, query)
	in.KeyCos, in.KeySin = turned(cos, byKey), turned(sin, byKey)
	nodes := Block(config, w, in)

	heads := func(x *Node) *Node { return TransposeAllAxes(x, 0, 2, 1, 3) } // [1, n, K, Dh] ↔ [1, K, n, Dh]
	counted := Reshape(ConvertDType(real, dtypes.Float32), 1, 1, 1, t, 1)
	e := &Entries{
		Keys: heads(nodes.Key), Values: heads(nodes.V), Pattern: Mul(nodes.Rows[0].Pattern, counted),
		Pos: pos, QueryPos: queryPos, Layer: args[7],
	}
	e.count(args[5], args[6], in.Window)
	slots := c.o.Keep.Keep(e, c.o.Entries)
	plain := heads(Concatenate([]*Node{pastKey, nodes.KeyPlain}, 1))
	return []*Node{
		nodes.ResidOut, heads(take(plain, slots)), heads(take(e.Values, slots)),
		take(e.Pos, slots), take(e.Mass, slots), take(e.Seen, slots),
	}
}

// seats are the places of keys [1, K, n] and queries [1, t] in cache and block, counted from the
// first entry. All key/value heads hold equally many.
func (c *Cache) seats(pastPos *Node, n, t int) (key, query *Node) {
	g := pastPos.Graph()
	empty := ReduceAndKeep(ConvertDType(LessThan(pastPos, ZerosLike(pastPos)), dtypes.Int32), ReduceSum, -1) // [1, K, 1]
	key = Iota(g, shapes.Make(dtypes.Int32, 1, pastPos.Shape().Dim(1), n), 2)
	key = Sub(key, BroadcastToShape(empty, key.Shape()))
	query = AddScalar(Iota(g, shapes.Make(dtypes.Int32, 1, t), 1), int32(c.o.Entries))
	first := Reshape(Slice(empty, AxisRange(), AxisElem(0)), 1, 1)
	return key, Sub(query, BroadcastToShape(first, query.Shape()))
}
