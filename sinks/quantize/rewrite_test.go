package quantize_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/transformer"
)

// exact requires that a rewritten model computes what the model does: its last logits, to 1e-4 of
// their spread.
func exact(t *testing.T, m *transformer.Model, docs [][]int32, rewrite func(n *quantize.Net) error) *transformer.Model {
	t.Helper()
	net, err := quantize.Read(m)
	require.NoError(t, err)
	require.NoError(t, rewrite(net))
	same, err := net.Model(m.Backend)
	require.NoError(t, err)
	o := probe.Options{Metrics: []ondevice.Metric{ondevice.ResidMax}}
	want, err := probe.Run(m, docs, o)
	require.NoError(t, err)
	got, err := probe.Run(same, docs, o)
	require.NoError(t, err)
	for i, trace := range want {
		mean, spread := 0.0, 0.0
		for _, x := range trace.LogitsLast {
			mean += float64(x) / float64(len(trace.LogitsLast))
		}
		for _, x := range trace.LogitsLast {
			spread += (float64(x) - mean) * (float64(x) - mean) / float64(len(trace.LogitsLast))
		}
		for j, x := range trace.LogitsLast {
			require.InDelta(t, x, got[i].LogitsLast[j], 1e-4*max(1, math.Sqrt(spread)), "logit %d", j)
		}
		require.NotEqual(t, trace.LogitsLast, got[i].LogitsLast, "the weights are others")
		require.InDeltaSlice(t, trace.Loss, got[i].Loss, 1e-4)
	}
	return same
}

// Rotation and SmoothQuant change no logit, each alone and one after the other; quantisation then
// does what it does to other numbers.
func TestRewritesAreExact(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	m, docs := model(t), texts(3)
	x, err := quantize.Channels(m, docs, 0)
	require.NoError(t, err)
	q, err := quantize.RandomRotation(m.Config.Width, 1)
	require.NoError(t, err)
	smooth := func(alpha float64) func(*quantize.Net) error {
		return func(n *quantize.Net) error { return n.Smooth(x, alpha) }
	}
	for _, alpha := range []float64{0, 0.85} {
		exact(t, m, docs, smooth(alpha)).Close()
	}
	turned := exact(t, m, docs, func(n *quantize.Net) error { return n.Rotate(m.Backend, q) })
	defer turned.Close()
	require.False(t, turned.Config.TiedOutput)
	require.True(t, m.Config.TiedOutput, "the model that was read stays")
	exact(t, m, docs, func(n *quantize.Net) error {
		if err := n.Smooth(x, 0.5); err != nil {
			return err
		}
		return n.Rotate(m.Backend, q)
	}).Close()
}

// What SmoothQuant says: at α = 1 all channels of a site reach as far as 1 in the texts calibrated
// on; tokens left out do not count.
func TestSmoothEvensChannels(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	m, docs := model(t), texts(3)
	x, err := quantize.Channels(m, docs, 0)
	require.NoError(t, err)
	even := exact(t, m, docs, func(n *quantize.Net) error { return n.Smooth(x, 1) })
	defer even.Close()
	y, err := quantize.Channels(even, docs, 0)
	require.NoError(t, err)
	for l := range y {
		for site, row := range y[l] {
			for c, v := range row {
				if transformer.Site(site) == transformer.SiteOut {
					require.LessOrEqual(t, v, float32(1.001)) // heads that share a value share its factor
					continue
				}
				require.InDelta(t, 1, v, 1e-3, "layer %d, %s, channel %d", l+1, transformer.Site(site), c)
			}
		}
	}
	list, err := quantize.Traces(m, docs, quantize.Measure{})
	require.NoError(t, err)
	r, err := quantize.Calibrated(list, quantize.Positions(0, 1), nil)
	require.NoError(t, err)
	x, err = quantize.Channels(m, docs, 2)
	require.NoError(t, err)
	for l := range x {
		for site, row := range x[l] {
			require.InEpsilon(t, r[l][site], quantize.MaxAbs(row), 1e-5)
		}
	}
}

func TestRotations(t *testing.T) {
	for _, n := range []int{1, 2, 12, 48, 64, 576, 1536} {
		h, err := quantize.Hadamard(n, 3)
		require.NoError(t, err)
		rotation(t, h, n)
		for _, x := range h {
			require.InDelta(t, 1/math.Sqrt(float64(n)), math.Abs(float64(x)), 1e-6)
		}
	}
	for _, n := range []int{3, 20, 40} {
		_, err := quantize.Hadamard(n, 3)
		require.ErrorContains(t, err, "a Hadamard matrix of")
	}
	q, err := quantize.RandomRotation(37, 5)
	require.NoError(t, err)
	rotation(t, q, 37)
	again, err := quantize.RandomRotation(37, 5)
	require.NoError(t, err)
	require.Equal(t, q, again)
}

// rotation requires rows of length 1 that stand on each other; of large matrices some.
func rotation(t *testing.T, q []float32, n int) {
	t.Helper()
	require.Len(t, q, n*n)
	for i := range n {
		for _, j := range []int{i, (i + 1) % n, (7*i + 5) % n, 0} {
			dot, want := 0.0, 0.0
			for k := range n {
				dot += float64(q[i*n+k]) * float64(q[j*n+k])
			}
			if i == j {
				want = 1
			}
			require.InDelta(t, want, dot, 1e-5)
		}
	}
}

// Steps of a turned site are those of the turned channels.
func TestCalibrateTurned(t *testing.T) {
	m, docs := model(t), texts(2)
	turn, err := quantize.HadamardTurn(&m.Config, 1)
	require.NoError(t, err)
	list, err := quantize.Traces(m, docs, quantize.Measure{Turn: turn})
	require.NoError(t, err)
	plain, err := quantize.Calibrated(list, nil, nil)
	require.NoError(t, err)
	turned, err := quantize.Calibrated(list, nil, turn)
	require.NoError(t, err)
	require.Equal(t, plain[1][transformer.SiteQKV], turned[1][transformer.SiteQKV])
	require.NotEqual(t, plain[1][transformer.SiteDown], turned[1][transformer.SiteDown])
	fine := traces(t, m, docs, quantize.Activations{Bits: 16, Range: turned, Turn: turn})
	for i, trace := range traces(t, m, docs) {
		require.InDeltaSlice(t, trace.LogitsLast, fine[i].LogitsLast, 0.05)
	}
}

func TestRewritesRefused(t *testing.T) {
	b, _, err := backend.Open()
	require.NoError(t, err)
	net := func(change func(c *transformer.Config)) *quantize.Net {
		c := transformer.Tiny()
		change(&c)
		n, err := quantize.Read(tiny.Open(t, c, 0.3, 1))
		require.NoError(t, err)
		return n
	}
	plain := net(func(*transformer.Config) {})
	require.ErrorContains(t, plain.Rotate(b, make([]float32, 4)), "the stream has 32 channels")
	require.ErrorContains(t, plain.Rotate(b, make([]float32, 32*32)), "not orthogonal")
	require.ErrorContains(t, plain.Smooth(nil, 0.5), "channels of 0 layers")
	require.ErrorContains(t, plain.Smooth(make(quantize.ChannelMax, 2), 0.5), "0 channels at qkv of layer 1")
	require.ErrorContains(t, plain.Smooth(nil, 2), "α = 2")
	sandwich := net(func(c *transformer.Config) { c.Placement = transformer.PlacementSandwich })
	require.ErrorContains(t, sandwich.Rotate(b, make([]float32, 32*32)), "norm_placement")
	require.ErrorContains(t, net(func(c *transformer.Config) { c.PlainMLP = true }).Smooth(nil, 0.5), "without a gate")
}

// On SmolLM2: a Hadamard matrix of 576 rows, 12 ⊗ 12 ⊗ 4, changes no logit.
func TestRotationOfSmolLM2(t *testing.T) {
	if testing.Short() {
		t.Skip("rewrites 135 M weights")
	}
	b, _, err := backend.Open()
	require.NoError(t, err)
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	require.NoError(t, err)
	defer m.Close()
	q, err := quantize.Hadamard(m.Config.Width, 1)
	require.NoError(t, err)
	docs := [][]int32{{504, 3575, 282, 4649, 314, 7042, 28, 284, 260, 3575, 282, 5275, 314}}
	x, err := quantize.Channels(m.Model, docs, 0)
	require.NoError(t, err)
	exact(t, m.Model, docs, func(n *quantize.Net) error {
		if err := n.Smooth(x, 0.5); err != nil {
			return err
		}
		return n.Rotate(m.Backend, q)
	}).Close()
}
