package ondevice_test

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// The band equals that of the whole pattern: in one chunk of queries, across two
// of them, and where the window is wider than a chunk or the text.
func TestRecentEqualsPattern(t *testing.T) {
	c := transformer.Tiny()
	c.Context = 512
	m := tiny.Open(t, c, peaky, 3)
	heads, err := ondevice.Heads([]int{0, 1, 2, 3})
	require.NoError(t, err)
	for _, k := range []struct{ tokens, window int }{{11, 3}, {5, 20}, {300, 9}} {
		recent, err := ondevice.Recent(k.window)
		require.NoError(t, err)
		ids := make([]int32, k.tokens)
		for i := range ids {
			ids[i] = int32(i*i+i/3) % int32(c.Vocab)
		}
		layers := 0
		_, err = m.Forward(transformer.One(ids), transformer.Pass{
			Observer: transformer.Observers(heads, recent),
			OnBlock: func(_ int, outs []*tensors.Tensor) error {
				layers++
				pattern, band := read(t, outs[0]), read(t, outs[1])
				require.Equal(t, []int{1, 4, transformer.Bucket(k.tokens), k.window + 1}, band.dims)
				for h := range c.Heads {
					whole := pattern.rows(k.tokens, 0, h)
					require.Equal(t, ifelse.Diagonals(whole, k.window), band.rows(k.tokens, 0, h))
				}
				return nil
			},
		})
		require.NoError(t, err)
		require.Equal(t, c.Layers, layers)
	}
	_, err = ondevice.Recent(-1)
	require.ErrorContains(t, err, "window -1")
}

// With the places of queries and keys given as data the band is the same.
func TestRecentByPlace(t *testing.T) {
	c := transformer.Tiny()
	m := tiny.Open(t, c, peaky, 3)
	const n, window = 7, 3
	recent, err := ondevice.Recent(window)
	require.NoError(t, err)
	stream := make([]float32, n*c.Width)
	for i := range stream {
		stream[i] = float32(i*i%19) - 9
	}
	band := func(name string, geo transformer.Geometry[*tensors.Tensor]) []float32 {
		out, err := m.Run(transformer.Call{
			Geometry: geo, Args: []*tensors.Tensor{tensors.FromFlatDataAndDimensions(stream, 1, n, c.Width)}, Name: name,
			Build: func(c *transformer.Config, a []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
				in.Resid, in.QueryChunk = a[0], 3
				return recent.Observe(c, transformer.Block(c, w, in), nil)
			},
		})
		require.NoError(t, err)
		return tensors.MustCopyFlatData[float32](out[0])
	}
	plain := c.Geometry(0, transformer.Ascending(n))
	placed := c.Geometry(0, transformer.Ascending(n))
	placed.QueryPos = tensors.FromValue(transformer.Ascending(n))
	placed.KeyPos = tensors.FromValue([][][]int32{transformer.Ascending(n)})
	require.InDeltaSlice(t, band("plain", plain), band("placed", placed), 1e-6)
}
