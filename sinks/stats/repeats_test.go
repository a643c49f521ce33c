package stats_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/stats"
)

// Three runs: mean 2, s = 1, t(0.975, 2 degrees of freedom) = 4.303, so ± 4.303/√3.
func ExampleRepeats() {
	e, err := stats.Repeats([]float64{1, 2, 3}, stats.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(e)
	// Output: 2 [-0.4841, 4.484] (n=3)
}

func TestRepeats(t *testing.T) {
	e, err := stats.Repeats([]float64{4}, stats.Options{})
	require.NoError(t, err)
	require.Equal(t, stats.Estimate{Value: 4, N: 1}, e)

	// Five values at 90 %: t(0.95, 4) = 2.131847 from a printed table.
	e, err = stats.Repeats([]float64{2, 4, 4, 4, 6}, stats.Options{Level: 0.9})
	require.NoError(t, err)
	require.InDelta(t, 4-2.131847*math.Sqrt(2)/math.Sqrt(5), e.CI.Lo, 1e-5)
	require.InDelta(t, math.Sqrt(2.0/5), e.CI.SE, 1e-12)
	require.Equal(t, 0.9, e.CI.Level)

	_, err = stats.Repeats(nil, stats.Options{})
	require.ErrorContains(t, err, "at least one")
	_, err = stats.Repeats([]float64{1, math.NaN()}, stats.Options{})
	require.ErrorContains(t, err, "NaN")
	_, err = stats.Repeats([]float64{1, 2}, stats.Options{Level: 1})
	require.ErrorContains(t, err, "level")
}
