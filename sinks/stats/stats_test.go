package stats_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/stats"
)

func ExampleMean() {
	sinkRates := []float64{0.60, 0.70, 0.80, 0.70} // one a document
	e, err := stats.Mean(sinkRates, stats.Options{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f [%.2f, %.2f], %d documents\n", e.Value, e.CI.Lo, e.CI.Hi, e.N)
	// Output: 0.70 [0.62, 0.77], 4 documents
}

// Two conditions measured on the same documents: every document gains 0.1, so
// the interval of the paired difference has no width although documents differ.
func ExamplePaired() {
	with := []float64{0.5, 0.7, 0.9}
	without := []float64{0.4, 0.6, 0.8}
	e, err := stats.Paired(with, without, stats.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f [%.2f, %.2f]\n", e.Value, e.CI.Lo, e.CI.Hi)
	// Output: 0.10 [0.10, 0.10]
}

func TestGoldenNumPy(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var golden struct {
		X       []float64
		Cluster []string
		Mean    struct{ Value, SE, Lo, Hi float64 }
		Grouped struct{ Value, SE, Lo, Hi float64 }
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	o := stats.Options{Resamples: 20000, Seed: 7}

	// Both sides draw at random: they agree within the Monte-Carlo error, here 2 % of the width.
	e, err := stats.Mean(golden.X, o)
	require.NoError(t, err)
	require.InDelta(t, golden.Mean.Value, e.Value, 1e-12)
	tol := 0.02 * (golden.Mean.Hi - golden.Mean.Lo)
	require.InDelta(t, golden.Mean.Lo, e.CI.Lo, tol)
	require.InDelta(t, golden.Mean.Hi, e.CI.Hi, tol)
	require.InDelta(t, golden.Mean.SE, e.CI.SE, tol)

	e, err = stats.Clustered(golden.X, golden.Cluster, o)
	require.NoError(t, err)
	require.Equal(t, 8, e.N)
	require.InDelta(t, golden.Grouped.Value, e.Value, 1e-12)
	tol = 0.02 * (golden.Grouped.Hi - golden.Grouped.Lo)
	require.InDelta(t, golden.Grouped.Lo, e.CI.Lo, tol)
	require.InDelta(t, golden.Grouped.Hi, e.CI.Hi, tol)
	require.InDelta(t, golden.Grouped.SE, e.CI.SE, tol)
}

func TestSameSeedSameInterval(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16}
	a, err := stats.Mean(x, stats.Options{Seed: 3})
	require.NoError(t, err)
	b, err := stats.Mean(x, stats.Options{Seed: 3})
	require.NoError(t, err)
	c, err := stats.Mean(x, stats.Options{Seed: 4})
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.NotEqual(t, a.CI.SE, c.CI.SE)
}

// Copying every value five times inside its document adds no information: the
// clustered interval stays, the one that ignores the documents shrinks.
func TestClusteringKeepsTheWidth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var x, copies []float64
	var name []string
	for d := range 30 {
		v := rng.NormFloat64()
		x = append(x, v)
		for range 5 {
			copies = append(copies, v)
			name = append(name, fmt.Sprint(d))
		}
	}
	o := stats.Options{Seed: 5}
	alone, err := stats.Mean(x, o)
	require.NoError(t, err)
	clustered, err := stats.Clustered(copies, name, o)
	require.NoError(t, err)
	naive, err := stats.Mean(copies, o)
	require.NoError(t, err)
	require.InDelta(t, alone.CI.Lo, clustered.CI.Lo, 1e-12)
	require.InDelta(t, alone.CI.Hi, clustered.CI.Hi, 1e-12)
	require.Less(t, naive.CI.SE, 0.6*clustered.CI.SE)
}

func TestOneDocumentHasNoInterval(t *testing.T) {
	e, err := stats.Mean([]float64{0.25}, stats.Options{})
	require.NoError(t, err)
	require.Equal(t, stats.Estimate{Value: 0.25, N: 1}, e)
	require.Equal(t, "0.25 (n=1)", e.String())
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		call func() (stats.Estimate, error)
		want string
	}{
		"empty":    {func() (stats.Estimate, error) { return stats.Mean(nil, stats.Options{}) }, "no values"},
		"NaN":      {func() (stats.Estimate, error) { return stats.Mean([]float64{1, math.NaN()}, stats.Options{}) }, "x[1] is NaN"},
		"unpaired": {func() (stats.Estimate, error) { return stats.Paired([]float64{1}, nil, stats.Options{}) }, "1 values against 0"},
		"infinite pair": {func() (stats.Estimate, error) {
			return stats.Paired([]float64{1}, []float64{math.Inf(1)}, stats.Options{})
		}, "b[0] is +Inf"},
		"unnamed": {func() (stats.Estimate, error) { return stats.Clustered([]float64{1}, nil, stats.Options{}) }, "0 cluster names"},
		"level":   {func() (stats.Estimate, error) { return stats.Mean([]float64{1, 2}, stats.Options{Level: 95}) }, "level 95"},
		"draws":   {func() (stats.Estimate, error) { return stats.Mean([]float64{1, 2}, stats.Options{Resamples: 3}) }, "3 bootstrap draws"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.call()
			require.ErrorContains(t, err, c.want)
		})
	}
}
