package collapse_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/collapse"
)

// random draws a stream [layers][n][D] around a common mean that grows with the layer.
func random(layers, n, D int) [][][]float32 {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(D)))
	stream := make([][][]float32, layers)
	for l := range stream {
		stream[l] = make([][]float32, n)
		for t := range stream[l] {
			for range D {
				stream[l][t] = append(stream[l][t], float32(rng.NormFloat64()+float64(3*l)))
			}
		}
	}
	return stream
}

// Proposition 3.1 holds for whatever rows, the measures agree with those of package sinks, and
// relative ones do not change with scale.
func TestByDepthOnRandomStreams(t *testing.T) {
	for _, rows := range []collapse.Rows{{}, {Skip: 1}, {Length: 4}, {Skip: 2, Length: 7}} {
		stream := random(5, 9, 6)
		d, err := collapse.ByDepth(stream, rows)
		require.NoError(t, err)
		for l, V := range stream {
			end := rows.Length
			if end == 0 {
				end = len(V)
			}
			V = V[rows.Skip:end]
			absolute, relative, err := sinks.RankCollapse(V)
			require.NoError(t, err)
			require.Equal(t, absolute, d.Rank[l])
			require.Equal(t, relative, d.Relative[l])
			require.LessOrEqual(t, d.Distance[l], math.Sqrt2*d.Rank[l])
			require.InDelta(t, d.Distance[l]/(math.Sqrt2*d.Rank[l]), d.Tightness[l], 1e-12)
			require.Positive(t, d.Tightness[l])
			require.InDelta(t, d.Distance[l]/sinks.Norms(V)[len(V)-1], d.Apart[l], 1e-12)
			for _, row := range V {
				for i := range row {
					row[i] *= 4
				}
			}
		}
		ranks, err := collapse.EffectiveRanks(stream, rows)
		require.NoError(t, err)
		// A larger common mean is a higher mean cosine and a lower effective rank.
		require.Greater(t, d.Cosine[4], d.Cosine[0])
		require.Less(t, ranks[4], ranks[0])
		scaled, err := collapse.ByDepth(stream, rows)
		require.NoError(t, err)
		require.InDeltaSlice(t, d.Relative, scaled.Relative, 1e-12)
		require.InDeltaSlice(t, d.Tightness, scaled.Tightness, 1e-12)
		require.InDeltaSlice(t, d.Cosine, scaled.Cosine, 1e-12)
		for _, r := range ranks {
			require.True(t, r >= 1 && r <= 6, "of %g", r)
		}
	}
}

// √2 is the smallest constant: Attained reaches it at every size.
func TestAttainedIsSharp(t *testing.T) {
	for _, size := range [][2]int{{2, 1}, {3, 2}, {64, 576}} {
		V, err := collapse.Attained(size[0], size[1], 0.25)
		require.NoError(t, err)
		p, err := sinks.CheckProp31(V)
		require.NoError(t, err)
		require.InDelta(t, 0.25, p.Representational, 1e-12)
		require.InDelta(t, p.Bound(), p.Representational, 1e-12)
		require.True(t, p.Holds())
	}
}

func TestCounterexampleRefutesTheConverse(t *testing.T) {
	for _, n := range []int{3, 17} {
		for _, rank := range []float64{0, 0.5, 1e6} {
			V, err := collapse.Counterexample(n, 3, rank)
			require.NoError(t, err)
			p, err := sinks.CheckProp31(V)
			require.NoError(t, err)
			require.Zero(t, p.Representational)
			require.InDelta(t, rank, p.Rank, 1e-6*rank)
		}
	}
}

// Rounding to bfloat16 is to the nearest of 8 significant bits, ties to even.
func TestDiffering(t *testing.T) {
	const ulp = 1.0 / 128 // above 1
	for _, c := range []struct {
		a, b float32
		want int
	}{
		{1, 1, 0}, {1, 1 + ulp, 1}, {1, 1 + ulp/2, 0}, {1, 1 + 0.51*ulp, 1}, {1 + ulp, 1 + 1.5*ulp, 1}, {1 + 2*ulp, 1 + 1.5*ulp, 0},
		{1, -1, 1}, {0, 1e-38, 1}, {300, 300.9, 0},
	} {
		l, err := collapse.ByLength([][]float32{{5, c.a}, {5, c.b}})
		require.NoError(t, err)
		require.Equal(t, []int{c.want}, l.Differing, "%g and %g", c.a, c.b)
	}
}

func TestByLength(t *testing.T) {
	V := [][]float32{{0, 3}, {4, 0}, {4, 0}, {4, 1}, {4, 1}, {0, 0}}
	l, err := collapse.ByLength(V)
	require.NoError(t, err)
	require.Equal(t, []float64{5, 0, 1, 0, math.Sqrt(17)}, l.Distance)
	require.Equal(t, []float64{1.25, 0, 1 / math.Sqrt(17), 0, 0}, l.Relative)
	require.Equal(t, []int{2, 0, 1, 0, 2}, l.Differing)
	for _, c := range []struct{ from, n int }{{0, 3}, {3, 3}, {4, 5}, {5, 5}, {6, 0}, {99, 0}} {
		n, ok := l.FirstEqual(c.from)
		require.Equal(t, c.n, n)
		require.Equal(t, c.n > 0, ok)
	}
}

func TestRefusals(t *testing.T) {
	stream := random(2, 4, 3)
	for _, rows := range []collapse.Rows{{Skip: -1}, {Skip: 3}, {Length: 5}, {Length: 1}, {Length: -2}, {Skip: 2, Length: 3}} {
		_, err := collapse.ByDepth(stream, rows)
		require.ErrorContains(t, err, "layer 0: collapse: rows", "%+v", rows)
		_, err = collapse.EffectiveRanks(stream, rows)
		require.ErrorContains(t, err, "layer 0: collapse: rows", "%+v", rows)
	}
	clear(stream[1][2])
	_, err := collapse.ByDepth(stream, collapse.Rows{})
	require.ErrorContains(t, err, "layer 1: ")
	require.ErrorContains(t, err, "zero")
	_, err = collapse.EffectiveRanks(stream, collapse.Rows{})
	require.ErrorContains(t, err, "layer 1: ")
	_, err = collapse.ByLength(stream[0][:1])
	require.ErrorContains(t, err, "two at least")
	_, err = collapse.Attained(1, 1, 1)
	require.ErrorContains(t, err, "two rows")
	for _, c := range []struct {
		n    int
		rank float64
	}{{2, 1}, {5, math.NaN()}, {5, math.Inf(1)}, {5, -1}} {
		_, err = collapse.Counterexample(c.n, 1, c.rank)
		require.Error(t, err)
	}
}

// Tightness by length is that of the text cut there, also where rows are nearly equal and far from
// 0.
func TestTightnessByLength(t *testing.T) {
	V := random(2, 12, 7)[1]
	for i := range V {
		for d := range V[i] {
			V[i][d] = 1000 + V[i][d]
		}
	}
	l, err := collapse.ByLength(V)
	require.NoError(t, err)
	require.InDelta(t, 1, l.Tightness[0], 1e-12)
	for n := 2; n <= len(V); n++ {
		d, err := collapse.ByDepth([][][]float32{V}, collapse.Rows{Length: n})
		require.NoError(t, err)
		require.InEpsilon(t, d.Tightness[0], l.Tightness[n-2], 1e-9)
	}
	equal, err := collapse.ByLength([][]float32{{3, 4}, {3, 4}, {3, 4}})
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0}, equal.Tightness)
}

// A text of one token repeated: rows that differ by rounding alone have a ratio of rounding errors,
// which once was the largest of all texts. It is left out; a spread just above the bound counts.
func TestTightnessOfRowsEqualUpToRounding(t *testing.T) {
	for _, c := range []struct {
		apart float32
		want  int
	}{{1.0 / (1 << 20), 0}, {1.0 / (1 << 10), 1}} {
		V := [][]float32{{1, 1}, {1, 1}, {1, 1 + c.apart}}
		d, err := collapse.ByDepth([][][]float32{V}, collapse.Rows{})
		require.NoError(t, err)
		l, err := collapse.ByLength(V)
		require.NoError(t, err)
		for _, x := range []float64{d.Tightness[0], l.Tightness[1]} {
			largest, n := collapse.LargestTightness([]float64{x, 0})
			require.Equal(t, c.want, n)
			require.InDelta(t, 0.866*float64(c.want), largest, 1e-3)
		}
	}
}
