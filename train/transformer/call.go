package transformer

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Call is one run of a computation around a block. It is the only way to run a block
// with a model's weights: what a block reads is put together here and nowhere else, but for the
// layers that a cache runs behind the first (Cache.blocks), which come as arguments.
type Call struct {
	Layer    int
	Geometry Geometry[*tensors.Tensor]
	Edits    *Edits            // nil for none
	Args     []*tensors.Tensor // what Build reads besides the block's inputs
	// Name identifies the computation, which is compiled once for all layers: two
	// calls of one name must build the same graph.
	Name string
	// Build makes the graph. It sets in.Resid, mostly to one of args, and calls Block.
	Build func(c *Config, args []*Node, w *Layer[*Node], in Inputs) []*Node
}

// Run runs the computation. The results are the caller's to free.
func (m *Model) Run(call Call) ([]*tensors.Tensor, error) {
	e := call.Edits
	if e == nil {
		e = &Edits{}
	}
	args := append([]*tensors.Tensor{}, call.Args...)
	form, bit := 0, 1 // which of the operands there are
	operands(&call.Geometry, e, func(slot **tensors.Tensor) {
		if *slot != nil {
			args = append(args, *slot)
			form |= bit
		}
		bit <<= 1
	})
	m.params.Layers[call.Layer].Each(&m.Config, func(_ string, slot **tensors.Tensor, _ []int) { args = append(args, *slot) })

	own, build := len(call.Args), call.Build
	return m.call(fmt.Sprintf("%s form=%b", call.Name, form), func(nodes []*Node) []*Node {
		own, rest := nodes[:own], nodes[own:]
		var in Inputs
		bit := 1
		operands(&in.Geometry, &in.Edits, func(slot **Node) {
			if form&bit != 0 {
				*slot, rest = rest[0], rest[1:]
			}
			bit <<= 1
		})
		var w Layer[*Node]
		w.Each(&m.Config, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
		return build(&m.Config, own, &w, in)
	}, args...)
}

// operands visits, in a fixed order, what a block reads besides the residual stream and
// its weights.
func operands[E any](g *Geometry[E], e *edits[E], visit func(slot *E)) {
	g.each(visit)
	e.each(&Config{}, 0, 0, func(_ string, slot *E, _ []int) { visit(slot) })
}
