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
	// Output: 0.70 [0.57, 0.83], 4 documents
}

// Two conditions measured on the same documents: documents differ, what they gain hardly does.
func ExamplePaired() {
	with := []float64{0.50, 0.71, 0.90}
	without := []float64{0.40, 0.60, 0.81}
	e, err := stats.Paired(with, without, stats.Options{Range: stats.ShareChange})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f [%.2f, %.2f]\n", e.Value, e.CI.Lo, e.CI.Hi)
	// Output: 0.10 [0.08, 0.12]
}

// Five training runs without a sink: that none of five has one leaves room for every second to have
// one.
func ExampleClopperPearson() {
	e, err := stats.ClopperPearson(0, 5, stats.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e)
	// Output: 0 [0, 0.5218] (n=5)
}

func TestGoldenNumPy(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	type summary struct{ Value, SE, Lo, Hi float64 }
	var golden struct {
		X                      []float64
		Cluster                []string
		Mean, Grouped, LogSD   summary
		Wilson, ClopperPearson [][4]float64
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	o := stats.Options{Resamples: 100000, Seed: 7}
	same := func(want summary, e stats.Estimate, err error, tolerance float64) {
		t.Helper()
		require.NoError(t, err)
		require.InDelta(t, want.Value, e.Value, 1e-12)
		for _, x := range [][2]float64{{want.Lo, e.CI.Lo}, {want.Hi, e.CI.Hi}, {want.SE, e.CI.SE}} {
			require.InDelta(t, x[0], x[1], tolerance*(want.Hi-want.Lo))
		}
	}
	// Both sides draw at random: they agree within the Monte-Carlo error, here 2 % of the width.
	e, err := stats.Mean(golden.X, o)
	same(golden.Mean, e, err, 0.02)
	y := golden.X[:17]
	e, err = stats.Bootstrap(len(y), o, func(draw []int) float64 {
		var sum, squares float64
		for _, i := range draw {
			sum += y[i]
		}
		for _, i := range draw {
			d := y[i] - sum/float64(len(draw))
			squares += d * d
		}
		return math.Log(squares/float64(len(draw))) / 2
	})
	same(golden.LogSD, e, err, 0.03) // far out in the tail
	// No drawing here.
	e, err = stats.Clustered(golden.X, golden.Cluster, o)
	require.Equal(t, 8, e.N)
	same(golden.Grouped, e, err, 1e-9)
	for _, c := range []struct {
		of   func(int, int, stats.Options) (stats.Estimate, error)
		want [][4]float64
	}{{stats.Wilson, golden.Wilson}, {stats.ClopperPearson, golden.ClopperPearson}} {
		for _, w := range c.want {
			e, err := c.of(int(w[0]), int(w[1]), o)
			require.NoError(t, err)
			require.InDelta(t, w[2], e.CI.Lo, 1e-8)
			require.InDelta(t, w[3], e.CI.Hi, 1e-8)
		}
	}
}

func TestSameSeedSameInterval(t *testing.T) {
	x := make([]float64, 40)
	for i := range x {
		x[i] = float64(i * i)
	}
	a, err := stats.Mean(x, stats.Options{Seed: 3})
	require.NoError(t, err)
	b, err := stats.Mean(x, stats.Options{Seed: 3})
	require.NoError(t, err)
	c, err := stats.Mean(x, stats.Options{Seed: 4})
	require.NoError(t, err)
	require.Equal(t, a, b)
	require.NotEqual(t, a.CI.Lo, c.CI.Lo)
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

// Fewer units than an interval takes have none, and neither have equal values unless what they can
// be is known. Five zeros among shares are 0 of 5, not 0 ± 0.
func TestNoSpreadNoInterval(t *testing.T) {
	for n := range 6 {
		e, err := stats.Bootstrap(n+1, stats.Options{}, func(draw []int) float64 { return float64(draw[0]) })
		require.NoError(t, err)
		require.Nil(t, e.CI, "n = %d", n+1)
	}
	e, err := stats.Mean([]float64{1, 2}, stats.Options{})
	require.NoError(t, err)
	require.Nil(t, e.CI)
	for _, n := range []int{5, 50} {
		zeros := make([]float64, n)
		e, err = stats.Mean(zeros, stats.Options{})
		require.NoError(t, err)
		require.Nil(t, e.CI)
		share, err := stats.Mean(zeros, stats.Options{Range: stats.Share})
		require.NoError(t, err)
		events, err := stats.ClopperPearson(0, n, stats.Options{})
		require.NoError(t, err)
		require.InDelta(t, events.CI.Hi, share.CI.Hi, 1e-9)
		require.Zero(t, share.CI.Lo)
		constant, err := stats.Bootstrap(n, stats.Options{Range: stats.ShareChange}, func([]int) float64 { return 0 })
		require.True(t, n < stats.MinBootstrap && constant.CI == nil || err == nil && constant.CI.Hi == -constant.CI.Lo)
	}
	equal, err := stats.Repeats([]float64{40, 40, 40, 40, 40}, stats.Options{Range: stats.Percent})
	require.NoError(t, err)
	require.InDelta(t, 40-0.5218*40, equal.CI.Lo, 0.01)
	require.InDelta(t, 40+0.5218*60, equal.CI.Hi, 0.01)
}

// No interval leaves what is possible.
func TestRange(t *testing.T) {
	x := []float64{0, 0, 0, 3, 20}
	e, err := stats.Repeats(x, stats.Options{Range: stats.Percent})
	require.NoError(t, err)
	require.Zero(t, e.CI.Lo)
	free, err := stats.Repeats(x, stats.Options{})
	require.NoError(t, err)
	require.Negative(t, free.CI.Lo)
	require.Equal(t, free.CI.Hi, e.CI.Hi)
	_, err = stats.Mean([]float64{0, 101}, stats.Options{Range: stats.Percent})
	require.ErrorContains(t, err, "x[1] is 101, outside the range [0, 100]")
	_, err = stats.Mean(x, stats.Options{Range: stats.Range{Lo: 1, Hi: 1}})
	require.ErrorContains(t, err, "range [1, 1]")
}

// A ratio of nothing to nothing is an error on the documents, and on more than a few draws of them.
func TestUndefinedRatio(t *testing.T) {
	_, err := stats.Ratio([]float64{0, 0, 0}, []float64{0, 0, 0}, stats.Options{})
	require.ErrorContains(t, err, "sum to 0")
	rare := make([]float64, 40)
	rare[0] = 1
	_, err = stats.Ratio(rare, rare, stats.Options{})
	require.NoError(t, err, "equal ratios need no draws")
	two := make([]float64, 40)
	two[0], two[1], rare[1] = 1, 2, 1
	_, err = stats.Ratio(two, rare, stats.Options{})
	require.ErrorContains(t, err, "not defined on")
	bootstrap := func(x []float64) error {
		_, err := stats.Bootstrap(len(x), stats.Options{}, func(draw []int) float64 {
			a, b := 0.0, 0.0
			for _, i := range draw {
				a, b = a+x[i]*x[i], b+x[i]
			}
			return a / b
		})
		return err
	}
	require.ErrorContains(t, bootstrap(make([]float64, 9)), "is NaN")
	require.ErrorContains(t, bootstrap([]float64{1, 0, 0, 0, 0, 0, 0, 0, 0}), "without document 1")
	require.ErrorContains(t, bootstrap([]float64{1, 2, 0, 0, 0, 0, 0, 0, 0}), "not defined on")
	require.NoError(t, bootstrap([]float64{1, 2, 3, 4, 5, 6, 7, 8, 0}))
	_, err = stats.Ratio([]float64{1}, []float64{-1}, stats.Options{})
	require.ErrorContains(t, err, "b[0] is -1")
}

func TestBonferroni(t *testing.T) {
	require.InDelta(t, 0.99, stats.Options{}.Bonferroni(5).Level, 1e-12)
	require.InDelta(t, 0.98, stats.Options{Level: 0.9}.Bonferroni(5).Level, 1e-12)
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

func TestPlusMinus(t *testing.T) {
	even := stats.Estimate{Value: 51.4, N: 5, CI: &stats.Interval{Lo: 41.3, Hi: 61.5}}
	cut := stats.Estimate{Value: 0, N: 5, CI: &stats.Interval{Lo: 0, Hi: 52.2}}
	none := stats.Estimate{Value: 0.25, N: 2}
	require.Equal(t, "51.4 ± 10.1", even.PlusMinus("%.1f"))
	require.Equal(t, "0.0 [0.0, 52.2]", cut.PlusMinus("%.1f"), "an interval cut to its range has no half")
	require.Equal(t, "0.25", none.PlusMinus("%.2f"))
	lo, hi := cut.Ends()
	require.Equal(t, []float64{0, 52.2}, []float64{lo, hi})
	lo, hi = none.Ends()
	require.Equal(t, []float64{0.25, 0.25}, []float64{lo, hi})
}
