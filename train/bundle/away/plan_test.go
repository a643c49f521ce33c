package away

import (
	"io"
	"os"
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

// A budget is chosen once, when its grid begins, and goes into the grid that is taken home.
func TestPlan(t *testing.T) {
	g := train.Grid{Preset: "smoke", Set: []string{`data={"kind":"backcopy"}`, "monitor.short_t=32"}, Axes: [][]string{{"seed=1", "seed=2"}, {"model.context=32", "model.context=64"}}}
	list := &bundle.List{
		Ways: [][]string{{"accumulate=1"}, {"accumulate=2"}},
		Grids: []bundle.Entry{
			{Name: "a", Share: 0.5, MinTokens: 1e6, MaxTokens: 100e6, Grid: g},
			{Name: "b", Share: 1, Grid: g},
		},
	}
	require.NoError(t, list.Validate())
	s := &site{Options: Options{Out: t.TempDir(), Log: io.Discard}, list: list, deadline: time.Now().Add(200 * time.Second)}
	require.NoError(t, os.Mkdir(s.path("grids"), 0o755))
	rate := 1e12
	require.NoError(t, s.write("speed.json", []Speed{{Grid: true, Way: list.Ways[1], TokensPerSecond: 1, FLOPs: rate}}))
	got, err := s.plan(&list.Grids[0], nil)
	require.NoError(t, err)
	configs, err := got.Configs()
	require.NoError(t, err)
	known, err := withVocabulary(configs[:2])
	require.NoError(t, err)
	seconds := float64(configs[0].BudgetTokens) * (known[0].Model.FLOPsPerToken(32) + known[1].Model.FLOPsPerToken(64)) / rate
	require.InDelta(t, 100, seconds, 5, "half of the time, for one seed")
	require.LessOrEqual(t, seconds, 100.0)
	for _, c := range configs {
		require.Equal(t, configs[0].BudgetTokens, c.BudgetTokens)
		require.Equal(t, 2, c.Accumulate)
	}
	stored, err := train.ReadGrid(s.path("grids", "a.json"))
	require.NoError(t, err)
	require.Equal(t, got, stored)

	// Less time, other speeds: the choice stays.
	s.deadline = time.Now().Add(time.Second)
	require.NoError(t, s.write("speed.json", []Speed{{Grid: true, Way: list.Ways[0], TokensPerSecond: 9, FLOPs: 2 * rate}}))
	again, err := s.plan(&list.Grids[0], nil)
	require.NoError(t, err)
	require.Equal(t, got, again)

	// Somebody's own budget.
	own, err := s.plan(&list.Grids[1], nil)
	require.NoError(t, err)
	ownConfigs, err := own.Configs()
	require.NoError(t, err)
	smoke, err := train.Preset("smoke")
	require.NoError(t, err)
	require.Equal(t, smoke.BudgetTokens, ownConfigs[0].BudgetTokens)
}
