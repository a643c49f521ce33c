package ondevice_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// peaky is a spread of random weights at which rows range from nearly even to
// nearly one-hot.
const peaky = 0.4

// runBlock runs one random block on random residual streams of the given lengths,
// queries worked on in chunks.
func runBlock(t *testing.T, c transformer.Config, lens []int, chunk int) *observed {
	t.Helper()
	backend := open(t)
	p, err := transformer.RandomParams(&c, dtypes.Float32, peaky, 1)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(2, 3))
	if sink := p.Layers[0].Sink; sink != nil {
		require.NoError(t, tensors.MutableFlatData(sink, func(flat []float32) {
			for i := range flat {
				flat[i] = float32(rng.NormFloat64())
			}
		}))
	}
	longest := slices.Max(lens)
	resid := make([]float32, len(lens)*longest*c.Width)
	for i := range resid {
		resid[i] = float32(rng.NormFloat64())
	}
	lens32 := make([]int32, len(lens))
	for b, n := range lens {
		lens32[b] = int32(n)
	}
	args := []any{
		tensors.FromFlatDataAndDimensions(resid, len(lens), longest, c.Width),
		tensors.FromFlatDataAndDimensions(lens32, len(lens)),
	}
	p.Layers[0].Each(&c, func(_ string, w **tensors.Tensor, _ []int) { args = append(args, *w) })
	observer := everything(t, &c, ondevice.All())
	exec, err := NewExec(backend, func(a []*Node) []*Node {
		rest := a[2:]
		var w transformer.Layer[*Node]
		w.Each(&c, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
		n := transformer.Block(&c, &w, transformer.Inputs{
			Resid: a[0], Geometry: transformer.Constants(a[0].Graph(), c.Geometry(0, transformer.Ascending(longest))), QueryChunk: chunk,
		})
		return observer.Observe(&c, n, a[1])
	})
	require.NoError(t, err)
	defer exec.Finalize()
	outs, err := exec.Call(args...)
	require.NoError(t, err)
	return newObserved(t, ondevice.All(), outs)
}

func TestMetricsEqualDefinitions(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	kinds := []transformer.Pattern{
		{Kind: transformer.PatternSoftmax},
		{Kind: transformer.PatternOffByOne},
		{Kind: transformer.PatternSinkLogit},
		{Kind: transformer.PatternKeyBias},
		{Kind: transformer.PatternSoftpick},
		{Kind: transformer.PatternSigmoid},
		{Kind: transformer.PatternClipped, Gamma: -0.1, Zeta: 1.1},
	}
	for _, kind := range kinds {
		t.Run(string(kind.Kind), func(t *testing.T) {
			c := transformer.Tiny()
			c.Pattern = kind
			if kind.Kind == transformer.PatternSoftmax {
				c.Compute = "bfloat16" // its pattern and all metrics stay in float32
			}
			// One length fills the batch, the others leave padding. Many documents of
			// one token: rounding takes a few per cent of their entropies below 0 if
			// nothing holds them.
			lens := append([]int{11, 24}, slices.Repeat([]int{1}, 40)...)
			o := runBlock(t, c, lens, 0)
			o.check(t, &c, lens)
			hasKind(t, o, kind.Kind, lens)
		})
	}
}

// hasKind makes sure that the random pattern has what makes its kind hard: rows
// that do not sum to 1, rows of zeros, exact zeros and ones.
func hasKind(t *testing.T, o *observed, kind transformer.PatternKind, lens []int) {
	t.Helper()
	zeroRows, dropped, exactOnes, onFirst, notFirst := 0, 0, 0, 0, 0
	for b, n := range lens {
		for h := range o.pattern.dims[1] {
			for i := range n {
				sum := o.metric[ondevice.RowSum].at(b, h)[i]
				switch {
				case sum == 0:
					zeroRows++
				case sum < 0.99:
					dropped++
				}
				if o.metric[ondevice.RowMax].at(b, h)[i] == 1 && i > 0 {
					exactOnes++
				}
				if o.metric[ondevice.FirstIsMax].at(b, h)[i] == 1 {
					onFirst++
				} else {
					notFirst++
				}
			}
		}
	}
	require.Positive(t, onFirst)
	require.Positive(t, notFirst)
	switch kind {
	case transformer.PatternSoftmax:
		require.Zero(t, dropped+zeroRows)
	case transformer.PatternSoftpick:
		require.Positive(t, zeroRows)
	case transformer.PatternClipped:
		require.Positive(t, exactOnes)
	default:
		require.Positive(t, dropped)
	}
}

// Chunks bound memory; they must not show in any number.
func TestChunksDoNotShow(t *testing.T) {
	c := transformer.Tiny()
	lens := []int{20, 9}
	whole, parts := runBlock(t, c, lens, 0), runBlock(t, c, lens, 7)
	whole.check(t, &c, lens)
	for m, want := range whole.metric {
		got := parts.metric[m]
		require.Equal(t, want.dims, got.dims, m)
		for b, n := range lens {
			require.InDeltaSlice(t, want.real(b, n), got.real(b, n), 1e-4, m)
		}
	}
}

// real are document b's values without padding.
func (a array) real(b, n int) []float32 {
	switch len(a.dims) {
	case 1: // [B]
		return a.at(b)
	case 2: // [B, T]
		return a.at(b)[:n]
	}
	var out []float32 // [B, heads, T]
	for h := range a.dims[1] {
		out = append(out, a.at(b, h)[:n]...)
	}
	return out
}

// Through the model: several layers, buckets that pad every document, and more
// rows than one chunk of queries holds.
func TestMetricsThroughModel(t *testing.T) {
	c := transformer.Tiny()
	c.Context = 512
	m := tiny.Open(t, c, peaky, 4)
	lens := []int{300, 257, 3}
	rng := rand.New(rand.NewPCG(5, 6))
	batch := transformer.Batch{}
	for _, n := range lens {
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = rng.Int32N(int32(c.Vocab))
		}
		batch.IDs = append(batch.IDs, ids)
	}
	blocks := 0
	_, err := m.Forward(batch, transformer.Pass{
		Observer: everything(t, &c, ondevice.All()),
		OnEmbed: func(outs []*tensors.Tensor) error {
			names := ondevice.Embedded(ondevice.All())
			require.Len(t, outs, len(names)+1)
			metric := map[ondevice.Metric]array{}
			for i, name := range names {
				metric[name] = read(t, outs[i])
			}
			for b, n := range lens {
				checkResidual(t, metric, read(t, outs[len(names)]), b, n)
			}
			return nil
		},
		OnBlock: func(_ int, outs []*tensors.Tensor) error {
			blocks++
			o := newObserved(t, ondevice.All(), outs)
			require.Greater(t, o.pattern.dims[2], slices.Max(lens), "the bucket pads every document")
			o.check(t, &c, lens)
			return nil
		},
	})
	require.NoError(t, err)
	require.Equal(t, c.Layers, blocks)
}
