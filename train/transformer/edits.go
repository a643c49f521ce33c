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
}

// EditNodes are the edits of a block while its graph is built.
type EditNodes = edits[*Node]

// Edits are interventions on one block, as data: the compiled block is the same
// for all of them. Nil fields change nothing. All values are float32.
type Edits = edits[*tensors.Tensor]

// each visits the places in a fixed order, with the dimensions each must have.
func (e *edits[E]) each(c *Config, b, t int, visit func(name string, slot *E, dims []int)) {
	visit("KeyBias", &e.KeyBias, []int{b, c.Heads, t})
	visit("ValueScale", &e.ValueScale, []int{b, c.KVHeads, t})
	visit("HeadScale", &e.HeadScale, []int{b, c.Heads, t})
	visit("AttnScale", &e.AttnScale, []int{b, t})
	visit("MLPScale", &e.MLPScale, []int{b, t})
	visit("ResidAdd", &e.ResidAdd, []int{b, t, c.Width})
}

// check refuses edits of a wrong shape or type, by name.
func (e *edits[E]) check(c *Config, b, t int) (err error) {
	e.each(c, b, t, func(name string, slot *E, dims []int) {
		x, _ := any(*slot).(*tensors.Tensor)
		if x == nil || err != nil {
			return
		}
		want := shapes.Make(dtypes.Float32, dims...)
		if got := x.Shape(); !got.Equal(want) {
			err = fmt.Errorf("edit %s has shape %s: must be %s", name, got, want)
		}
	})
	return err
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
