package quantize_test

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/quantize"
	"firsttoken/train/transformer"
)

// Gates on what heads write read what queries, keys and values read: rewrites stay exact, and their
// weights are rounded as all others are.
func TestOutGate(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: compiles a model a gate")
	}
	for _, gate := range []transformer.OutGate{transformer.OutGateHead, transformer.OutGateElement} {
		c := transformer.Tiny()
		c.OutGate = gate
		m, docs := tiny.Open(t, c, 0.3, 5), texts(3)
		x, err := quantize.Channels(m, docs, 0)
		require.NoError(t, err)
		q, err := quantize.RandomRotation(c.Width, 1)
		require.NoError(t, err)
		exact(t, m, docs, func(n *quantize.Net) error {
			if err := n.Smooth(x, 0.5); err != nil {
				return err
			}
			return n.Rotate(m.Backend, q)
		}).Close()

		net, err := quantize.Read(m)
		require.NoError(t, err)
		require.NoError(t, net.Round(quantize.W4))
		r, err := net.Model(m.Backend)
		require.NoError(t, err)
		defer r.Close()
		want, err := tensors.CopyFlatData[float32](m.Params().Layers[0].OutGate)
		require.NoError(t, err)
		for row := range slices.Chunk(want, c.Width) {
			quantize.RoundGroups(row, 32, quantize.Most(4))
		}
		got, err := tensors.CopyFlatData[float32](r.Params().Layers[0].OutGate)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
