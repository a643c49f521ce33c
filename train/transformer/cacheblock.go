package transformer

import (
	"fmt"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// together is how many layers are one computation where one token is read: a computation begins when
// the one before has ended, with its entries moved, and between them nothing is computed. Six by six
// a token takes a tenth less time than one by one, and the first a second more, for compiling.
const together = 6

// blocks runs the n layers from the first on a block of tokens, each with what its cache holds in
// front of them, and then cuts the caches to size. Both happen in one computation, so that neither
// keys nor patterns leave it. Of the caches' slots only the last `room` are looked at, see
// [Cache.room].
func (c *Cache) blocks(first, n int, resid, queryPos *tensors.Tensor, room int) (*tensors.Tensor, error) {
	o := c.o
	keep, counts := o.Keep.String(), o.Keep.Counts()
	if room < o.Entries {
		keep = fmt.Sprintf("all counted=%t", counts) // whoever chooses
	}
	args, layers := []*tensors.Tensor{resid, queryPos}, make([]placed, n)
	for i := range layers {
		table, at := c.turns(first+i), &c.layers[first+i]
		args = append(args, at.index, table.cos, table.sin)
		args = append(args, at.entries(counts)...)
		layers[i] = placed{layer: first + i, geometry: Geometry[*tensors.Tensor]{Window: table.window}}
	}
	name := fmt.Sprintf("cached blocks keep=%s entries=%d room=%d shifted=%t", keep, o.Entries, room, o.Shifted)
	out, err := c.m.run(name, args, layers, func(config *Config, args []*Node, blocks []bound) []*Node {
		x, out := args[0], []*Node{nil}
		each := (len(args) - 2) / n
		for i, b := range blocks {
			var held []*Node
			x, held = o.graph(config, x, args[1], args[2+each*i:][:each], b.w, b.in, room)
			out = append(out, held...)
		}
		out[0] = x
		return out
	})
	if err != nil {
		return nil, err
	}
	for i := range n {
		at := &c.layers[first+i]
		each := (len(out) - 1) / n
		at.replace(out[1+each*i:][:each])
	}
	return out[0], nil
}

// turns are the tables of a layer.
func (c *Cache) turns(layer int) turns {
	_, kind := c.m.Config.KindOf(layer)
	return c.tables[kind]
}

// room is how many slots a block of tokens looks at. While a cache fills, its entries are in the
// last slots and most are empty: where all of the block's tokens find an empty slot, so that nothing
// has to be chosen, it is the block's length times a power of two that holds the entries, which
// compiles few shapes; for a single token, all but one. Else it is all.
func (c *Cache) room(tokens, block int) int {
	all := c.o.Entries
	switch {
	case tokens < block || c.read+block > all:
		return all
	case block == 1:
		return all - 1
	case c.read == 0:
		return 0
	}
	room := block
	for room < c.read {
		room *= 2
	}
	return min(room, all)
}

// graph is one layer on a block of tokens. had is what the cache has of it: its number, its rotary
// tables, keys, values and positions and, if they are counted, mass and queries. It returns the
// residual stream and the last of these anew.
func (o *CacheOptions) graph(config *Config, resid, queryPos *Node, had []*Node, w *Layer[*Node], in Inputs, room int) (*Node, []*Node) {
	pastKey, pastValue, pastPos := had[3], had[4], had[5]
	t := resid.Shape().Dim(1)
	pos := BroadcastToDims(InsertAxes(queryPos, 1), 1, config.KVHeads, t)
	if room > 0 {
		in.PastKey, in.PastValue = lastOf(pastKey, 1, room), lastOf(pastValue, 1, room)
		pos = Concatenate([]*Node{lastOf(pastPos, 2, room), pos}, 2) // [1, K, n]
	}
	filled := GreaterOrEqual(pos, ZerosLike(pos))
	seat, query := pos, queryPos
	if o.Shifted {
		seat, query = seats(filled, t)
		seat = Where(filled, seat, MulScalar(OnesLike(seat), -1))
	}
	// A query of padding stands where the last token does, so that it sees something: a row without
	// a key would be NaN, and as a value it would spread. Nothing of it is kept.
	real := GreaterOrEqual(queryPos, ZerosLike(queryPos))
	newest := ReduceMax(Where(real, query, ZerosLike(query)))
	query = Where(real, query, BroadcastToShape(newest, query.Shape()))

	turned := func(table, at *Node) *Node { return Gather(table, InsertAxes(MaxScalar(at, 0), -1)) }
	cos, sin := Squeeze(had[1], 0), Squeeze(had[2], 0)
	in.Resid, in.QueryChunk = resid, t
	in.QueryPos, in.KeyPos = query, seat
	in.Cos, in.Sin = turned(cos, query), turned(sin, query)
	place := TransposeAllAxes(seat, 0, 2, 1) // [1, n, K]
	// Key i of each head has the same place where all hold equally many, and count, or hold the same.
	if o.Shifted || room < o.Entries {
		place = Slice(place, AxisRange(), AxisRange(), AxisRange(0, 1))
	}
	in.KeyCos, in.KeySin = turned(cos, place), turned(sin, place)
	nodes := Block(config, w, in)

	heads := func(x *Node) *Node { return TransposeAllAxes(x, 0, 2, 1, 3) } // [1, n, K, Dh] → [1, K, n, Dh]
	counted := Reshape(ConvertDType(real, dtypes.Float32), 1, 1, 1, t, 1)
	e := &Entries{
		Keys: heads(nodes.Key), Values: heads(nodes.V), Pattern: Mul(nodes.Rows[0].Pattern, counted),
		Pos: pos, QueryPos: queryPos, Layer: had[0],
	}
	counts := o.Keep.Counts()
	e.Received = sync.OnceValues(func() (mass, seen *Node) {
		if !counts {
			panic(fmt.Sprintf("cache: %s asks for what entries received, but says that it does not count it", o.Keep))
		}
		return e.received(lastOf(had[6], 2, room), lastOf(had[7], 2, room), in.Window)
	})
	plain := after(in.PastKey, nodes.KeyPlain)
	if room == o.Entries {
		slots := o.Keep.Keep(e, room)
		bySlot := TransposeAllAxes(slots, 0, 2, 1) // [1, N, K]
		held := []*Node{takeRows(plain, bySlot), takeRows(nodes.V, bySlot), take(pos, slots)}
		if counts {
			mass, seen := e.Received()
			held = append(held, take(mass, slots), take(seen, slots))
		}
		return nodes.ResidOut, held
	}
	// All stay, and as many empty slots leave at the front.
	moved := func(past, now *Node, axis int) *Node {
		if empty := o.Entries - room; empty > t {
			now = Concatenate([]*Node{SliceAxis(past, axis, AxisRange(t, empty)), now}, axis)
		}
		return lastOf(now, axis, o.Entries)
	}
	held := []*Node{moved(pastKey, plain, 1), moved(pastValue, nodes.V, 1), moved(pastPos, pos, 2)}
	if counts {
		mass, seen := e.Received()
		held = append(held, moved(had[6], mass, 2), moved(had[7], seen, 2))
	}
	return nodes.ResidOut, held
}

// seats are the places of keys [1, K, n] and of the last t of them, the block's queries [1, t],
// counted from the first entry. All key/value heads hold equally many.
func seats(filled *Node, t int) (key, query *Node) {
	shape := filled.Shape()
	n := shape.Dim(2)
	at := Iota(filled.Graph(), shapes.Make(dtypes.Int32, shape.Dimensions...), 2)
	pastOnly := LessThan(at, AddScalar(ZerosLike(at), n-t))
	empty := ReduceAndKeep(ConvertDType(LogicalAnd(pastOnly, LogicalNot(filled)), dtypes.Int32), ReduceSum, -1) // [1, K, 1]
	key = Sub(at, BroadcastToShape(empty, at.Shape()))
	return key, Reshape(Slice(key, AxisRange(), AxisElem(0), AxisRange(n-t)), 1, t)
}

// lastOf is the last n along an axis, nil if that is none.
func lastOf(x *Node, axis, n int) *Node {
	if n == 0 {
		return nil
	}
	return SliceAxis(x, axis, AxisRange(x.Shape().Dim(axis)-n))
}
