package measure_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/notebooks/bits/byform/measure"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train"
	"firsttoken/train/local"
	"firsttoken/train/transformer"
)

// gated is a small random model whose heads write through a gate.
func gated(t *testing.T, gate transformer.OutGate) *transformer.Model {
	t.Helper()
	c := transformer.Tiny()
	c.OutGate = gate
	return tiny.Open(t, c, 0.3, 5)
}

// plan has n random documents of 24 tokens to measure, as many others to calibrate on.
func plan(n, draws int) measure.Plan {
	rng := rand.New(rand.NewPCG(1, 2))
	docs := make([][]int32, 2*n)
	for i := range docs {
		for range 24 {
			docs[i] = append(docs[i], rng.Int32N(64))
		}
	}
	return measure.Plan{Draws: draws, Texts: docs[:n], Calibration: docs[n:]}
}

func TestSchemes(t *testing.T) {
	var names []string
	for _, s := range measure.Schemes() {
		require.NotContains(t, names, s.String())
		names = append(names, s.String())
	}
	for _, want := range []string{"float", "W8", "W4", "KV4", "W8A8 dynamic", "W8A6 static", "W8A4 static, token 1 kept", "W8A4 static, token 20 kept", "W4A4 static"} {
		require.Contains(t, names, want)
	}
}

// Every scheme has a loss, that of nothing rounded is the model's own, fewer bits cost more, and a
// token kept counts.
func TestModel(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a model of each kind of weights is compiled")
	}
	m, p := gated(t, transformer.OutGateHead), plan(4, 2)
	r, err := measure.Model(m, p)
	require.NoError(t, err)
	for _, s := range measure.Schemes() {
		require.Contains(t, r.Loss, s.String())
		require.Positive(t, r.Loss[s.String()])
	}
	free, err := probe.Run(m, p.Texts, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}})
	require.NoError(t, err)
	mean := 0.0
	for _, trace := range free {
		loss, err := trace.MeanLoss()
		require.NoError(t, err)
		mean += loss / 4
	}
	require.InDelta(t, mean, r.Loss["float"], 1e-6)
	away := func(s measure.Scheme) float64 { return math.Abs(r.Loss[s.String()] - mean) }
	require.Less(t, away(measure.Static(8, 0)), away(measure.Static(4, 0)))
	require.NotEqual(t, r.Loss[measure.Static(4, 0).String()], r.Loss[measure.Static(4, 1).String()])
	require.NotEqual(t, r.Loss[measure.Static(4, 0).String()], r.Loss[measure.Dynamic(4).String()])
	require.Len(t, r.Output, m.Config.Layers)
	for l, sites := range r.Sites.All {
		for site, ratio := range sites {
			require.GreaterOrEqual(t, ratio, r.Sites.Without[l][site], "one token more cannot lower the largest")
			require.GreaterOrEqual(t, ratio, 1.0)
		}
	}
	p.Draws = 3
	_, err = measure.Model(m, p)
	require.ErrorContains(t, err, "in 3 even draws")
}

// Each draw's steps are its own calibration texts': with the texts of two draws exchanged as they
// stand the losses are others, with the calibration exchanged too they are the same.
func TestDraws(t *testing.T) {
	m, p := gated(t, transformer.OutGateHead), plan(2, 2)
	loss := func(p measure.Plan) float64 {
		calibration, err := quantize.Traces(m, p.Calibration, quantize.Measure{})
		require.NoError(t, err)
		x, err := measure.Loss(p, m, measure.Scheme{Bits: 4, Static: true}, calibration)
		require.NoError(t, err)
		return x
	}
	turned := func(docs [][]int32) [][]int32 { return [][]int32{docs[1], docs[0]} }
	was := loss(p)
	require.NotEqual(t, was, loss(measure.Plan{Draws: 2, Texts: turned(p.Texts), Calibration: p.Calibration}))
	require.InDelta(t, was, loss(measure.Plan{Draws: 2, Texts: turned(p.Texts), Calibration: turned(p.Calibration)}), 1e-6)
}

// All matrices of the blocks are on their grids, W_g among them, and nothing else has moved.
func TestRounded(t *testing.T) {
	for _, gate := range []transformer.OutGate{transformer.OutGateHead, transformer.OutGateElement} {
		m := gated(t, gate)
		was := weights(t, m)
		require.NoError(t, measure.Rounded(m, quantize.W4, func() error {
			got := weights(t, m)
			for name, w := range was {
				want := slices.Clone(w.flat)
				if len(w.dims) == 2 && name != "embed" && name != "output" {
					for row := range slices.Chunk(want, w.dims[1]) {
						quantize.RoundGroups(row, 32, quantize.Most(4))
					}
					require.NotEqual(t, w.flat, want, name)
				}
				require.Equal(t, want, got[name].flat, name)
			}
			return nil
		}))
		require.Equal(t, was, weights(t, m), "the model has its own weights again")
	}
}

// With the weights of another a model computes what the other does, and then its own again.
func TestLend(t *testing.T) {
	c := transformer.Tiny()
	a, b, docs := tiny.Open(t, c, 0.3, 1), tiny.Open(t, c, 0.3, 2), plan(2, 1).Texts
	loss := func(m *transformer.Model) []float32 {
		traces, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}})
		require.NoError(t, err)
		return slices.Concat(traces[0].Loss, traces[1].Loss)
	}
	own, others := loss(a), loss(b)
	require.NotEqual(t, own, others)
	require.NoError(t, measure.Lend(a, b, func() error {
		require.Equal(t, others, loss(a))
		return nil
	}))
	require.Equal(t, own, loss(a))
	require.Equal(t, others, loss(b))
	require.NoError(t, measure.Lend(a, a, func() error {
		require.Equal(t, own, loss(a))
		return nil
	}))
	require.ErrorContains(t, measure.Lend(a, gated(t, transformer.OutGateHead), func() error { return nil }), "two configurations")
}

type weight struct {
	flat []float32
	dims []int
}

func weights(t *testing.T, m *transformer.Model) map[string]weight {
	t.Helper()
	all := map[string]weight{}
	m.Params().Each(&m.Config, func(name string, slot **tensors.Tensor, dims []int) {
		flat, err := tensors.CopyFlatData[float32](*slot)
		require.NoError(t, err)
		require.NotContains(t, all, name)
		all[name] = weight{flat, dims}
	})
	return all
}

// The gate's linear map reads what the others of its site read: rounded. Its openings are σ(W_g h)
// of h rounded on the host.
func TestGateReadsRounded(t *testing.T) {
	m, docs := gated(t, transformer.OutGateHead), plan(1, 1).Texts
	c := &m.Config
	var own []ondevice.Own
	row := func(name string, of func(n *transformer.Nodes) *graph.Node) {
		own = append(own, ondevice.Own{Name: name, Dims: "LT", Reduce: func(_ *transformer.Config, n *transformer.Nodes, _ *graph.Node) *graph.Node { return of(n) }})
	}
	channel := func(i int) string { return "h " + string(rune('a'+i)) }
	for i := range c.Width {
		row(channel(i), func(n *transformer.Nodes) *graph.Node {
			return graph.Squeeze(graph.Slice(n.Read[transformer.SiteQKV], graph.AxisRange(), graph.AxisRange(), graph.AxisElem(i)), -1)
		})
	}
	row("opening", func(n *transformer.Nodes) *graph.Node { return graph.ReduceMean(n.Gate, -1, -2) })
	traces, err := probe.Run(m, docs, probe.Options{
		Metrics: []ondevice.Metric{ondevice.FirstMass}, Own: own, MetricsOnly: true, Interventions: []probe.Intervention{quantize.Activations{Bits: 3}},
	})
	require.NoError(t, err)
	gate, err := tensors.CopyFlatData[float32](m.Params().Layers[0].OutGate)
	require.NoError(t, err)
	moved := 0.0
	for pos := range docs[0] {
		h := make([]float32, c.Width)
		for i := range h {
			h[i] = traces[0].Own[channel(i)].Values[0][0][pos]
		}
		plain := opening(gate, h)
		quantize.RoundGroups(h, 0, quantize.Most(3))
		require.InDelta(t, opening(gate, h), traces[0].Own["opening"].Values[0][0][pos], 1e-4)
		moved = max(moved, math.Abs(plain-opening(gate, h)))
	}
	require.Greater(t, moved, 1e-2, "unrounded inputs would be told apart")
}

// opening is the mean over heads of σ(W_g h).
func opening(gate, h []float32) (mean float64) {
	heads := len(gate) / len(h)
	for row := range slices.Chunk(gate, len(h)) {
		dot := 0.0
		for i, w := range row {
			dot += float64(w) * float64(h[i])
		}
		mean += 1 / (1 + math.Exp(-dot)) / float64(heads)
	}
	return mean
}

// Texts to measure and to calibrate on are different documents behind ⟨bos⟩.
func TestCut(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: the training text is read")
	}
	grid, err := train.ReadGrid(filepath.Join("..", "..", "..", "grids", "patterns.json"))
	require.NoError(t, err)
	configs, err := grid.Configs()
	require.NoError(t, err)
	p, err := measure.Cut(context.Background(), configs[0].ID(), 8, 64, 4)
	if errors.Is(err, local.ErrAbsent) {
		t.Skip("the text that the run read is another on this Go toolchain: ", err)
	}
	require.NoError(t, err)
	require.NoError(t, p.Validate())
	require.Len(t, p.Texts, 8)
	for _, doc := range slices.Concat(p.Texts, p.Calibration) {
		require.Len(t, doc, 64)
		require.Equal(t, p.Texts[0][0], doc[0], "⟨bos⟩")
	}
	for _, doc := range p.Texts {
		for _, other := range p.Calibration {
			require.NotEqual(t, doc, other)
		}
	}
}

// Runs that nobody has trained are absent.
func TestAbsent(t *testing.T) {
	grid, err := train.ReadGrid(filepath.Join("..", "..", "..", "grids", "patterns.json"))
	require.NoError(t, err)
	configs, err := grid.Configs()
	require.NoError(t, err)
	configs[0].Seed = 987654321
	_, err = measure.Runs(context.Background(), configs[:1], 8, 64, 4)
	require.ErrorIs(t, err, local.ErrAbsent)
}

// Tokens whose heads all rest read zeros, more than half of them in softpick's models.
func TestOver(t *testing.T) {
	all := []float32{9, 0, 0, 0, 0, 3, 2}
	require.Equal(t, 3.0, measure.Over(all, all))
	require.Equal(t, 1.0, measure.Over(all[1:], all))
	require.Equal(t, 1.0, measure.Over(all[1:4], all[1:4]))
	require.Equal(t, []float32{9, 0, 0, 0, 0, 3, 2}, all)
}
