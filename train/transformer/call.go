package transformer

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Call is one run of a computation around a block. [Model.Run] is the only way to run a block with
// a model's weights, and several in one computation run the same way: what a block reads is put
// together here and nowhere else.
type Call struct {
	Layer    int
	Geometry Geometry[*tensors.Tensor]
	Edits    *Edits            // nil for none
	Args     []*tensors.Tensor // what Build reads besides the block's inputs
	// Name identifies the computation, which is compiled once for all layers: two
	// calls of one name must build the same graph.
	Name string
	// Build makes the graph. It sets in.Resid, mostly to one of args, and calls Block. The model
	// keeps it with what is compiled, so a tensor that it holds is never freed.
	Build func(c *Config, args []*Node, w *Layer[*Node], in Inputs) []*Node
}

// Run runs the computation. The results are the caller's to free.
func (m *Model) Run(call Call) ([]*tensors.Tensor, error) {
	one, build := []placed{{call.Layer, call.Geometry, call.Edits}}, call.Build
	return m.run(call.Name, call.Args, one, func(c *Config, args []*Node, blocks []bound) []*Node {
		return build(c, args, blocks[0].w, blocks[0].in)
	})
}

// placed is a layer and where its queries and keys stand.
type placed struct {
	layer    int
	geometry Geometry[*tensors.Tensor]
	edits    *Edits // nil for none
}

// bound is what its block reads in a graph: weights and inputs but for the residual stream.
type bound struct {
	w  *Layer[*Node]
	in Inputs
}

// run runs a computation around the blocks of several layers; build gets them in the same order.
func (m *Model) run(name string, own []*tensors.Tensor, layers []placed, build func(c *Config, own []*Node, blocks []bound) []*Node) ([]*tensors.Tensor, error) {
	args, forms := append([]*tensors.Tensor{}, own...), make([]int, len(layers))
	for i, at := range layers {
		e := at.edits
		if e == nil {
			e = &Edits{}
		}
		bit := 1 // which of the operands there are
		operands(&at.geometry, e, func(slot **tensors.Tensor) {
			if *slot != nil {
				args = append(args, *slot)
				forms[i] |= bit
			}
			bit <<= 1
		})
		m.params.Layers[at.layer].Each(&m.Config, func(_ string, slot **tensors.Tensor, _ []int) { args = append(args, *slot) })
	}
	given := len(own)
	return m.call(fmt.Sprintf("%s form=%b", name, forms), func(nodes []*Node) []*Node {
		rest := nodes[given:]
		next := func() (node *Node) { node, rest = rest[0], rest[1:]; return node }
		blocks := make([]bound, len(forms))
		for i := range blocks {
			at, bit := &blocks[i], 1
			operands(&at.in.Geometry, &at.in.Edits, func(slot **Node) {
				if forms[i]&bit != 0 {
					*slot = next()
				}
				bit <<= 1
			})
			at.w = &Layer[*Node]{}
			at.w.Each(&m.Config, func(_ string, slot **Node, _ []int) { *slot = next() })
		}
		return build(&m.Config, nodes[:given], blocks)
	}, args...)
}

// operands visits, in a fixed order, what a block reads besides the residual stream and
// its weights.
func operands[E any](g *Geometry[E], e *edits[E], visit func(slot *E)) {
	g.each(visit)
	e.each(&Config{}, 0, 0, func(_ string, slot *E, _ []int) { visit(slot) })
}
