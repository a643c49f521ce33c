package stats_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"firsttoken/sinks/stats"
)

// used are the numbers of units that intervals in this repository are made of.
var used = []int{5, 6, 8, 12, 17, 50, 80, 100, 120}

// covered is the share of samples of n values whose interval holds the truth. Its own error is 0.5
// % with 2,000 samples.
func covered(t *testing.T, n int, draw func(*rand.Rand) float64, truth float64, interval func(x []float64) (stats.Estimate, error)) float64 {
	t.Helper()
	samples := 2000
	if testing.Short() {
		samples = 300
	}
	rng := rand.New(rand.NewPCG(11, uint64(n)))
	x, hits := make([]float64, n), 0
	for range samples {
		for i := range x {
			x[i] = draw(rng)
		}
		e, err := interval(x)
		require.NoError(t, err)
		require.NotNil(t, e.CI)
		if e.CI.Lo <= truth && truth <= e.CI.Hi {
			hits++
		}
	}
	return float64(hits) / float64(samples)
}

func normal(rng *rand.Rand) float64 { return rng.NormFloat64() }

// skewed is lognormal with σ = 1, more skewed than what is measured here (TestCoverageOfMeasured).
func skewed(rng *rand.Rand) float64 { return math.Exp(rng.NormFloat64()) }

// tolerance is what coverage may miss by chance: 2 to 3 of its standard errors.
func tolerance() float64 {
	if testing.Short() {
		return 0.05
	}
	return 0.012
}

// few draws suffice where thousands of intervals are made.
var few = stats.Options{Resamples: 400}

func mean(x []float64) (stats.Estimate, error) { return stats.Mean(x, few) }

func repeats(x []float64) (stats.Estimate, error) { return stats.Repeats(x, few) }

// What a nominal 95 % interval covers, by simulation. On normal values 93 % at least, everywhere.
// On skewed values the figures are those of the package's comment; nothing but the bounds on both
// sides would notice if an interval became narrower or the comment wrong.
func TestCoverageOfMeans(t *testing.T) {
	tolerance := tolerance()
	attained := map[int]float64{5: 0.83, 6: 0.825, 8: 0.835, 12: 0.845, 17: 0.875, 50: 0.925, 80: 0.93, 100: 0.935, 120: 0.935}
	for _, n := range used {
		require.GreaterOrEqual(t, covered(t, n, normal, 0, mean), 0.942-tolerance, "normal, n = %d", n)
		require.InDelta(t, attained[n], covered(t, n, skewed, math.Exp(0.5), mean), tolerance, "lognormal, n = %d", n)
	}
	for _, n := range []int{3, 5, 6, 8, 10} {
		require.GreaterOrEqual(t, covered(t, n, normal, 0, repeats), 0.942-tolerance, "runs, n = %d", n)
	}
}

// On values as notebooks give them to Mean: 199 quantiles of all series of n units, each centred,
// divided by its standard deviation and turned round if it is skewed to the left, so that skews do
// not cancel (testdata/pool.py). That alone makes a pool's tails short and its skew larger than that
// of any series, so it is held against a pool of as many normal series, made in the same way, on
// which t is exact but for that. With 20,000 samples t covers 0.8 points less than of normal series
// at n = 5, 1.2 at 6, 0.7 at 8, at most 0.5 from 10 to 24: 93.8 % at least. Lognormal series, 1,000
// of them, fail.
func TestCoverageOfMeasured(t *testing.T) {
	var pools []struct {
		N, Series int
		Quantiles []float64
	}
	data, err := os.ReadFile("testdata/pooled.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &pools))
	require.GreaterOrEqual(t, len(pools), 4)
	rng := rand.New(rand.NewPCG(12, 0))
	for _, p := range pools {
		pool := func(series int, draw func(*rand.Rand) float64) (all []float64) {
			for range series {
				x := make([]float64, p.N)
				for i := range x {
					x[i] = draw(rng)
				}
				m, s := stat.PopMeanStdDev(x, nil)
				if stat.Skew(x, nil) < 0 {
					s = -s
				}
				for _, v := range x {
					all = append(all, (v-m)/s)
				}
			}
			return all
		}
		of := func(pool []float64) float64 {
			return covered(t, p.N, func(rng *rand.Rand) float64 { return pool[rng.IntN(len(pool))] }, stat.Mean(pool, nil), mean)
		}
		measured, ideal, lognormal := of(p.Quantiles), of(pool(p.Series, normal)), of(pool(1000, skewed))
		t.Logf("n = %d, %d series: %.3f, of normal series %.3f, of lognormal %.3f", p.N, p.Series, measured, ideal, lognormal)
		if p.N >= 8 && p.Series > 30 && !testing.Short() {
			require.Less(t, lognormal, ideal-0.02-tolerance(), "n = %d", p.N)
		}
		require.GreaterOrEqual(t, measured, ideal-0.02-tolerance(), "n = %d", p.N)
	}
}

// On logarithms, as ratios are estimated, the same values are covered as they should be.
func TestCoverageOfLogarithms(t *testing.T) {
	logs := func(x []float64) (stats.Estimate, error) {
		out := make([]float64, len(x))
		for i, v := range x {
			out[i] = math.Log(v)
		}
		return mean(out)
	}
	tolerance := tolerance()
	for _, n := range used {
		require.GreaterOrEqual(t, covered(t, n, skewed, 0, logs), 0.942-tolerance, "n = %d", n)
	}
}

// Of a general statistic: the mean, of which the truth is known, and a ratio of sums.
func TestCoverageOfBootstrap(t *testing.T) {
	tolerance := tolerance()
	bootstrap := func(x []float64) (stats.Estimate, error) {
		return stats.Bootstrap(len(x), few, func(draw []int) float64 {
			sum := 0.0
			for _, i := range draw {
				sum += x[i]
			}
			return sum / float64(len(draw))
		})
	}
	attained := map[int]float64{8: 0.86, 12: 0.875, 17: 0.90, 50: 0.915, 80: 0.915, 100: 0.92, 120: 0.93}
	for _, n := range used {
		if n < stats.MinBootstrap {
			continue
		}
		require.GreaterOrEqual(t, covered(t, n, normal, 0, bootstrap), 0.942-tolerance, "normal, n = %d", n)
		require.InDelta(t, attained[n], covered(t, n, skewed, math.Exp(0.5), bootstrap), tolerance, "lognormal, n = %d", n)
	}
}

// Rates of rare events, different many in each document: the ratio of sums.
func TestCoverageOfRatios(t *testing.T) {
	events := func(x []float64) (stats.Estimate, error) {
		a, b := make([]float64, len(x)), make([]float64, len(x))
		for i, u := range x {
			rng := rand.New(rand.NewPCG(math.Float64bits(u), 0))
			b[i] = float64(5 + rng.IntN(20))
			p := distuv.Beta{Alpha: 2, Beta: 3}.Quantile(u) // a document has its own rate, 0.4 on average
			for range int(b[i]) {
				if rng.Float64() < p {
					a[i]++
				}
			}
		}
		o := few
		o.Range = stats.Share
		return stats.Ratio(a, b, o)
	}
	uniform := func(rng *rand.Rand) float64 { return rng.Float64() }
	tolerance := tolerance()
	for _, n := range used {
		require.GreaterOrEqual(t, covered(t, n, uniform, 0.4, events), 0.935-tolerance, "n = %d", n)
	}
}

// Shares of k events in n trials: coverage is a sum over k, without simulation. Clopper–Pearson
// never covers less than 95 %; Wilson does so on average over probabilities.
func TestCoverageOfShares(t *testing.T) {
	for _, n := range append([]int{3, 10, 15, 85}, used...) {
		total, points := 0.0, 0
		for p := 0.01; p < 1; p += 0.01 {
			wilson, exact := 0.0, 0.0
			for k := range n + 1 {
				mass := distuv.Binomial{N: float64(n), P: p}.Prob(float64(k))
				w, err := stats.Wilson(k, n, stats.Options{})
				require.NoError(t, err)
				if w.CI.Lo <= p && p <= w.CI.Hi {
					wilson += mass
				}
				c, err := stats.ClopperPearson(k, n, stats.Options{})
				require.NoError(t, err)
				if c.CI.Lo <= p && p <= c.CI.Hi {
					exact += mass
				}
			}
			require.GreaterOrEqual(t, exact, 0.95-1e-9, "n = %d, p = %g", n, p)
			total += wilson
			points++
		}
		require.InDelta(t, 0.955, total/float64(points), 0.015, "Wilson, n = %d", n)
	}
}
