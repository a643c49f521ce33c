package train

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"firsttoken/train/corpus"
	"firsttoken/train/transformer"
)

// modelScope is where the weights live among the variables of a run.
const modelScope = "/model/"

// decoder builds the graph of a decoder over packed windows.
type decoder struct {
	c       *transformer.Config
	packing corpus.Packing
	// recompute drops what is inside a block after the forward pass and computes it
	// again in the backward pass.
	recompute bool
}

// window holds the nodes of a batch of windows, all [B, T].
type window struct {
	tokens, targets     *Node // int32
	weights             *Node // float32
	segments, positions *Node // int32; nil where the packing does not need them
}

// inputs lists the tensors of a batch that the graph reads, in order.
func (d *decoder) inputs(b corpus.Batch) []*tensors.Tensor {
	ints := func(x []int32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(x, b.B, b.T) }
	list := []*tensors.Tensor{ints(b.Tokens), ints(b.Targets), tensors.FromFlatDataAndDimensions(b.Weights, b.B, b.T)}
	if d.masked() {
		list = append(list, ints(b.Segments))
	}
	if d.restarted() {
		list = append(list, ints(b.Positions))
	}
	return list
}

// window reads the nodes of what inputs lists.
func (d *decoder) window(nodes []*Node) window {
	w := window{tokens: nodes[0], targets: nodes[1], weights: nodes[2]}
	rest := nodes[3:]
	if d.masked() {
		w.segments, rest = rest[0], rest[1:]
	}
	if d.restarted() {
		w.positions = rest[0]
	}
	return w
}

func (d *decoder) masked() bool    { return d.packing.Mask == corpus.MaskIntraDocument }
func (d *decoder) restarted() bool { return d.packing.Positions == corpus.PositionsRestarted }

// weights are the nodes of the run's variables.
func (d *decoder) weights(store *model.Store, g *Graph) *transformer.Params[*Node] {
	p := &transformer.Params[*Node]{Layers: make([]transformer.Layer[*Node], d.c.Layers)}
	p.Each(d.c, func(name string, slot **Node, _ []int) {
		v := store.GetVariable(modelScope + name)
		if v == nil {
			panic(fmt.Sprintf("train: the run has no weight %s", name))
		}
		*slot = v.NodeValue(g)
	})
	return p
}

// blocks runs the embedding and all blocks and returns what they hold, and the
// residual stream before the first.
func (d *decoder) blocks(p *transformer.Params[*Node], w window) (embedded *Node, blocks []*transformer.Nodes) {
	geometry := d.geometry(w)
	positions := w.positions
	if positions == nil && d.c.LearnedPositions > 0 {
		positions = Const(w.tokens.Graph(), transformer.Ascending(w.tokens.Shape().Dim(1)))
	}
	embedded = transformer.Embed(d.c, p, w.tokens, positions)
	x := embedded
	for l := range p.Layers {
		if d.recompute {
			x = x.Checkpoint()
		}
		n := transformer.Block(d.c, &p.Layers[l], transformer.Inputs{Resid: x, Geometry: geometry(l)})
		blocks = append(blocks, n)
		x = n.ResidOut
	}
	return embedded, blocks
}

// losses is −log p(target) at each position, [B, T] nats, weights not applied.
func (d *decoder) losses(p *transformer.Params[*Node], resid *Node, w window) *Node {
	if d.recompute {
		resid = resid.StopCheckpoint()
	}
	b, t := w.tokens.Shape().Dim(0), w.tokens.Shape().Dim(1)
	logits := transformer.Logits(d.c, p, resid)
	loss, _ := transformer.NextToken(Reshape(logits, b*t, d.c.Vocab), Reshape(w.targets, b*t))
	return Reshape(loss, b, t)
}

// loss is Σ weight · loss. The weights of a batch sum to 1, see feed.
func (d *decoder) loss(store *model.Store, w window) *Node {
	p := d.weights(store, w.tokens.Graph())
	_, blocks := d.blocks(p, w)
	return ReduceAllSum(Mul(d.losses(p, blocks[len(blocks)-1].ResidOut, w), w.weights))
}

// geometry gives that of a layer, built once for each kind of layer. Rotary tables are
// [1, T, R/2] or, where positions restart, [B, T, R/2].
func (d *decoder) geometry(w window) func(l int) transformer.Geometry[*Node] {
	g, t := w.tokens.Graph(), w.tokens.Shape().Dim(1)
	visible := d.visible(w)
	built := map[string]transformer.Geometry[*Node]{}
	return func(l int) transformer.Geometry[*Node] {
		letter, _ := d.c.KindOf(l)
		if geo, ok := built[letter]; ok {
			return geo
		}
		geo := transformer.Constants(g, d.c.Geometry(l, transformer.Ascending(t)))
		geo.Visible = visible
		if w.positions != nil {
			for _, table := range []**Node{&geo.Cos, &geo.Sin} {
				*table = Gather(Reshape(*table, t, -1), InsertAxes(w.positions, -1))
			}
		}
		built[letter] = geo
		return geo
	}
}

// visible is corpus.Packing.Visible on the device, less causality, which a block
// adds: boolean [B, T, S], nil under a causal mask.
func (d *decoder) visible(w window) *Node {
	if w.segments == nil {
		return nil
	}
	b, t := w.segments.Shape().Dim(0), w.segments.Shape().Dim(1)
	rows := BroadcastToDims(InsertAxes(w.segments, 2), b, t, t)
	keys := BroadcastToDims(InsertAxes(w.segments, 1), b, t, t)
	same := Equal(rows, keys)
	if d.packing.BOS != corpus.BOSFixed {
		return same
	}
	first := Equal(Iota(rows.Graph(), rows.Shape(), 2), ScalarZero(rows.Graph(), dtypes.Int32))
	return LogicalOr(same, first)
}
