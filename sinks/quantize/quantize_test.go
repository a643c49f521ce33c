package quantize_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
	"firsttoken/train/transformer"
)

// shared is a small random model, shared by all tests since compiling it is what takes time.
var shared = sync.OnceValues(func() (*transformer.Model, error) {
	c := transformer.Tiny()
	return tiny.Random(c, 0.3, 11, func(p *transformer.Params[*tensors.Tensor]) {
		// Gains of 1 would let mistakes in folding them pass.
		rng := rand.New(rand.NewPCG(3, 4))
		p.Each(&c, func(_ string, slot **tensors.Tensor, dims []int) {
			if len(dims) == 1 {
				gain := make([]float32, dims[0])
				for i := range gain {
					gain[i] = float32(math.Exp(0.5 * rng.NormFloat64()))
				}
				*slot = tensors.FromFlatDataAndDimensions(gain, dims...)
			}
		})
	})
})

func model(t *testing.T) *transformer.Model {
	t.Helper()
	m, err := shared()
	require.NoError(t, err)
	return m
}

// texts draws n documents of nine tokens.
func texts(n int) [][]int32 {
	rng := rand.New(rand.NewPCG(12, 13))
	docs := make([][]int32, n)
	for i := range docs {
		for range 9 {
			docs[i] = append(docs[i], rng.Int32N(64))
		}
	}
	return docs
}

func traces(t *testing.T, m *transformer.Model, docs [][]int32, under ...probe.Intervention) []*sinks.Trace {
	t.Helper()
	list, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.ResidNorm}, Interventions: under})
	require.NoError(t, err)
	for _, trace := range list {
		trace.Provenance = nil
	}
	return list
}

// Nothing rounded, or everything kept, is the model as it is, bit for bit.
func TestIdentity(t *testing.T) {
	m, docs := model(t), texts(3)
	free := traces(t, m, docs)
	require.Equal(t, free, traces(t, m, docs, quantize.Activations{}))
	require.Equal(t, free, traces(t, m, docs, quantize.Activations{Keep: quantize.First()}))
	all := &quantize.Keep{Name: "all tokens", At: func(ids []int32) []int { return quantize.Positions(0, 1, 2, 3, 4, 5, 6, 7, 8).At(ids) }}
	require.Equal(t, free, traces(t, m, docs, quantize.Activations{Bits: 3, KV: 3, Keep: all}))

	net, err := quantize.Read(m)
	require.NoError(t, err)
	require.NoError(t, net.Round(quantize.Float))
	same, err := net.Model(m.Backend)
	require.NoError(t, err)
	defer same.Close()
	require.Equal(t, free, traces(t, same, docs))
}

// Fewer bits move the logits farther; each site counts, and so do keys and values.
func TestEffect(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	m, docs := model(t), texts(3)
	free := traces(t, m, docs)
	distance := func(a quantize.Activations) (d float64) {
		for i, trace := range traces(t, m, docs, a) {
			for j, x := range trace.LogitsLast {
				d += math.Abs(float64(x - free[i].LogitsLast[j]))
			}
		}
		return d
	}
	require.Less(t, distance(quantize.Activations{Bits: 16}), 1.0)
	require.Less(t, distance(quantize.Activations{Bits: 8}), distance(quantize.Activations{Bits: 4}))
	for site := range transformer.Sites {
		require.Positive(t, distance(quantize.Activations{Bits: 4, Sites: []transformer.Site{site}}), site)
	}
	require.Positive(t, distance(quantize.Activations{KV: 4}))
	turn := &quantize.Turn{Site: transformer.SiteDown, Name: "a swap of two", Matrix: []float32{0, 1, 1, 0}}
	require.InDelta(t, distance(quantize.Activations{Bits: 4}), distance(quantize.Activations{Bits: 4, Turn: turn}), 1e-2,
		"channels in another order are rounded the same")
}

// Static steps are those of the calibration texts; the texts themselves never reach beyond them,
// and tokens kept do not count.
func TestCalibrate(t *testing.T) {
	m, docs := model(t), texts(4)
	list, err := quantize.Traces(m, docs, quantize.Measure{})
	require.NoError(t, err)
	r, err := quantize.Calibrated(list, nil, nil)
	require.NoError(t, err)
	for l, row := range r {
		for site := range transformer.Sites {
			var all []float32
			for _, trace := range list {
				all = append(all, trace.Own[quantize.MaxAt(site).Name].Values[0][l]...)
			}
			require.Equal(t, slices.Max(all), row[site])
		}
	}
	without, err := quantize.Calibrated(list[:1], quantize.Positions(0, 1, 2, 3, 4, 5, 6, 7), nil)
	require.NoError(t, err)
	require.InEpsilon(t, list[0].Own["max at down"].Values[0][1][8], without[1][transformer.SiteDown], 1e-5)
	// 16 bits of that range hardly round.
	fine := traces(t, m, docs, quantize.Activations{Bits: 16, Range: r})
	for i, trace := range traces(t, m, docs) {
		require.InDeltaSlice(t, trace.LogitsLast, fine[i].LogitsLast, 0.05)
	}
	_, err = quantize.Calibrated(nil, nil, nil)
	require.Error(t, err)
	_, err = quantize.Calibrated(list, nil, &quantize.Turn{Site: transformer.SiteDown, Name: "another"})
	require.ErrorContains(t, err, "use Traces")
}

// The measures of a text, against its residual streams.
func TestOutliers(t *testing.T) {
	m, ids := model(t), texts(1)[0]
	list, err := quantize.Traces(m, [][]int32{ids}, quantize.Measure{})
	require.NoError(t, err)
	got, err := quantize.MeasureOutliers(list[0], quantize.BlockOutput)
	require.NoError(t, err)
	streams, err := probe.Residuals(m, ids)
	require.NoError(t, err)
	for l, o := range got {
		var tops []float32
		n, m1, m2, m4 := 0.0, 0.0, 0.0, 0.0
		for _, row := range streams[l+1] {
			tops = append(tops, quantize.MaxAbs(row))
			for _, x := range row {
				n, m1 = n+1, m1+float64(x)
			}
		}
		for _, row := range streams[l+1] {
			for _, x := range row {
				d := float64(x) - m1/n
				m2, m4 = m2+d*d/n, m4+d*d*d*d/n
			}
		}
		slices.Sort(tops)
		require.InDelta(t, tops[8], o.Max, 1e-5)
		require.InDelta(t, tops[8]/tops[4], o.Ratio, 1e-5)
		require.InEpsilon(t, m4/m2/m2, o.Kurtosis, 1e-4)
	}
	_, err = quantize.MeasureOutliers(list[0], quantize.DownInput)
	require.NoError(t, err)
	bare, err := probe.Run(m, [][]int32{ids}, probe.Options{Metrics: []ondevice.Metric{ondevice.ResidMax}})
	require.NoError(t, err)
	_, err = quantize.MeasureOutliers(bare[0], quantize.BlockOutput)
	require.ErrorContains(t, err, "use Traces")
}

// A token that an edit makes massive is found, kept by that name, and calibration without it is
// narrower.
func TestOutlierTokens(t *testing.T) {
	m, docs := model(t), texts(2)
	big := make([]float32, m.Config.Width)
	big[3] = 3000
	massive := probe.Own{Name: "token 5 becomes massive", Write: func(layer int, e *probe.LayerEdits) {
		if layer == 0 {
			e.AddResid(0, 4, big)
		}
	}}
	list, err := quantize.Traces(m, docs, quantize.Measure{Under: []probe.Intervention{massive}})
	require.NoError(t, err)
	tokens, err := quantize.OutlierTokens(list[0])
	require.NoError(t, err)
	require.Equal(t, []int{4}, tokens)
	keep, err := quantize.KeepOutliers(list)
	require.NoError(t, err)
	require.Equal(t, []int{4}, keep.At(docs[0]))
	require.Empty(t, keep.At(docs[1]))
	require.Empty(t, keep.At([]int32{1, 2}))
}

func TestRefused(t *testing.T) {
	m, docs := model(t), texts(1)
	for problem, a := range map[string]quantize.Activations{
		"1 bits: use 2 to 16":        {Bits: 1},
		"40 bits: use 2 to 16":       {KV: 40},
		"ranges of 1 layers":         {Bits: 8, Range: make(quantize.Range, 1)},
		"the range at qkv of layer":  {Bits: 8, Range: make(quantize.Range, 2)},
		"there are 4 sites":          {Bits: 8, Sites: []transformer.Site{7}},
		"has 9 tokens, and token 10": {Bits: 8, Keep: quantize.Positions(9)},
		"needs a name and a matrix":  {Bits: 8, Turn: &quantize.Turn{}},
		"these are no square":        {Bits: 8, Turn: &quantize.Turn{Name: "x", Matrix: []float32{1, 0}}},
	} {
		_, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.ResidNorm}, Interventions: []probe.Intervention{a}})
		require.ErrorContains(t, err, problem)
	}
	twice := []probe.Intervention{quantize.Activations{Bits: 8}, quantize.Activations{Bits: 4}}
	_, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.ResidNorm}, Interventions: twice})
	require.ErrorContains(t, err, "rounded twice")
	require.ErrorContains(t, quantize.Scheme("w2").Validate(), "use float, w8 or w4")
}
