package transformer

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
)

// Batch is what a forward pass reads: documents of token ids, of any lengths.
// Shorter ones are padded on the right, where causality keeps padding from
// touching anything real.
type Batch struct {
	IDs [][]int32 // [B][length]

	// Positions of the tokens for the rotary embedding, [B][length]. Nil:
	// 0, 1, 2, … in every document.
	Positions [][]int32

	// Visible narrows what queries see on top of causality, flat [B, T, S] with
	// T = S = the longest document's length. Each token must see at least one
	// key; rows of padding are not read. Nil: every position up to the query's
	// own.
	Visible []bool
}

// One wraps a single document.
func One(ids []int32) Batch { return Batch{IDs: [][]int32{ids}} }

// check refuses what the model cannot run, by document and position (both
// counted from 1, as in the paper).
func (b *Batch) check(c *Config) error {
	if len(b.IDs) == 0 {
		return fmt.Errorf("batch: no documents")
	}
	for d, ids := range b.IDs {
		if len(ids) == 0 {
			return fmt.Errorf("batch: document %d is empty: a prompt needs at least one token", d+1)
		}
		if len(ids) > c.Context {
			return fmt.Errorf("batch: document %d has %d tokens, the model's context is %d: shorten the document", d+1, len(ids), c.Context)
		}
		for t, id := range ids {
			if id < 0 || int(id) >= c.Vocab {
				return fmt.Errorf("batch: document %d, token %d: id %d is outside the vocabulary [0, %d)", d+1, t+1, id, c.Vocab)
			}
		}
	}
	if b.Positions != nil {
		if len(b.Positions) != len(b.IDs) {
			return fmt.Errorf("batch: positions for %d documents, ids for %d", len(b.Positions), len(b.IDs))
		}
		for d := range b.IDs {
			if len(b.Positions[d]) != len(b.IDs[d]) {
				return fmt.Errorf("batch: document %d has %d positions for %d tokens", d+1, len(b.Positions[d]), len(b.IDs[d]))
			}
			if p := c.LearnedPositions; p > 0 && (slices.Max(b.Positions[d]) >= int32(p) || slices.Min(b.Positions[d]) < 0) {
				return fmt.Errorf("batch: document %d has positions outside [0, %d): the model learned no others", d+1, p)
			}
		}
	}
	return b.checkVisible()
}

func (b *Batch) checkVisible() error {
	if b.Visible == nil {
		return nil
	}
	n := b.longest()
	if len(b.Visible) != len(b.IDs)*n*n {
		return fmt.Errorf("batch: visible has %d entries: must be B·T·T = %d·%d·%d", len(b.Visible), len(b.IDs), n, n)
	}
	for d, ids := range b.IDs {
		for t := range ids {
			if row := b.Visible[(d*n+t)*n:][:t+1]; !slices.Contains(row, true) {
				return fmt.Errorf("batch: document %d, token %d: visible leaves it no key: let it see itself at least", d+1, t+1)
			}
		}
	}
	return nil
}

// longest is the number of tokens of the longest document.
func (b *Batch) longest() int {
	n := 0
	for _, ids := range b.IDs {
		n = max(n, len(ids))
	}
	return n
}

// Bucket rounds a length up to the next one that blocks are compiled for: 8, 16,
// 32, 64, then in steps of a quarter of a power of two, so that padding beyond 64
// adds less than a quarter and the number of compilations stays small.
func Bucket(t int) int {
	if t <= 64 {
		n := 8
		for n < t {
			n *= 2
		}
		return n
	}
	step := 16
	for step*8 < t {
		step *= 2
	}
	return (t + step - 1) / step * step
}

// inputs are a batch's tensors, padded to T = Bucket(longest).
type inputs struct {
	b, t int
	ids  *tensors.Tensor // [B, T] int32
	lens *tensors.Tensor // [B] int32
	// positions [B or 1, T] int32 are those of the learned table, where there is one.
	positions *tensors.Tensor
	// kinds are the layers' geometries by the letters of their kinds; Visible is not in
	// them but here, [B, T, T] bool or nil.
	kinds   map[string]Geometry[*tensors.Tensor]
	visible *tensors.Tensor
}

// geometry is that of layer l.
func (in *inputs) geometry(c *Config, l int) Geometry[*tensors.Tensor] {
	letter, _ := c.KindOf(l)
	geo := in.kinds[letter]
	geo.Visible = in.visible
	return geo
}

func (b *Batch) inputs(c *Config, backend compute.Backend) (*inputs, error) {
	if err := b.check(c); err != nil {
		return nil, err
	}
	longest := b.longest()
	in := &inputs{b: len(b.IDs), t: Bucket(longest)}
	ids := make([]int32, in.b*in.t)
	lens := make([]int32, in.b)
	for d, doc := range b.IDs {
		copy(ids[d*in.t:], doc)
		lens[d] = int32(len(doc))
	}
	in.ids = tensors.FromFlatDataAndDimensions(ids, in.b, in.t)
	in.lens = tensors.FromFlatDataAndDimensions(lens, in.b)

	positions := Ascending(in.t)
	if b.Positions != nil {
		ascending := positions[0]
		positions = nil
		for _, row := range b.Positions {
			positions = append(positions, append(slices.Clone(row), ascending[len(row):]...))
		}
	}
	if p := c.LearnedPositions; p > 0 {
		rows := make([][]int32, len(positions))
		for i, row := range positions {
			for _, at := range row {
				rows[i] = append(rows[i], min(at, int32(p-1))) // padding may stand beyond the table
			}
		}
		in.positions = tensors.FromValue(rows)
	}
	in.kinds = map[string]Geometry[*tensors.Tensor]{}
	for l := range c.Layers {
		if letter, _ := c.KindOf(l); in.kinds[letter].Cos == nil {
			in.kinds[letter] = c.Geometry(l, positions)
		}
	}

	if b.Visible != nil {
		// Padded queries see everything: a row without a key would be NaN, and as a
		// value it would spread, since 0 · NaN is NaN.
		vis := make([]bool, in.b*in.t*in.t)
		for i := range vis {
			vis[i] = true
		}
		for d := range in.b {
			for t := range b.IDs[d] {
				from := (d*longest + t) * longest
				copy(vis[(d*in.t+t)*in.t:], b.Visible[from:from+longest])
			}
		}
		in.visible = tensors.FromFlatDataAndDimensions(vis, in.b, in.t, in.t)
	}
	// Used by every layer: moved once, without a second copy on the host.
	var err error
	in.each(func(t *tensors.Tensor) {
		if err == nil && t != nil {
			err = t.ToDevice(backend, 0)
		}
	})
	if err != nil {
		in.free()
		return nil, fmt.Errorf("batch: moving inputs to the device: %w", err)
	}
	return in, nil
}

// each visits all tensors, nil ones too.
func (in *inputs) each(visit func(*tensors.Tensor)) {
	for _, t := range []*tensors.Tensor{in.ids, in.lens, in.positions, in.visible} {
		visit(t)
	}
	for _, geo := range in.kinds {
		geo.each(func(slot **tensors.Tensor) { visit(*slot) })
	}
}

func (in *inputs) free() { in.each(func(t *tensors.Tensor) { Free(t) }) }
