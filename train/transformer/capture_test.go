package transformer

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/train/local/backend"
)

// The graphs that this package builds are the same for every backend, so most
// tests run on the pure Go one: it compiles at once, XLA in half a second a graph.
// What a backend could get wrong is also tested on the one that set-up prepared.

// pureGo is GoMLX's pure Go backend.
func pureGo(t testing.TB) compute.Backend {
	t.Helper()
	b, err := openGo()
	require.NoError(t, err)
	return b
}

var openGo = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("go") })

// prepared is the backend of set-up or $GOMLX_BACKEND.
func prepared(t testing.TB) compute.Backend {
	t.Helper()
	b, _, err := backend.Open()
	require.NoError(t, err)
	return b
}

// randomModel has weights large enough that patterns are far from uniform.
func randomModel(t testing.TB, on compute.Backend, c Config) *Model {
	t.Helper()
	p, err := RandomParams(&c, dtypes.Float32, 0.4, 1)
	require.NoError(t, err)
	return newModel(t, on, c, p)
}

// preparedTiny is one model on the prepared backend for all tests that can share
// its compiled blocks.
func preparedTiny(t testing.TB) *Model {
	t.Helper()
	m, err := openTiny()
	require.NoError(t, err)
	return m
}

var openTiny = sync.OnceValues(func() (*Model, error) {
	b, _, err := backend.Open()
	if err != nil {
		return nil, err
	}
	c := Tiny()
	p, err := RandomParams(&c, dtypes.Float32, 0.4, 1)
	if err != nil {
		return nil, err
	}
	return New(b, c, p)
})

func newModel(t testing.TB, on compute.Backend, c Config, p *Params[*tensors.Tensor]) *Model {
	t.Helper()
	m, err := New(on, c, p)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// document draws n token ids.
func document(c Config, n int, seed uint64) []int32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = rng.Int32N(int32(c.Vocab))
	}
	return ids
}

// floats are n values drawn by a function.
func floats(n int, draw func() float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(draw())
	}
	return out
}

// captured is everything of a forward pass, padding included.
type captured struct {
	t       int
	resid   [][]float32 // [L+1] of [B, T, D]
	pattern [][]float32 // [L] of [B, H, T, T]
	z       [][]float32 // [L] of [B, T, H, Dh]
	*Output             // of the real positions
}

// whole observes all that captured holds of a block.
var whole = &Observer{
	Name:     "whole",
	Embedded: func(_ *Config, x, _ *Node) []*Node { return []*Node{Identity(x)} },
	Observe: func(c *Config, n *Nodes, _ *Node) []*Node {
		return []*Node{n.ResidOut, wholePattern(c, n), n.Z}
	},
}

// wholePattern puts the chunks of a block's pattern together: [B, H, T, T].
func wholePattern(c *Config, n *Nodes) *Node {
	b, t := n.Resid.Shape().Dim(0), n.Resid.Shape().Dim(1)
	var chunks []*Node
	for _, rows := range n.Rows {
		d := rows.Pattern.Shape().Dimensions
		a := Reshape(rows.Pattern, b, c.Heads, d[3], d[4])
		zero := ScalarZero(a.Graph(), a.DType())
		chunks = append(chunks, Pad(a, zero, compute.PadAxis{}, compute.PadAxis{}, compute.PadAxis{}, compute.PadAxis{End: t - d[4]}))
	}
	return Concatenate(chunks, 2)
}

// capture runs a batch through a model.
func capture(m *Model, batch Batch, layerEdits []*Edits) (*captured, error) {
	got := &captured{t: Bucket(batch.longest())}
	pass := Pass{Observer: whole, Predict: true, Logits: true, Last: true}
	if layerEdits != nil {
		pass.Edits = func(l int) *Edits { return layerEdits[l] }
	}
	pass.OnEmbed = func(out []*tensors.Tensor) error {
		got.resid = append(got.resid, tensors.MustCopyFlatData[float32](out[0]))
		return nil
	}
	pass.OnBlock = func(l int, out []*tensors.Tensor) error {
		if l != len(got.pattern) {
			return fmt.Errorf("block %d came after %d others", l, len(got.pattern))
		}
		got.resid = append(got.resid, tensors.MustCopyFlatData[float32](out[0]))
		got.pattern = append(got.pattern, tensors.MustCopyFlatData[float32](out[1]))
		got.z = append(got.z, tensors.MustCopyFlatData[float32](out[2]))
		return nil
	}
	var err error
	got.Output, err = m.Forward(batch, pass)
	return got, err
}

func mustCapture(t testing.TB, m *Model, batch Batch, layerEdits []*Edits) *captured {
	t.Helper()
	got, err := capture(m, batch, layerEdits)
	require.NoError(t, err)
	return got
}

// captureChunked is capture through one graph of all blocks, with chunk query
// rows at a time: the way training builds a decoder.
func captureChunked(t testing.TB, m *Model, batch Batch, layerEdits []*Edits, chunk int) *captured {
	t.Helper()
	c := &m.Config
	in, err := batch.inputs(c, m.Backend)
	require.NoError(t, err)
	defer in.free()
	positions := in.positions
	if positions == nil {
		positions = tensors.FromValue(Ascending(in.t))
	}
	args := []*tensors.Tensor{in.ids, positions}
	for _, e := range layerEdits {
		require.NoError(t, e.check(c, in.b, in.t))
		e.each(c, in.b, in.t, func(_ string, slot **tensors.Tensor, _ []int) {
			if *slot != nil {
				args = append(args, *slot)
			}
		})
	}
	m.params.Each(c, func(_ string, slot **tensors.Tensor, _ []int) { args = append(args, *slot) })

	out := run(t, m.Backend, func(a []*Node) []*Node {
		next := func() *Node { n := a[0]; a = a[1:]; return n }
		ids, at := next(), next()
		all := make([]EditNodes, c.Layers)
		for l, e := range layerEdits {
			var there []bool
			e.each(c, 0, 0, func(_ string, slot **tensors.Tensor, _ []int) { there = append(there, *slot != nil) })
			all[l].each(c, 0, 0, func(_ string, slot **Node, _ []int) {
				if there[0] {
					*slot = next()
				}
				there = there[1:]
			})
		}
		p := Params[*Node]{Layers: make([]Layer[*Node], c.Layers)}
		p.Each(c, func(_ string, slot **Node, _ []int) { *slot = next() })
		x := Embed(c, &p, ids, at)
		outs := []*Node{Identity(x)}
		for l := range p.Layers {
			geo := Constants(x.Graph(), in.geometry(c, l))
			n := Block(c, &p.Layers[l], Inputs{Resid: x, Geometry: geo, Edits: all[l], QueryChunk: chunk})
			outs = append(outs, n.ResidOut, wholePattern(c, n), n.Z)
			x = n.ResidOut
		}
		return append(outs, Logits(c, &p, x))
	}, args...)

	got := &captured{t: in.t, Output: &Output{}, resid: out[:1]}
	for l := range c.Layers {
		got.resid = append(got.resid, out[1+3*l])
		got.pattern = append(got.pattern, out[2+3*l])
		got.z = append(got.z, out[3+3*l])
	}
	logits := out[len(out)-1]
	for d, ids := range batch.IDs {
		var rows [][]float32
		for i := range ids {
			rows = append(rows, logits[(d*in.t+i)*c.Vocab:][:c.Vocab])
		}
		got.Logits = append(got.Logits, rows)
	}
	return got
}

// run builds a graph, runs it once and returns its float32 outputs, flat.
func run(t testing.TB, on compute.Backend, build func([]*Node) []*Node, args ...*tensors.Tensor) [][]float32 {
	t.Helper()
	e, err := NewExec(on, build)
	require.NoError(t, err)
	defer e.Finalize()
	return call(t, e, args...)
}

func call(t testing.TB, e *Exec, args ...*tensors.Tensor) [][]float32 {
	t.Helper()
	anyArgs := make([]any, len(args))
	for i, a := range args {
		anyArgs[i] = a
	}
	outs, err := e.Call(anyArgs...)
	require.NoError(t, err)
	flat := make([][]float32, len(outs))
	for i, o := range outs {
		flat[i], err = tensors.CopyFlatData[float32](o)
		require.NoError(t, err)
	}
	Free(outs...)
	return flat
}

// document cuts the first n tokens of document d out of what was captured, in the
// layout of testdata/golden.py: resid [L+1, n, D], pattern [L, H, n, n],
// z [L, n, H, Dh], logits [n, V].
func (got *captured) document(c *Config, d, n int) map[string][]float32 {
	out := map[string][]float32{}
	for _, x := range got.resid {
		out["resid"] = append(out["resid"], x[d*got.t*c.Width:][:n*c.Width]...)
	}
	for _, x := range got.z {
		out["z"] = append(out["z"], x[d*got.t*c.Heads*c.HeadDim:][:n*c.Heads*c.HeadDim]...)
	}
	for _, x := range got.pattern {
		for h := range c.Heads {
			for i := range n {
				out["pattern"] = append(out["pattern"], x[((d*c.Heads+h)*got.t+i)*got.t:][:n]...)
			}
		}
	}
	for _, row := range got.Logits[d][:n] {
		out["logits"] = append(out["logits"], row...)
	}
	return out
}
