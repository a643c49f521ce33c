package jacobian

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// Kind says what counts as constant when the model is differentiated.
type Kind string

const (
	// Full is the model's own derivative: patterns and norms follow the input.
	Full Kind = "full"
	// Frozen keeps the attention patterns and the divisors of the norms constant,
	// as Theorem 3.2 does.
	Frozen Kind = "frozen"
)

// Options of a Differentiator. The zero value is usable.
type Options struct {
	// BatchTokens bounds how many tokens one reverse pass works on, T for each
	// direction; 0 stands for 2048. It bounds memory and changes no result.
	BatchTokens int `json:"batch_tokens,omitempty"`
	// AnyBlock takes models with blocks that Theorem 3.2 is not about, such as those with norms
	// behind their sublayers. Derivatives and path products are theirs too; the constants are not,
	// so that Bound and Compare are refused.
	AnyBlock bool `json:"any_block,omitempty"`
}

const defaultBatchTokens = 2048

// Validate names an option that fits no model.
func (o Options) Validate() error {
	if o.BatchTokens < 0 {
		return fmt.Errorf("jacobian: batch_tokens = %d: must be at least 1, or 0 for %d", o.BatchTokens, defaultBatchTokens)
	}
	return nil
}

// Differentiator is a model ready to be differentiated. What is compiled for it, once a
// document length, serves all its points. It is not safe for concurrent use.
type Differentiator struct {
	m       *transformer.Model
	options Options

	mlp         *Exec
	outputValue [][]float64 // [L][H] ‖W_O W_V‖; nil where not yet asked for
}

// New prepares a model, which must stay open. Only float32 models are taken: the
// rounding of bfloat16 products is larger than what an inequality can be tested
// with.
func New(m *transformer.Model, o Options) (*Differentiator, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("jacobian: no model")
	}
	if m.Config.Compute == "bfloat16" {
		return nil, errors.New(`squash: the model computes in bfloat16: load it with compute "float32"`)
	}
	if err := unbounded(&m.Config); err != nil && !o.AnyBlock {
		return nil, err
	}
	if o.BatchTokens == 0 {
		o.BatchTokens = defaultBatchTokens
	}
	d := &Differentiator{m: m, options: o, outputValue: make([][]float64, m.Config.Layers)}
	var err error
	if d.mlp, err = NewExec(m.Backend, d.mlpGraph); err != nil {
		return nil, fmt.Errorf("jacobian: mlp: %w", err)
	}
	d.mlp.SetMaxCache(-1) // one entry a document length
	return d, nil
}

// unbounded says what in a model's blocks the theorem's constants are not for. They are measured for
// x + Attn(N(x)), y + MLP(N(y)), RMSNorm and a gated MLP without biases. Whatever makes the pattern
// is a constant to them; a gate behind it is a factor that follows the input, which they lack.
func unbounded(c *transformer.Config) error {
	if s := c.Unlike("norm", "norm_placement", "parallel", "plain_mlp", "bias.mlp", "out_gate"); s != "" {
		return fmt.Errorf("jacobian: the model has %s set: Theorem 3.2 and its constants are for pre-norm RMSNorm blocks with a gated MLP without biases and heads without a gate", s)
	}
	return nil
}

// Close frees what was compiled here, not the model.
func (d *Differentiator) Close() { d.mlp.Finalize() }

// keyBias are edits [1, H, T] that bias the first key.
func (d *Differentiator) keyBias(t int, first float64) *transformer.Edits {
	heads := d.m.Config.Heads
	bias := make([]float32, heads*t)
	for h := range heads {
		bias[h*t] = float32(first)
	}
	return &transformer.Edits{KeyBias: tensors.FromFlatDataAndDimensions(bias, 1, heads, t)}
}

// run runs a computation around a block at a point.
func (p *Point) run(name string, layer int, build func(c *transformer.Config, args []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node,
	args ...*tensors.Tensor) ([]*tensors.Tensor, error) {
	return p.d.m.Run(transformer.Call{
		Layer: layer, Geometry: p.geometry[layer], Edits: p.edits, Args: args, Name: "jacobian " + name, Build: build,
	})
}

// block builds one block on copies of a stream.
func block(c *transformer.Config, w *transformer.Layer[*Node], in transformer.Inputs, resid *Node, kind Kind) *transformer.Nodes {
	n, t := resid.Shape().Dim(0), resid.Shape().Dim(1)
	in.Resid, in.Frozen, in.QueryChunk = resid, kind == Frozen, t
	in.Edits.KeyBias = BroadcastToDims(in.Edits.KeyBias, n, c.Heads, t)
	return transformer.Block(c, w, in)
}

// forwardGraph: stream [1, T, D] → the stream after the block and after its
// attention, and the pattern [H, T, S].
func forwardGraph(c *transformer.Config, args []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
	n := block(c, w, in, args[0], Full)
	t := args[0].Shape().Dim(1)
	return []*Node{n.ResidOut, n.ResidMid, Reshape(n.Rows[0].Pattern, c.Heads, t, t)}
}

// pullGraph: stream [1, T, D] and cotangents of the block's output [N, T, D] →
// cotangents of its input. Each direction has a copy of the document of its own,
// so that one gradient of a sum gives them all.
func pullGraph(kind Kind) func(*transformer.Config, []*Node, *transformer.Layer[*Node], transformer.Inputs) []*Node {
	return func(c *transformer.Config, args []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
		resid := BroadcastToShape(args[0], args[1].Shape())
		out := block(c, w, in, resid, kind).ResidOut
		return Gradient(ReduceAllSum(Mul(out, args[1])), resid)
	}
}

// rms is √(mean(x²) + ε) of each row of a flat [T, D].
func rms(x []float32, width int, eps float64) []float64 {
	out := make([]float64, len(x)/width)
	for t := range out {
		sum := 0.0
		for _, v := range x[t*width:][:width] {
			sum += float64(v) * float64(v)
		}
		out[t] = math.Sqrt(sum/float64(width) + eps)
	}
	return out
}
