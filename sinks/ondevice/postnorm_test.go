package ondevice_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// observe runs a document and returns the metrics' outputs at the first block.
func observe(t *testing.T, c transformer.Config, p *transformer.Params[*tensors.Tensor], metrics ...ondevice.Metric) ([]array, error) {
	t.Helper()
	m, err := transformer.New(open(t), c, p)
	require.NoError(t, err)
	defer m.Close()
	obs, err := ondevice.Observer(metrics...)
	require.NoError(t, err)
	var out []array
	_, err = m.Forward(transformer.One([]int32{5, 3, 9, 3, 7}), transformer.Pass{
		Observer: obs, Layers: 1,
		OnBlock: func(_ int, outs []*tensors.Tensor) error {
			for _, x := range outs {
				out = append(out, read(t, x))
			}
			return nil
		},
	})
	return out, err
}

// With a norm behind attention, one head writes what attention adds, and the share of the
// first value is that of a model whose output projection has the gain in it.
func TestWritesThroughANorm(t *testing.T) {
	c := transformer.Tiny()
	c.Heads, c.KVHeads, c.Placement = 1, 1, transformer.PlacementSandwich
	params := func(c transformer.Config) *transformer.Params[*tensors.Tensor] {
		p, err := transformer.RandomParams(&c, dtypes.Float32, peaky, 1)
		require.NoError(t, err)
		return p
	}
	gain := make([]float32, c.Width)
	rng := rand.New(rand.NewPCG(4, 5))
	for i := range gain {
		gain[i] = float32(rng.NormFloat64())
	}
	p := params(c)
	p.Layers[0].AttnPostNorm = tensors.FromFlatDataAndDimensions(gain, c.Width)
	got, err := observe(t, c, p, ondevice.HeadWrite, ondevice.AttnWrite, ondevice.EffectiveFirst)
	require.NoError(t, err)
	require.InEpsilonSlice(t, got[1].at(0)[:5], got[0].at(0, 0)[:5], 1e-4)

	plain := c
	plain.Placement = ""
	scaled := params(plain)
	require.NoError(t, tensors.MutableFlatData(scaled.Layers[0].Out, func(flat []float32) {
		for i := range flat {
			flat[i] *= gain[i/c.HeadDim]
		}
	}))
	want, err := observe(t, plain, scaled, ondevice.EffectiveFirst)
	require.NoError(t, err)
	require.InDeltaSlice(t, want[0].at(0, 0)[:5], got[2].at(0, 0)[:5], 1e-5)
	require.Less(t, want[0].at(0, 0)[4], float32(0.999))
}

func TestUndefinedMetricsAreRefused(t *testing.T) {
	c := transformer.Tiny()
	require.Equal(t, ondevice.All(), ondevice.Defined(&c))
	for norm, missing := range map[transformer.NormKind][]ondevice.Metric{
		"":                    {ondevice.ValueWrite},
		transformer.NormLayer: {ondevice.ValueWrite, ondevice.HeadWrite, ondevice.EffectiveFirst},
	} {
		c := transformer.Tiny()
		c.Placement, c.Norm = transformer.PlacementPost, norm
		require.Len(t, ondevice.Defined(&c), len(ondevice.All())-len(missing))
		for _, m := range missing {
			require.NotContains(t, ondevice.Defined(&c), m)
			p, err := transformer.RandomParams(&c, dtypes.Float32, peaky, 1)
			require.NoError(t, err)
			_, err = observe(t, c, p, ondevice.RowSum, m)
			require.ErrorContains(t, err, "metric "+string(m)+" is not defined for this model: a norm stands between its heads and the residual stream")
		}
	}
}

// A gate behind a head is part of what it writes: one head writes what attention adds. It scales
// all keys of a row alike, so shares stay, unless channels have gates of their own.
func TestWritesThroughAGate(t *testing.T) {
	c := transformer.Tiny()
	c.Heads, c.KVHeads = 1, 1
	params := func(c transformer.Config) *transformer.Params[*tensors.Tensor] {
		p, err := transformer.RandomParams(&c, dtypes.Float32, peaky, 1)
		require.NoError(t, err)
		return p
	}
	plain, err := observe(t, c, params(c), ondevice.HeadWrite, ondevice.EffectiveFirst)
	require.NoError(t, err)
	for gate, missing := range map[transformer.OutGate][]ondevice.Metric{
		transformer.OutGateHead:    {ondevice.ValueWrite},
		transformer.OutGateElement: {ondevice.ValueWrite, ondevice.EffectiveFirst},
	} {
		c.OutGate = gate
		got, err := observe(t, c, params(c), ondevice.HeadWrite, ondevice.AttnWrite)
		require.NoError(t, err)
		require.InEpsilonSlice(t, got[1].at(0)[:5], got[0].at(0, 0)[:5], 1e-4)
		require.NotEqual(t, plain[0].at(0, 0), got[0].at(0, 0))
		require.Len(t, ondevice.Defined(&c), len(ondevice.All())-len(missing))
		for _, m := range missing {
			_, err = observe(t, c, params(c), ondevice.RowSum, m)
			require.ErrorContains(t, err, "metric "+string(m)+" is not defined for this model: each query has a gate of its own")
		}
		if gate == transformer.OutGateHead {
			got, err := observe(t, c, params(c), ondevice.EffectiveFirst)
			require.NoError(t, err)
			require.InDeltaSlice(t, plain[1].at(0, 0)[:5], got[0].at(0, 0)[:5], 1e-6)
		}
	}
}
