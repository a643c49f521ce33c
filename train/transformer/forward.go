package transformer

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Observer reduces a block's intermediates on the device. Its outputs, and
// nothing else, leave the block: an observer that asks for no pattern costs no
// pattern's memory.
type Observer struct {
	// Name identifies the computation, as it is compiled once: two observers of
	// one name must build the same graph.
	Name string
	// Observe builds the outputs. lens [B] int32 holds the documents' lengths;
	// rows and keys at or beyond them are padding.
	Observe func(c *Config, n *Nodes, lens *Node) []*Node
	// Embedded, if set, does the same for the residual stream [B, T, D] before
	// the first block.
	Embedded func(c *Config, resid, lens *Node) []*Node
}

// Pass says what a forward pass does besides computing. The zero value only
// computes the residual stream.
type Pass struct {
	Observer *Observer
	// OnBlock receives the observer's outputs after each block. They are freed
	// when it returns.
	OnBlock func(layer int, outputs []*tensors.Tensor) error
	// OnEmbed receives the outputs of Observer.Embedded, freed when it returns.
	OnEmbed func(outputs []*tensors.Tensor) error
	// Edits gives a layer's interventions; nil, or a nil result, for none.
	// Tensors have T = Bucket(longest document). They stay the caller's.
	Edits func(layer int) *Edits
	// Wiring says which parts of the blocks act; empty: all.
	Wiring Wiring

	Predict bool // fill Output.Loss and Output.Top1
	Last    bool // fill Output.LogitsLast
	Logits  bool // fill Output.Logits; B·T·V floats
	// Tail bounds Logits to so many tokens of each document, the last; 0 for all. A shorter
	// document is an error.
	Tail int
	// Documents bounds Predict, Last and Logits to so many documents of the batch,
	// the first; 0 for all. Of the others only the residual stream is computed.
	Documents int

	// Layers ends the pass after so many blocks; 0 for all. What follows is neither
	// computed nor observed, so Predict, Last and Logits need all.
	Layers int
	// Keep lists blocks; Output.Kept holds the residual stream before each of them.
	Keep []int
	// From starts the pass at a block, with the residual stream that an earlier pass
	// over the same batch had there. Nothing before it is computed or observed.
	From *Stream
}

// Output is what a forward pass returns, by document; padding is cut off.
type Output struct {
	Loss       [][]float32   // [B][length−1] −log p(next token), nats
	Top1       [][]int32     // [B][length] most probable next token
	LogitsLast [][]float32   // [B][V] after the last token
	Logits     [][][]float32 // [B][length or Pass.Tail][V]
	// Kept are the streams that Pass.Keep asked for, by block. They are the
	// caller's to free.
	Kept map[int]*Stream
}

// Forward runs a batch through the model. It returns an error for a batch, an
// edit or an observer that does not fit, and where numbers are not finite.
func (m *Model) Forward(batch Batch, pass Pass) (*Output, error) {
	if o := pass.Observer; o != nil && (o.Name == "" || o.Observe == nil) {
		return nil, fmt.Errorf("observer %q: needs a name and Observe", o.Name)
	}
	if err := pass.Wiring.Validate(); err != nil {
		return nil, err
	}
	if err := pass.checkBlocks(&m.Config); err != nil {
		return nil, err
	}
	for b, ids := range batch.IDs {
		if pass.Tail < 0 || pass.Tail > len(ids) {
			return nil, fmt.Errorf("batch: the last %d tokens of document %d are asked for, which has %d", pass.Tail, b+1, len(ids))
		}
	}
	in, err := batch.inputs(&m.Config, m.Backend)
	if err != nil {
		return nil, err
	}
	defer in.free()
	last, kept, err := m.blocks(in, pass)
	if err != nil {
		return nil, err
	}
	defer last.Free()
	out, err := m.heads(batch, in, last.resid, pass)
	if err != nil {
		freeStreams(kept)
		return nil, err
	}
	out.Kept = kept
	return out, nil
}

// blocks runs the embedding and all blocks, or those from pass.From on, and returns
// the last stream and those that pass.Keep lists.
func (m *Model) blocks(in *inputs, pass Pass) (last *Stream, kept map[int]*Stream, err error) {
	kept = map[int]*Stream{}
	at := pass.From
	defer func() {
		if err != nil {
			freeStreams(kept)
			at.freeUnless(pass.From)
		}
	}()
	if at == nil {
		resid, observed, err := m.embed(in, pass.Observer)
		if err != nil {
			return nil, nil, err
		}
		at = &Stream{resid: resid}
		if pass.OnEmbed != nil {
			err = pass.OnEmbed(observed)
		}
		Free(observed...)
		if err != nil {
			return nil, nil, err
		}
	}
	if err := at.check(&m.Config, in); err != nil {
		return nil, nil, err
	}
	for l := at.layer; l < pass.end(&m.Config); l++ {
		var e *Edits
		if pass.Edits != nil {
			e = pass.Edits(l)
		}
		next, observed, err := m.block(l, in, at.resid, e, pass)
		if err != nil {
			return nil, nil, fmt.Errorf("layer %d: %w", l+1, err)
		}
		if slices.Contains(pass.Keep, l) {
			kept[l] = at
		} else {
			at.freeUnless(pass.From)
		}
		at = &Stream{layer: l + 1, resid: next}
		if pass.OnBlock != nil {
			err = pass.OnBlock(l, observed)
		}
		Free(observed...)
		if err != nil {
			return nil, nil, err
		}
	}
	return at, kept, nil
}

// embed looks tokens up, [B, T, D] float32, and returns the observer's outputs.
func (m *Model) embed(in *inputs, obs *Observer) (*tensors.Tensor, []*tensors.Tensor, error) {
	if obs == nil || obs.Embedded == nil {
		x, err := m.Embed(in.ids, in.positions)
		return x, nil, err
	}
	out, err := m.call("embed observer="+obs.Name, func(args []*Node) []*Node {
		x := embedNodes(&m.Config, args[1:])
		return append([]*Node{x}, obs.Embedded(&m.Config, x, args[0])...)
	}, append([]*tensors.Tensor{in.lens}, m.embedArgs(in.ids, in.positions)...)...)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1:], nil
}

// block runs one layer and returns the new residual stream and the observer's
// outputs.
func (m *Model) block(l int, in *inputs, resid *tensors.Tensor, e *Edits, pass Pass) (*tensors.Tensor, []*tensors.Tensor, error) {
	if e != nil {
		if err := e.check(&m.Config, in.b, in.t); err != nil {
			return nil, nil, err
		}
		if err := e.checkCopies(in.t, pass.Predict); err != nil {
			return nil, nil, err
		}
	}
	name, obs, wiring := "block", pass.Observer, pass.Wiring
	if wiring != "" && wiring != FullBlock {
		name += " wiring=" + string(wiring)
	}
	if obs != nil {
		name += " observer=" + obs.Name
	}
	out, err := m.Run(Call{
		Layer: l, Geometry: in.geometry(&m.Config, l), Edits: e, Args: []*tensors.Tensor{resid, in.lens}, Name: name,
		Build: func(c *Config, args []*Node, w *Layer[*Node], bi Inputs) []*Node {
			bi.Resid, bi.Wiring = args[0], wiring
			nodes := Block(c, w, bi)
			outs := []*Node{nodes.ResidOut}
			if obs != nil {
				outs = append(outs, obs.Observe(c, nodes, args[1])...)
			}
			return outs
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1:], nil
}
