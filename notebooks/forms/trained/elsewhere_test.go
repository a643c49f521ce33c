package trained_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/forms"
	"firsttoken/notebooks/forms/trained"
	"firsttoken/sinks"
	"firsttoken/sinks/probe"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

// A model measured as one from elsewhere is what its explicit patterns and residual streams give.
func TestMeasureTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	on, _, err := backend.Open()
	require.NoError(t, err)
	c := transformer.Tiny()
	c.Pattern.Kind = transformer.PatternSoftpick
	p, err := transformer.RandomParams(&c, dtypes.Float32, 0.4, 3)
	require.NoError(t, err)
	m, err := transformer.New(on, c, p)
	require.NoError(t, err)
	defer m.Close()
	rng := rand.New(rand.NewPCG(3, 4))
	texts := make([][]int32, 5)
	for i := range texts {
		for range 12 {
			texts[i] = append(texts[i], rng.Int32N(int32(c.Vocab)))
		}
	}
	got, err := trained.MeasureTexts(m, texts)
	require.NoError(t, err)
	require.Equal(t, "softpick", got.Form)

	var heads []probe.Head
	for l := range c.Layers {
		for h := range c.Heads {
			heads = append(heads, probe.Head{Layer: l, Head: h})
		}
	}
	for i, ids := range texts {
		patterns, err := probe.Patterns(m, ids, heads)
		require.NoError(t, err)
		var raw, scaled, sum float64
		for _, A := range patterns {
			for k, o := range []sinks.Options{{}, {Normalise: true}} {
				score, err := sinks.SinkScore(A, o)
				require.NoError(t, err)
				if score > 0.3 {
					*[]*float64{&raw, &scaled}[k] += 100 / float64(len(heads))
				}
			}
			for _, row := range A {
				sum += sinks.RowSum(row) / float64(len(row)*len(heads))
			}
		}
		require.InDelta(t, raw, got.Rate[i], 1e-6)
		require.InDelta(t, scaled, got.Scaled[i], 1e-6)
		require.InDelta(t, sum, got.RowSum[i], 1e-5)
		require.Less(t, sum, 0.95, "else rows that do not sum to 1 are not tested")

		streams, err := probe.Residuals(m, ids)
		require.NoError(t, err)
		kurtosis, largest := 0.0, 0.0
		for _, stream := range streams[1:] {
			var all []float64
			for _, h := range stream {
				for _, x := range h {
					all, largest = append(all, float64(x)), max(largest, math.Abs(float64(x)))
				}
			}
			mean := sinks.RowSum(all) / float64(len(all))
			var m2, m4 float64
			for _, x := range all {
				m2 += math.Pow(x-mean, 2) / float64(len(all))
				m4 += math.Pow(x-mean, 4) / float64(len(all))
			}
			kurtosis = max(kurtosis, m4/m2/m2)
		}
		require.InEpsilon(t, kurtosis, got.Kurtosis[i], 1e-4)
		require.InEpsilon(t, largest, got.MaxAbs[i], 1e-5)
	}

	c.Pattern = transformer.Pattern{}
	soft, err := transformer.New(on, c, p)
	require.NoError(t, err)
	other, err := trained.MeasureTexts(soft, texts)
	require.NoError(t, err)
	table, err := forms.Pairs([]forms.Elsewhere{other, got})
	require.NoError(t, err)
	require.Contains(t, table, "| softmax |")
	got.BOS = true
	_, err = forms.Pairs([]forms.Elsewhere{other, got})
	require.ErrorContains(t, err, "they are no pair")
}

// Without models named there is one line that says what it needs; a model that cannot be had is
// named.
func TestPairSaysWhatItNeeds(t *testing.T) {
	t.Setenv(trained.PairEnv, "")
	_, err := trained.Pair(5, 16, 1)
	require.ErrorContains(t, err, trained.PairEnv)
	require.NotContains(t, err.Error(), "\n")
	t.Setenv(trained.PairEnv, "owner/none owner/other")
	t.Setenv("HF_HUB_OFFLINE", "1")
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	_, err = trained.Pair(5, 16, 1)
	require.ErrorContains(t, err, "owner/none")
}
