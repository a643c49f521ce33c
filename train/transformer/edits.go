package transformer

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// edits holds one element per place where a block can be edited: a tensor when
// it runs, a node while its graph is built. Unset places are not in the graph at
// all, so an empty edit changes nothing, bit for bit.
type edits[E any] struct {
	// KeyBias [B, H, S] is added to the scores of key s for every later query;
	// −Inf hides the key as a mask would. The diagonal is left alone: a query
	// still sees itself, so no row becomes empty, and an edit of token 1's key
	// does not touch token 1's own computation.
	KeyBias E
	// ValueScale [B, K, S] multiplies value vectors (0: attention to the
	// position moves nothing).
	ValueScale E
	// HeadScale [B, H, T] multiplies heads' outputs (0: head ablated).
	HeadScale E
	// AttnScale [B, T] multiplies what attention adds to the residual stream.
	AttnScale E
	// MLPScale [B, T] multiplies what the MLP adds to the residual stream.
	MLPScale E
	// ResidAdd [B, T, D] is added to the residual stream that leaves the block.
	ResidAdd E
	// CopyFrom [B, T] int32 says whose row of the residual stream the block reads at each
	// position: its own, t, or another's, s. All of the block is then computed from that
	// row, at t; what the block before left there is lost. A row from behind, s > t, breaks
	// causality: such a pass predicts nothing.
	CopyFrom E

	// Round [2] by site rounds what the site's linear maps read to whole multiples of a
	// step, half to even: the step, 0 for each token's own, max |x| / most, and most, how
	// many multiples of it there are to either side (127 for 8 bits).
	Round [Sites]E
	// Turn [b, b] by site is orthogonal, b a divisor of the site's width: rounded is what
	// the channels are, b at a time, after this turn, which is taken back. It acts where
	// Round does.
	Turn [Sites]E
	// RoundKV [2] rounds keys, after rotation, and values in the same way, each
	// token's and head's vector with a step of its own if the step is 0.
	RoundKV E
	// Whole [B, T] is 1 for tokens of which nothing is rounded, else 0.
	Whole E
}

// EditNodes are the edits of a block while its graph is built.
type EditNodes = edits[*Node]

// Edits are interventions on one block, as data: the compiled block is the same
// for all of them. Nil fields change nothing. All values are float32, but for CopyFrom's.
type Edits = edits[*tensors.Tensor]

// copyFrom is the one place whose values are no float32.
const copyFrom = "CopyFrom"

// each visits the places in a fixed order, with the dimensions each must have; nil: a
// square that divides the site's width.
func (e *edits[E]) each(c *Config, b, t int, visit func(name string, slot *E, dims []int)) {
	visit("KeyBias", &e.KeyBias, []int{b, c.Heads, t})
	visit("ValueScale", &e.ValueScale, []int{b, c.KVHeads, t})
	visit("HeadScale", &e.HeadScale, []int{b, c.Heads, t})
	visit("AttnScale", &e.AttnScale, []int{b, t})
	visit("MLPScale", &e.MLPScale, []int{b, t})
	visit("ResidAdd", &e.ResidAdd, []int{b, t, c.Width})
	visit(copyFrom, &e.CopyFrom, []int{b, t})
	for site := range Sites {
		visit("Round "+site.String(), &e.Round[site], []int{2})
		visit("Turn "+site.String(), &e.Turn[site], nil)
	}
	visit("RoundKV", &e.RoundKV, []int{2})
	visit("Whole", &e.Whole, []int{b, t})
}

// Free releases all arrays.
func (e *edits[E]) Free() {
	e.each(&Config{}, 0, 0, func(_ string, slot *E, _ []int) {
		if t, ok := any(*slot).(*tensors.Tensor); ok {
			Free(t)
		}
	})
}

// check refuses edits of a wrong shape or type, by name.
func (e *edits[E]) check(c *Config, b, t int) (err error) {
	e.each(c, b, t, func(name string, slot *E, dims []int) {
		x, _ := any(*slot).(*tensors.Tensor)
		if x == nil || err != nil {
			return
		}
		if dims == nil {
			err = e.checkTurn(c, name, x)
			return
		}
		dtype := dtypes.Float32
		if name == copyFrom {
			dtype = dtypes.Int32
		}
		want := shapes.Make(dtype, dims...)
		if got := x.Shape(); !got.Equal(want) {
			err = fmt.Errorf("edit %s has shape %s: must be %s", name, got, want)
		}
	})
	return err
}

// checkCopies refuses rows that there are not, and rows from behind in a pass that predicts: its
// losses would be of tokens that were read.
func (e *edits[E]) checkCopies(t int, predict bool) error {
	x, _ := any(e.CopyFrom).(*tensors.Tensor)
	if x == nil {
		return nil
	}
	rows, err := tensors.CopyFlatData[int32](x)
	if err != nil {
		return err
	}
	for i, from := range rows {
		switch at := i % t; {
		case from < 0 || int(from) >= t:
			return fmt.Errorf("edit %s reads row %d: there are %d", copyFrom, from, t)
		case predict && int(from) > at:
			return fmt.Errorf("edit %s copies row %d to row %d, which breaks causality: such a pass has no losses and no predictions of next tokens", copyFrom, from, at)
		}
	}
	return nil
}

// checkTurn refuses a matrix that does not turn whole blocks of its site's channels.
func (e *edits[E]) checkTurn(c *Config, name string, x *tensors.Tensor) error {
	for site := range Sites {
		if any(e.Turn[site]) != any(x) {
			continue
		}
		s, width := x.Shape(), site.Width(c)
		if s.DType != dtypes.Float32 || s.Rank() != 2 || s.Dim(0) != s.Dim(1) || width%s.Dim(0) != 0 {
			return fmt.Errorf("edit %s has shape %s: must be a square of float32 whose side divides %d", name, s, width)
		}
	}
	return nil
}

// biasKeys adds KeyBias to a chunk of scores [B, K, G, Tc, Sc], but where a query
// meets its own key.
func biasKeys(in *Inputs, scores *Node, start int) *Node {
	if in.Edits.KeyBias == nil {
		return scores
	}
	d := scores.Shape().Dimensions
	bias := Slice(in.Edits.KeyBias, AxisRange(), AxisRange(), AxisRange(0, d[4]))
	bias = Reshape(bias, d[0], d[1], d[2], 1, d[4])
	query, key := standing(&in.Geometry, scores, start)
	self := BroadcastToDims(Equal(key, query), d...)
	return Where(self, scores, Add(scores, bias))
}

// scaleValues multiplies values [B, S, K, Dh] by ValueScale.
func scaleValues(e *EditNodes, v *Node) *Node {
	if e.ValueScale == nil {
		return v
	}
	return Mul(v, InsertAxes(TransposeAllAxes(e.ValueScale, 0, 2, 1), -1))
}

// scaleHeads multiplies heads' outputs [B, T, H, Dh] by HeadScale.
func scaleHeads(e *EditNodes, z *Node) *Node {
	if e.HeadScale == nil {
		return z
	}
	return Mul(z, InsertAxes(TransposeAllAxes(e.HeadScale, 0, 2, 1), -1))
}

// scaleUpdate multiplies an update of the residual stream [B, T, D] by scale [B, T].
func scaleUpdate(x, scale *Node) *Node {
	if scale == nil {
		return x
	}
	return Mul(x, InsertAxes(scale, -1))
}

// copyRows gives each row of x [B, T, D] the row that CopyFrom names.
func copyRows(e *EditNodes, x *Node) *Node {
	if e.CopyFrom == nil {
		return x
	}
	rows := InsertAxes(e.CopyFrom, -1) // [B, T, 1]
	documents := Iota(x.Graph(), rows.Shape(), 0)
	return Gather(x, Concatenate([]*Node{documents, rows}, -1))
}
