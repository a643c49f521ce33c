package sinks_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
)

// randomPattern is causal [T][T] with softmax rows; every third row is an exact
// one-hot, so that zeros and ties occur.
func randomPattern(rng *rand.Rand, T int) [][]float64 {
	A := make([][]float64, T)
	for t := range A {
		A[t] = make([]float64, T)
		if t%3 == 2 {
			A[t][rng.IntN(t+1)] = 1
			continue
		}
		sum := 0.0
		for s := 0; s <= t; s++ {
			A[t][s] = math.Exp(3 * rng.NormFloat64())
			sum += A[t][s]
		}
		for s := 0; s <= t; s++ {
			A[t][s] /= sum
		}
	}
	return A
}

func randomStates(rng *rand.Rand, n, d int) [][]float64 {
	V := make([][]float64, n)
	for i := range V {
		V[i] = make([]float64, d)
		for j := range V[i] {
			V[i][j] = rng.NormFloat64() + 0.5
		}
	}
	return V
}

func scaled(V [][]float64, c float64) [][]float64 {
	out := make([][]float64, len(V))
	for i := range V {
		out[i] = make([]float64, len(V[i]))
		for j := range V[i] {
			out[i][j] = c * V[i][j]
		}
	}
	return out
}

func TestPatternProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		T := 2 + rng.IntN(12)
		A := randomPattern(rng, T)
		require.NoError(t, sinks.CheckPattern(A))

		incl, err := sinks.SinkScore(A, sinks.Options{})
		require.NoError(t, err)
		excl, err := sinks.SinkScore(A, sinks.Options{ExcludeSelf: true})
		require.NoError(t, err)
		require.InDelta(t, (1+float64(T-1)*excl)/float64(T), incl, 1e-12, "row 1 adds exactly 1/T of 1")

		mass := 0.0 // the columns share out T rows of mass 1
		for k := range T {
			s, err := sinks.SinkScore(A, sinks.Options{Key: k})
			require.NoError(t, err)
			mass += s * float64(T-k)
		}
		require.InDelta(t, float64(T), mass, 1e-10)

		halved, err := sinks.SinkScore(scaled(A, 0.5), sinks.Options{Normalise: true})
		require.NoError(t, err)
		require.InDelta(t, incl, halved, 1e-12, "normalised scores ignore the scale of rows")

		for i, row := range A {
			h := sinks.RowEntropy(row)
			require.GreaterOrEqual(t, h, 0.0)
			require.LessOrEqual(t, h, math.Log(float64(i+1))+1e-12)
		}
		equal := make([]float64, T)
		for j := range equal {
			equal[j] = 2
		}
		effective, err := sinks.EffectiveAttention(A, equal)
		require.NoError(t, err)
		for i := range A {
			require.InDeltaSlice(t, A[i], effective[i], 1e-12, "equal norms change nothing")
		}
	}
}

func TestStateProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for range 50 {
		n, d := 2+rng.IntN(8), 1+rng.IntN(6)
		V := randomStates(rng, n, d)
		bound, err := sinks.CheckProp31(V)
		require.NoError(t, err)
		require.True(t, bound.Holds())

		a, r, err := sinks.RankCollapse(V)
		require.NoError(t, err)
		a3, r3, err := sinks.RankCollapse(scaled(V, 3))
		require.NoError(t, err)
		require.InDelta(t, 3*a, a3, 1e-10)
		require.InDelta(t, r, r3, 1e-12)
		require.LessOrEqual(t, r, 1.0)

		sigma, err := sinks.SingularValues(V)
		require.NoError(t, err)
		most := float64(min(n, d))
		require.Len(t, sigma, min(n, d))
		for _, rank := range []float64{sinks.EffectiveRank(sigma), math.Exp(sinks.MatrixEntropy(sigma)), sinks.ParticipationRatio(sigma)} {
			require.GreaterOrEqual(t, rank, 1-1e-9)
			require.LessOrEqual(t, rank, most+1e-9)
		}
		require.GreaterOrEqual(t, sinks.EffectiveRank(sigma), math.Exp(sinks.MatrixEntropy(sigma))-1e-9, "squaring sharpens the spectrum")
	}
	// The constant √2 is attained, so no smaller one would do.
	p, err := sinks.CheckProp31([][]float64{{0}, {1}, {-1}})
	require.NoError(t, err)
	require.InDelta(t, math.Sqrt2, p.Representational/p.Rank, 1e-12)
	require.False(t, sinks.Prop31{Rank: 1, Representational: 1.415}.Holds())
}

func TestRefused(t *testing.T) {
	square := [][]float64{{1, 0}, {0.5, 0.5}}
	nan := [][]float64{{1, 0}, {math.NaN(), 0.5}}
	first := func(_ float64, err error) error { return err }
	third := func(_, _ any, err error) error { return err }
	cases := map[string]error{}
	add := func(want string, err error) { cases[want] = err }
	score := func(A [][]float64, o sinks.Options) error { return first(sinks.SinkScore(A, o)) }
	add("pattern is empty", score(nil, sinks.Options{}))
	add("row 1 of the pattern has 1 keys", score([][]float64{{1, 0}, {1}}, sinks.Options{}))
	add("key position 2 is outside", score(square, sinks.Options{Key: 2}))
	add("key position -1 is outside", score(square, sinks.Options{Key: -1}))
	_, _, err := sinks.MaxSinkScore(square, 3, sinks.Options{})
	add("cannot search 3 key positions", err)
	_, _, err = sinks.MaxSinkScore(square, 2, sinks.Options{ExcludeSelf: true})
	add("cannot search 2 key positions: 1 of 2 are seen by 1 query rows or more", err)
	add("A[1][0] is NaN", sinks.CheckPattern(nan))
	add("A[0][1] puts 0.5 on a future key", sinks.CheckPattern([][]float64{{0.5, 0.5}, {0, 1}}))
	add("A[1][0] is negative", sinks.CheckPattern([][]float64{{1, 0}, {-1, 2}}))
	_, err = sinks.EffectiveAttention(square, []float64{1})
	add("1 value norms for 2", err)
	add("outside 0 value norms", first(sinks.ValueNormRatio([]float64{}, 0)))
	add("norms sum to 0", first(sinks.ValueNormRatio([]float64{0, 0}, 0)))
	a, b, err := sinks.RankCollapse(nan)
	add("hidden state [1][0] is NaN", third(a, b, err))
	add("needs two tokens", first(sinks.RepresentationalCollapse([][]float64{{1}})))
	add("cosine needs two tokens", first(sinks.MeanCosine([][]float64{{1}})))
	add("hidden state 1 is zero", first(sinks.MeanCosine([][]float64{{1}, {0}})))
	add("hidden state 1 has width 2", first(sinks.MedianMagnitude([][]float64{{1}, {0, 1}})))
	_, err = sinks.SingularValues([][]float64{{0, 0}})
	add("all zero", err)
	_, err = sinks.MeanScores(nil)
	add("over no texts", err)
	_, err = sinks.MeanScores([][][]float64{{{1}}, {{1}, {1}}})
	add("text 1 has 2 layers", err)
	_, err = sinks.MeanScores([][][]float64{{{1}}, {{1, 1}}})
	add("text 1 layer 0 has 2 heads", err)
	_, err = sinks.SinkScores([][][]float64{square, nil}, sinks.Options{})
	add("head 1: sinks: the pattern is empty", err)
	for want, err := range cases {
		require.ErrorContains(t, err, want)
	}
	require.True(t, math.IsNaN(sinks.SinkRate(nil, 0.3)))
	require.True(t, math.IsNaN(sinks.RowEntropy([]float64{-1, 2})))
	require.Zero(t, sinks.RowEntropy([]float64{0, 0}))
}

func TestClassifyNOPBounds(t *testing.T) {
	for r, want := range map[float64]string{0: "no-op", 0.2: "no-op", 0.21: "mixed", 0.49: "mixed", 0.5: "broadcast", 3: "broadcast"} {
		require.Equal(t, want, sinks.ClassifyNOP(r).String())
	}
	require.Equal(t, "NOPClass(7)", sinks.NOPClass(7).String())
}
