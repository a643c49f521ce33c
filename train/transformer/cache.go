package transformer

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// CacheOptions say what a cache of keys and values holds.
type CacheOptions struct {
	// Entries is N, how many each key/value head keeps in each layer.
	Entries int
	// Block is B, the most tokens that are fed at once. While they pass a layer, N + B entries are
	// there.
	Block int
	// Keep chooses the N that stay.
	Keep Keeper
	// Shifted turns keys and queries by their places in the cache and the block, as StreamingLLM
	// does (arXiv 2309.17453), and windows count these; else by their positions in the text, which
	// end with the model's context.
	Shifted bool
}

// Validate says what no model could do.
func (o *CacheOptions) Validate() error {
	switch {
	case o.Block < 1:
		return fmt.Errorf("cache: blocks of %d tokens: use at least 1", o.Block)
	case o.Entries < 1:
		return fmt.Errorf("cache: %d entries: use at least 1", o.Entries)
	case o.Keep == nil:
		return fmt.Errorf("cache: no choice of the entries that stay: see sinks/eviction")
	}
	return o.Keep.Check(o.Entries, o.Block)
}

// Cache is what a model keeps of one text that it reads block by block: at most N entries a
// key/value head, with keys as they are before the rotary embedding. Memory and work for a token do
// not depend on how much was read. It is not safe for concurrent use.
type Cache struct {
	m      *Model
	o      CacheOptions
	layers []cachedLayer
	tables map[Kind]turns
	read   int // tokens so far
}

// cachedLayer is a layer's part on the device.
type cachedLayer struct {
	key, value *tensors.Tensor // [1, N, K, Dh] float32
	pos        *tensors.Tensor // [1, K, N] int32, −1: empty
	mass, seen *tensors.Tensor // [1, K, N] float32; nil unless the choice counts them
	index      *tensors.Tensor // the layer's, int32 scalar: the same all along
}

// slots are what a block replaces.
func (l *cachedLayer) slots(counted bool) []**tensors.Tensor {
	slots := []**tensors.Tensor{&l.key, &l.value, &l.pos}
	if counted {
		slots = append(slots, &l.mass, &l.seen)
	}
	return slots
}

// entries are what is in the slots.
func (l *cachedLayer) entries(counted bool) (held []*tensors.Tensor) {
	for _, slot := range l.slots(counted) {
		held = append(held, *slot)
	}
	return held
}

// replace puts others there, and frees those that were.
func (l *cachedLayer) replace(held []*tensors.Tensor) {
	for i, slot := range l.slots(len(held) > 3) {
		Free(*slot)
		*slot = held[i]
	}
}

// turns are the rotary tables of a kind of layer, a row for each position that can occur.
type turns struct{ cos, sin, window *tensors.Tensor }

// NewCache makes an empty cache for a model to read with. It is the caller's to close.
func NewCache(m *Model, o CacheOptions) (*Cache, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := &m.Config
	if c.LearnedPositions > 0 {
		return nil, errors.New("cache: the model adds a learned row for each position to its embeddings, and keys that hold it cannot be moved: caches are for rotary positions")
	}
	positions := o.Entries + o.Block
	if positions > c.Context && o.Shifted {
		return nil, fmt.Errorf("cache: %d entries and a block of %d tokens are more places than the model's context of %d: lower one of them",
			o.Entries, o.Block, c.Context)
	}
	if !o.Shifted {
		positions = c.Context
	}
	cache := &Cache{m: m, o: o, layers: make([]cachedLayer, c.Layers), tables: map[Kind]turns{}}
	// shaped are the shapes of a layer's slots, in their order.
	vectors, numbers := shapes.Make(dtypes.Float32, 1, o.Entries, c.KVHeads, c.HeadDim), []int{1, c.KVHeads, o.Entries}
	shaped := []shapes.Shape{vectors, vectors, shapes.Make(dtypes.Int32, numbers...), shapes.Make(dtypes.Float32, numbers...), shapes.Make(dtypes.Float32, numbers...)}
	for l := range cache.layers {
		_, kind := c.KindOf(l)
		if _, ok := cache.tables[kind]; !ok {
			geo := c.Geometry(l, Ascending(positions))
			cache.tables[kind] = turns{geo.Cos, geo.Sin, geo.Window}
		}
		at := &cache.layers[l]
		at.index = tensors.FromScalar(int32(l))
		for i, slot := range at.slots(o.Keep.Counts()) {
			var err error
			if *slot, err = empty(m.Backend, shaped[i]); err != nil {
				cache.Close()
				return nil, fmt.Errorf("cache: layer %d: %w", l+1, err)
			}
		}
	}
	return cache, nil
}

// empty is a tensor of zeros, or of positions −1, that lies where the device works on it, if the two
// share memory: a second copy on the host would take as much again.
func empty(backend compute.Backend, shape shapes.Shape) (*tensors.Tensor, error) {
	t, err := tensors.FromShapeForBackend(backend, 0, shape)
	if err == nil && shape.DType == dtypes.Int32 {
		err = tensors.MutableFlatData(t, func(flat []int32) {
			for i := range flat {
				flat[i] = -1
			}
		})
	}
	return t, err
}

// Close frees the cache's memory.
func (c *Cache) Close() {
	for l := range c.layers {
		Free(c.layers[l].entries(true)...)
		Free(c.layers[l].index)
	}
	for _, t := range c.tables {
		Free(t.cos, t.sin, t.window)
	}
	c.layers, c.tables = nil, nil
}

// Read is how many tokens the cache has seen.
func (c *Cache) Read() int { return c.read }

// Feed is what Cache.Feed returns.
type Feed struct {
	Loss   []float32 // [targets] −log p(target), nats
	Logits []float32 // [V] after the last token
}

// Feed reads at most Block tokens on. targets, if any, are the tokens that follow each of the first
// of them, whose losses are wanted; last asks for the logits after the last one.
func (c *Cache) Feed(ids, targets []int32, last bool) (*Feed, error) {
	if err := c.check(ids, targets); err != nil {
		return nil, err
	}
	block := len(ids)
	if block > 1 {
		block = c.o.Block // few compiled shapes: a whole block, and one token
	}
	padded, pos := make([]int32, block), make([]int32, block)
	for i := range pos {
		pos[i] = -1
		if i < len(ids) {
			padded[i], pos[i] = ids[i], int32(c.read+i)
		}
	}
	tokens := tensors.FromFlatDataAndDimensions(padded, 1, block)
	queryPos := tensors.FromFlatDataAndDimensions(pos, 1, block)
	defer Free(tokens, queryPos)
	resid, err := c.m.Embed(tokens, nil)
	if err != nil {
		return nil, err
	}
	defer func() { Free(resid) }()
	room := c.room(len(ids), block)
	for l, n := 0, 1; l < len(c.layers); l += n {
		if block == 1 {
			n = min(together, len(c.layers)-l)
		}
		next, err := c.blocks(l, n, resid, queryPos, room)
		if err != nil {
			return nil, fmt.Errorf("layers %d to %d: %w", l+1, l+n, err)
		}
		Free(resid)
		resid = next
	}
	c.read += len(ids)
	return c.heads(resid, len(ids), targets, last)
}

// cacheFloats bounds the logits of one call where a text has no end, 16 MiB: the loss takes three
// times as much for a moment, which is the most that reading needs beside weights and entries.
const cacheFloats = 4 << 20

// heads runs the output layer on the rows that are asked for.
func (c *Cache) heads(resid *tensors.Tensor, n int, targets []int32, last bool) (*Feed, error) {
	x, err := tensors.CopyFlatData[float32](resid)
	if err != nil {
		return nil, fmt.Errorf("reading the residual stream: %w", err)
	}
	d := c.m.Config.Width
	rows := make([][]float32, n)
	for t := range rows {
		if rows[t] = x[t*d : (t+1)*d]; !Finite(rows[t]) {
			return nil, c.m.notFinite("token %d: the last residual stream is", c.read-n+t+1)
		}
	}
	out := &Feed{}
	if len(targets) > 0 {
		if out.Loss, _, err = c.m.predict(rows[:len(targets)], targets, cacheFloats); err != nil {
			return nil, err
		}
	}
	if last {
		logits, err := c.m.logits(rows[n-1:])
		if err != nil {
			return nil, err
		}
		out.Logits = logits[0]
	}
	return out, nil
}

func (c *Cache) check(ids, targets []int32) error {
	switch {
	case c.layers == nil:
		return fmt.Errorf("cache: it is closed")
	case len(ids) == 0 || len(ids) > c.o.Block:
		return fmt.Errorf("cache: %d tokens at once: it takes 1 to %d", len(ids), c.o.Block)
	case len(targets) > len(ids):
		return fmt.Errorf("cache: %d targets of %d tokens", len(targets), len(ids))
	case !c.o.Shifted && c.read+len(ids) > c.m.Config.Context:
		return fmt.Errorf("cache: token %d is beyond the model's context of %d: positions of the text end there; count places in the cache instead (Shifted), or read shorter texts",
			c.read+len(ids), c.m.Config.Context)
	case c.read+len(ids) > math.MaxInt32:
		return fmt.Errorf("cache: %d tokens are more than it counts", c.read)
	}
	for _, list := range [][]int32{ids, targets} {
		for t, id := range list {
			if id < 0 || int(id) >= c.m.Config.Vocab {
				return fmt.Errorf("cache: token %d: id %d is outside the vocabulary [0, %d)", c.read+t+1, id, c.m.Config.Vocab)
			}
		}
	}
	return nil
}

// Kept lists the positions that a layer holds, [K][≤ N] in order.
func (c *Cache) Kept(layer int) ([][]int32, error) {
	if layer < 0 || layer >= len(c.layers) {
		return nil, fmt.Errorf("cache: no layer %d: there are 0 to %d", layer, len(c.layers)-1)
	}
	flat, err := tensors.CopyFlatData[int32](c.layers[layer].pos)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	kept := make([][]int32, c.m.Config.KVHeads)
	for i, pos := range flat {
		if pos >= 0 {
			kept[i/c.o.Entries] = append(kept[i/c.o.Entries], pos)
		}
	}
	return kept, nil
}
