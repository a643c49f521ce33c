package away

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"firsttoken/train"
	"firsttoken/train/bundle"
)

func TestChoose(t *testing.T) {
	ways := [][]string{{"accumulate=1"}, {"accumulate=2"}}
	require.Nil(t, choose(nil, nil))
	require.Equal(t, ways[0], choose(ways, nil))
	known := []Speed{
		{Grid: true, Way: ways[0], Failed: "out of memory"},
		{Way: []string{"of the paper's size"}, TokensPerSecond: 9},
		{Grid: true, Way: ways[1], TokensPerSecond: 5},
	}
	require.Equal(t, ways[1], choose(ways, known))
}

// The budget is what fits: Σ budget · operations a token / rate + overheads = the time.
func TestBudget(t *testing.T) {
	c, err := train.Preset("smoke")
	require.NoError(t, err)
	c.Model.Vocab = 258
	longer, err := c.Set("model.context=128", "monitor.short_t=64")
	require.NoError(t, err)
	a, b := c.Model.FLOPsPerToken(64), longer.Model.FLOPsPerToken(128)
	require.Greater(t, b, a)
	e := &bundle.Entry{Name: "g", MinTokens: 2e6, MaxTokens: 50e6}
	runs := []train.Config{c, longer}
	// 20 M tokens a run in 100 s, and 5 s of each run's own.
	p := pace{flops: 20.5e6 * (a + b) / 100, overhead: 5 * time.Second}
	require.Equal(t, int64(20e6), p.budget(e, runs, 110*time.Second), "rounded down to millions")
	require.Equal(t, int64(2e6), p.budget(e, runs, 12*time.Second), "not below the least")
	require.Equal(t, int64(2e6), p.budget(e, runs, time.Second))
	require.Equal(t, int64(50e6), p.budget(e, runs, time.Hour))
	require.Equal(t, int64(2e6), pace{}.budget(e, runs, time.Hour), "nothing is known")
}

// Runs that are done say more than the speeds that were measured before.
func TestPace(t *testing.T) {
	require.Equal(t, pace{}, paceOf(nil, nil))
	known := []Speed{{Grid: true, FLOPs: 100, Compile: 2}, {FLOPs: 1000}, {Grid: true, FLOPs: 50, Compile: 9}}
	require.Equal(t, pace{100, 6 * time.Second}, paceOf(known, nil))
	done := []finished{{tokens: 10, perToken: 6, training: 2, whole: 5 * time.Second}, {tokens: 10, perToken: 8, training: 2, whole: 3 * time.Second}}
	require.Equal(t, pace{35, 2 * time.Second}, paceOf(known, done))
}

func TestWaves(t *testing.T) {
	g := train.Grid{Preset: "smoke", Axes: [][]string{{"model.layers=1", "model.layers=2"}, {"seed=7", "seed=3"}}}
	configs, err := g.Configs()
	require.NoError(t, err)
	got := waves(configs)
	require.Equal(t, [][]train.Config{{configs[0], configs[2]}, {configs[1], configs[3]}}, got)
	require.Equal(t, "model.layers=2 seed=7", describe(configs, configs[2]))
}
