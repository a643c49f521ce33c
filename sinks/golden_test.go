package sinks_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

// golden is testdata/golden.json.
type golden struct {
	A     [][][]float64
	Heads []struct {
		Scores                     [2][2][]float64 // [normalised][self excluded][key]
		RowSum, RowMax, RowEntropy []float64
		ArgMaxShare                [2]float64 // [row 1 excluded]
		RelaxedShare               float64
		Norms                      []float64
		Effective                  [][]float64
		ValueNormRatio             float64
	}
	V, Hidden                                   [][]float64
	RankCollapse, RankCollapseRel, RepCollapse  float64
	MeanCosine                                  float64
	Sigma                                       []float64
	EffectiveRank, MatrixEntropy, Participation float64
	Median                                      float64
	Massive                                     [][2]int
}

// A row that attends to nothing has no largest weight.
func TestArgMaxShareOfEmptyRows(t *testing.T) {
	share, err := sinks.ArgMaxShare([][]float64{{1, 0}, {0, 0}}, false)
	require.NoError(t, err)
	require.Equal(t, 0.5, share)
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}

// narrow rounds to float32, the type in which patterns leave a device.
func narrow(m [][]float64) [][]float32 {
	out := make([][]float32, len(m))
	for i, row := range m {
		out[i] = make([]float32, len(row))
		for j, x := range row {
			out[i][j] = float32(x)
		}
	}
	return out
}

func TestGoldenPattern(t *testing.T) {
	var g golden
	readJSON(t, "testdata/golden.json", &g)
	for h, want := range g.Heads {
		A := g.A[h]
		require.NoError(t, sinks.CheckPattern(A))
		for n, normalise := range []bool{false, true} {
			for e, exclude := range []bool{false, true} {
				o := sinks.Options{ExcludeSelf: exclude, Normalise: normalise}
				for k, score := range want.Scores[n][e] {
					o.Key = k
					got, err := sinks.SinkScore(A, o)
					require.NoError(t, err)
					require.InDelta(t, score, got, 1e-12, "head %d key %d %+v", h, k, o)
					got, err = sinks.SinkScore(narrow(A), o)
					require.NoError(t, err)
					require.InDelta(t, score, got, 1e-6, "float32, head %d key %d %+v", h, k, o)
				}
				for _, o.MinRows = range []int{0, 1, 3} {
					best := math.Inf(-1)
					for k, score := range want.Scores[n][e] {
						if rows := len(A) - k - e; 2*rows >= len(A) && o.MinRows == 0 || rows >= o.MinRows && o.MinRows > 0 {
							best = max(best, score)
						}
					}
					got, _, err := sinks.MaxSinkScore(A, sinks.AllKeys, o)
					require.NoError(t, err)
					require.InDelta(t, best, got, 1e-12)
				}
			}
		}
		for e, exclude := range []bool{false, true} {
			got, err := sinks.ArgMaxShare(A, exclude)
			require.NoError(t, err)
			require.InDelta(t, want.ArgMaxShare[e], got, 1e-12)
		}
		share, sink, err := sinks.RelaxedSink(A, sinks.Options{})
		require.NoError(t, err)
		require.InDelta(t, want.RelaxedShare, share, 1e-12)
		require.Equal(t, want.RelaxedShare >= 0.9, sink)
		for i, row := range A {
			require.InDelta(t, want.RowSum[i], sinks.RowSum(row), 1e-12)
			require.InDelta(t, want.RowMax[i], sinks.RowMax(row), 1e-12)
			require.InDelta(t, want.RowEntropy[i], sinks.RowEntropy(row), 1e-12)
		}
		effective, err := sinks.EffectiveAttention(A, want.Norms)
		require.NoError(t, err)
		for i := range effective {
			require.InDeltaSlice(t, want.Effective[i], effective[i], 1e-12)
		}
		r, err := sinks.ValueNormRatio(want.Norms, 0)
		require.NoError(t, err)
		require.InDelta(t, want.ValueNormRatio, r, 1e-12)
	}
	all, err := sinks.SinkScores(g.A, sinks.Options{})
	require.NoError(t, err)
	for h := range all {
		require.InDelta(t, g.Heads[h].Scores[0][0][0], all[h], 1e-12)
	}
}

func TestGoldenHiddenStates(t *testing.T) {
	var g golden
	readJSON(t, "testdata/golden.json", &g)
	absolute, relative, err := sinks.RankCollapse(g.V)
	require.NoError(t, err)
	require.InDelta(t, g.RankCollapse, absolute, 1e-12)
	require.InDelta(t, g.RankCollapseRel, relative, 1e-12)
	p, err := sinks.CheckProp31(g.V)
	require.NoError(t, err)
	require.InDelta(t, g.RepCollapse, p.Representational, 1e-12)
	require.InDelta(t, g.RankCollapse, p.Rank, 1e-12)
	cosine, err := sinks.MeanCosine(g.V)
	require.NoError(t, err)
	require.InDelta(t, g.MeanCosine, cosine, 1e-12)
	sigma, err := sinks.SingularValues(g.V)
	require.NoError(t, err)
	require.InDeltaSlice(t, g.Sigma, sigma, 1e-12)
	require.InDelta(t, g.EffectiveRank, sinks.EffectiveRank(sigma), 1e-11)
	require.InDelta(t, g.MatrixEntropy, sinks.MatrixEntropy(sigma), 1e-9)
	require.InDelta(t, g.Participation, sinks.ParticipationRatio(sigma), 1e-11)
	median, err := sinks.MedianMagnitude(g.Hidden)
	require.NoError(t, err)
	require.InDelta(t, g.Median, median, 1e-12)
	found, err := sinks.MassiveActivations(g.Hidden, sinks.MassiveOptions{})
	require.NoError(t, err)
	require.Len(t, found, len(g.Massive))
	for i, m := range found {
		require.Equal(t, g.Massive[i], [2]int{m.Position, m.Channel})
	}
}

// A real model pins the conventions: with row 1 included and a strict bound the
// published rates come out to their last digit; without row 1 they do not.
func TestConventionsOfARealModel(t *testing.T) {
	var passages []struct {
		Prefix                                string
		T                                     int
		MeanExcludingRow1                     [][]float64
		MeanIncludingRow1, RateAt03, RateAt08 float64
	}
	readJSON(t, "testdata/smollm2.json", &passages)
	for _, p := range passages {
		scores := make([][]float64, len(p.MeanExcludingRow1))
		for l, layer := range p.MeanExcludingRow1 {
			for _, a := range layer { // row 1 gives token 1 all it has
				scores[l] = append(scores[l], (1+float64(p.T-1)*a)/float64(p.T))
			}
		}
		require.InDelta(t, p.RateAt03, sinks.SinkRate(scores, 0.3), 1e-6, p.Prefix)
		require.InDelta(t, p.RateAt08, sinks.SinkRate(scores, 0.8), 1e-6, p.Prefix)
		require.InDelta(t, p.MeanIncludingRow1, sinks.FAttn(scores), 1e-5, p.Prefix)
		require.Greater(t, p.RateAt03-sinks.SinkRate(p.MeanExcludingRow1, 0.3), 0.01, p.Prefix)
	}
}
