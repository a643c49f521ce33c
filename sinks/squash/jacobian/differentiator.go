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
}

const defaultBatchTokens = 2048

// Validate names an option that fits no model.
func (o Options) Validate() error {
	if o.BatchTokens < 0 {
		return fmt.Errorf("jacobian: batch_tokens = %d: must be at least 1, or 0 for %d", o.BatchTokens, defaultBatchTokens)
	}
	return nil
}

// Differentiator is a model ready to be differentiated. What it compiles, once a
// document length, serves all its points. It is not safe for concurrent use.
type Differentiator struct {
	m       *transformer.Model
	options Options

	embed, forward, mlp *Exec
	pull                map[Kind]*Exec
	outputValue         [][]float64 // [L][H] ‖W_O W_V‖; nil where not yet asked for
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
	if o.BatchTokens == 0 {
		o.BatchTokens = defaultBatchTokens
	}
	d := &Differentiator{m: m, options: o, pull: map[Kind]*Exec{}, outputValue: make([][]float64, m.Config.Layers)}
	var err error
	compile := func(name string, build func([]*Node) []*Node) *Exec {
		e, failed := NewExec(m.Backend, build)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("jacobian: %s: %w", name, failed))
			return nil
		}
		return e.SetMaxCache(-1) // one entry a document length
	}
	d.embed = compile("embed", func(a []*Node) []*Node { return []*Node{transformer.Embed(&m.Config, a[0], a[1])} })
	d.forward = compile("forward", d.forwardGraph)
	d.mlp = compile("mlp", d.mlpGraph)
	for _, kind := range []Kind{Full, Frozen} {
		d.pull[kind] = compile(string(kind), func(a []*Node) []*Node { return d.pullGraph(kind, a) })
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close frees what was compiled, not the model.
func (d *Differentiator) Close() {
	for _, e := range []*Exec{d.embed, d.forward, d.mlp, d.pull[Full], d.pull[Frozen]} {
		if e != nil {
			e.Finalize()
		}
	}
}

// setting is what all blocks of a point read besides weights and the stream.
type setting struct {
	cos, sin *tensors.Tensor // [1, T, Dh/2]
	bias     *tensors.Tensor // [1, H, T] on keys
}

func (d *Differentiator) setting(t int, firstKeyBias float64) setting {
	c := &d.m.Config
	positions := make([]int32, t)
	for i := range positions {
		positions[i] = int32(i)
	}
	cos, sin := c.Rotations(positions)
	bias := make([]float32, c.Heads*t)
	for h := range c.Heads {
		bias[h*t] = float32(firstKeyBias)
	}
	return setting{
		cos:  tensors.FromFlatDataAndDimensions(cos, 1, t, c.HeadDim/2),
		sin:  tensors.FromFlatDataAndDimensions(sin, 1, t, c.HeadDim/2),
		bias: tensors.FromFlatDataAndDimensions(bias, 1, c.Heads, t),
	}
}

// block builds one block on copies of a stream, from the nodes of arguments.
func (d *Differentiator) block(resid *Node, kind Kind, args []*Node) *transformer.Nodes {
	c := &d.m.Config
	n, t := resid.Shape().Dim(0), resid.Shape().Dim(1)
	in := transformer.Inputs{
		Resid: resid, Cos: args[0], Sin: args[1], Frozen: kind == Frozen, QueryChunk: t,
		Edits: transformer.EditNodes{KeyBias: BroadcastToDims(args[2], n, c.Heads, t)},
	}
	var w transformer.Layer[*Node]
	rest := args[3:]
	w.Each(c, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
	return transformer.Block(c, &w, in)
}

// arguments are what block reads, after the given ones.
func (d *Differentiator) arguments(layer int, s setting, first ...*tensors.Tensor) []any {
	var args []any
	for _, x := range append(first, s.cos, s.sin, s.bias) {
		args = append(args, x)
	}
	d.m.Params().Layers[layer].Each(&d.m.Config, func(_ string, slot **tensors.Tensor, _ []int) { args = append(args, *slot) })
	return args
}

// forwardGraph: stream [1, T, D] → the stream after the block and after its
// attention, and the pattern [H, T, S].
func (d *Differentiator) forwardGraph(args []*Node) []*Node {
	n := d.block(args[0], Full, args[1:])
	t := args[0].Shape().Dim(1)
	return []*Node{n.ResidOut, n.ResidMid, Reshape(n.Rows[0].Pattern, d.m.Config.Heads, t, t)}
}

// pullGraph: stream [1, T, D] and cotangents of the block's output [N, T, D] →
// cotangents of its input. Each direction has a copy of the document of its own,
// so that one gradient of a sum gives them all.
func (d *Differentiator) pullGraph(kind Kind, args []*Node) []*Node {
	resid := BroadcastToShape(args[0], args[1].Shape())
	out := d.block(resid, kind, args[2:]).ResidOut
	return Gradient(ReduceAllSum(Mul(out, args[1])), resid)
}

// free releases device memory at once: Go's collector does not see it.
func free(list ...*tensors.Tensor) {
	for _, t := range list {
		if t != nil {
			t.MustFinalizeAll()
		}
	}
}

// finite reports whether no value is NaN or infinite.
func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
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
