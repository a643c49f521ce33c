package probe_test

import (
	"errors"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// wired returns the streams of documents under a wiring.
func wired(t *testing.T, m *transformer.Model, docs [][]int32, w probe.Wiring) [][][][]float32 {
	t.Helper()
	streams := make([][][][]float32, len(docs))
	require.NoError(t, probe.EachWired(m, docs, w, func(i int, stream [][][]float32) error {
		streams[i] = stream
		return nil
	}))
	return streams
}

// withoutMLP skips every update of an MLP.
func withoutMLP(layers, tokens int) (list []probe.Intervention) {
	for l := range layers {
		for p := range tokens {
			list = append(list, probe.SkipUpdate{Layer: l, Pos: p, Part: probe.MLP})
		}
	}
	return list
}

func requireClose(t *testing.T, want, got [][]float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for p := range want {
		require.InDeltaSlice(t, want[p], got[p], 2e-5, "token %d", p+1)
	}
}

// The full block is the model; attention + residual is the model with all MLPs left out.
func TestWiringsEqualTheModelUnderInterventions(t *testing.T) {
	fullOnly(t, "SmolLM2 under three wirings")
	m, docs := model(t), documents(13, 16)
	for w, edits := range map[probe.Wiring]func(ids []int32) []probe.Intervention{
		probe.FullBlock:         func([]int32) []probe.Intervention { return nil },
		probe.AttentionResidual: func(ids []int32) []probe.Intervention { return withoutMLP(m.Config.Layers, len(ids)) },
	} {
		for i, got := range wired(t, m, docs, w) {
			want, err := probe.Residuals(m, docs[i], edits(docs[i])...)
			require.NoError(t, err)
			require.Len(t, got, len(want))
			for l := range want {
				requireClose(t, want[l], got[l])
			}
		}
	}
}

// Pure attention: a model of one layer, whose embedding is the stream that enters the layer, adds
// to it what pure attention puts in its place.
func TestPureAttentionReplacesTheStream(t *testing.T) {
	fullOnly(t, "SmolLM2, block by block")
	m, ids := model(t), documents(11)[0]
	stream := wired(t, m, [][]int32{ids}, probe.PureAttention)[0]
	require.Len(t, stream, m.Config.Layers+1)
	positions := make([]int32, len(ids))
	for l := range m.Config.Layers {
		c := m.Config
		c.Layers, c.Vocab = 1, len(ids)
		var flat []float32
		for p, row := range stream[l] {
			flat, positions[p] = append(flat, row...), int32(p)
		}
		one, err := transformer.New(m.Backend, c, &transformer.Params[*tensors.Tensor]{
			Embed:  tensors.FromFlatDataAndDimensions(flat, c.Vocab, c.Width),
			Layers: m.Params().Layers[l : l+1],
			Norm:   m.Params().Norm,
		})
		require.NoError(t, err)
		both, err := probe.Residuals(one, positions, withoutMLP(1, len(ids))...)
		require.NoError(t, err)
		for p, row := range both[1] {
			for d := range row {
				row[d] -= stream[l][p][d]
			}
		}
		requireClose(t, stream[l+1], both[1])
	}
}

// Equal tokens stay equal whatever attention does, since its rows sum to 1: with one token repeated
// there is nothing to mix.
func TestOneTokenRepeatedStaysOneVector(t *testing.T) {
	fullOnly(t, "SmolLM2 under three wirings")
	for _, w := range probe.Wirings() {
		for l, rows := range wired(t, model(t), [][]int32{{7, 7, 7, 7, 7, 7}}, w)[0] {
			for _, row := range rows {
				require.InDeltaSlice(t, rows[0], row, 1e-4, "%s, layer %d", w, l)
			}
		}
	}
}

func TestEachWiredRefuses(t *testing.T) {
	none := func(int, [][][]float32) error { return nil }
	require.ErrorContains(t, probe.EachWired(model(t), documents(3), "half block", none), "must be one of")
	require.ErrorContains(t, probe.EachWired(model(t), documents(3, 0), probe.FullBlock, none), "document 2 of 2 is empty")
	stop := errors.New("stop")
	require.ErrorIs(t, probe.EachWired(model(t), documents(3), probe.FullBlock, func(int, [][][]float32) error { return stop }), stop)
}
