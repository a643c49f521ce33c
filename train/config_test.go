package train

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each preset is valid, and comes back from its JSON form as the same run.
func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		c, err := Preset(name)
		require.NoError(t, err)
		require.NoError(t, c.Validate(), name)
		back, err := ParseConfig(bytes.NewReader(c.canonical()))
		require.NoError(t, err)
		require.Equal(t, c.ID(), back.ID())
	}
	_, err := Preset("huge")
	require.ErrorContains(t, err, "smoke")

	paper, err := Preset("paper-120m")
	require.NoError(t, err)
	paper.Model.Vocab = 49152 // SmolLM2's
	require.InEpsilon(t, 120e6, paper.Model.Parameters(), 0.05)
	require.Equal(t, int64(5e9), paper.BudgetTokens)
}

func TestParseConfigRefuses(t *testing.T) {
	good := string(tiny(t).canonical())
	for problem, text := range map[string]string{
		`unknown field "epochs"`: strings.Replace(good, `"accumulate"`, `"epochs": 3, "accumulate"`, 1),
		`unknown field "lr"`:     strings.Replace(good, `"learning_rate"`, `"lr": 3, "learning_rate"`, 1),
		"more text":              good + "{}",
		"EOF":                    good[:len(good)/2],
		"cannot unmarshal":       strings.Replace(good, `"accumulate": 1`, `"accumulate": "1"`, 1),
	} {
		_, err := ParseConfig(strings.NewReader(text))
		require.ErrorContains(t, err, problem)
	}
}

func TestImpossibleShapes(t *testing.T) {
	for change, problem := range map[string]string{
		"model.kv_heads=3":          "not a multiple of kv_heads",
		"model.head_dim=7":          "even width",
		"model.layers=0":            "layers = 0",
		"model.context=7":           "multiple of model.context",
		"batch_tokens=0":            "batch_tokens = 0",
		"accumulate=3":              "does not divide the 4 windows",
		"accumulate=0":              "at least 1",
		"budget_tokens=-1":          "budget_tokens = -1",
		"budget_tokens=1e18":        "cannot unmarshal",
		"budget_tokens=99999999999": "the limit is",
		"init_std=0":                "init_std = 0",
		"monitor.short_t=9":         "monitor.short_t = 9",
		"monitor.epsilons=[]":       "monitor.epsilons is empty",
		"monitor.epsilons=[1]":      "in [0, 1)",
		"packing.mask=none":         "Packing.Mask",
		"optimizer.beta1=2":         "beta1 = 2",
		"model.vocab=-1":            "vocab = -1",
	} {
		_, err := tiny(t).Set(change)
		require.ErrorContains(t, err, problem, change)
	}
	c := tiny(t)
	c.Monitor.Steps, c.CheckpointSteps, c.Accumulate = 0, 0, -1
	err := c.Validate()
	for _, field := range []string{"monitor.steps", "checkpoint_steps", "accumulate"} {
		require.ErrorContains(t, err, field, "all that is wrong is said at once")
	}
}

func TestSet(t *testing.T) {
	c := tiny(t)
	changed, err := c.Set("seed=18446744073709551615", "packing.bos=none", `model.pattern.kind=off-by-one`, "optimizer.clip=0.5", "model.compute=bfloat16",
		`data={"kind": "backcopy"}`)
	require.NoError(t, err)
	require.Equal(t, uint64(1<<64-1), changed.Seed)
	require.EqualValues(t, "none", changed.Packing.BOS)
	require.EqualValues(t, "off-by-one", changed.Model.Pattern.Kind)
	require.EqualValues(t, "backcopy", changed.Data.Kind)
	require.Equal(t, 0.5, changed.Optimizer.Clip)
	require.NotEqual(t, c.ID(), changed.ID())
	back, err := c.Set(c.Changes(c)...)
	require.NoError(t, err)
	require.Equal(t, c.ID(), back.ID())

	for change, problem := range map[string]string{
		"seed":             "field=value",
		"speed=1":          `unknown field "speed"`,
		"model.depth=2":    `unknown field "depth"`,
		"seed.x=1":         "seed is not an object",
		"model.layers=two": "cannot unmarshal",
		"packing.bos=5":    "Packing.BOS",
		"seed=-1":          "cannot unmarshal",
	} {
		_, err := c.Set(change)
		require.ErrorContains(t, err, problem, change)
	}
}

func TestGrid(t *testing.T) {
	g, err := ParseGrid(strings.NewReader(`{"preset": "smoke", "set": ["budget_tokens=2048"],
		"axes": [["model.context=32 monitor.short_t=32", "model.context=64"], ["seed=1", "seed=2", "seed=3"]]}`))
	require.NoError(t, err)
	configs, err := g.Configs()
	require.NoError(t, err)
	require.Len(t, configs, 6)
	require.Equal(t, 32, configs[2].Model.Context)
	require.Equal(t, uint64(3), configs[2].Seed)
	require.Equal(t, int64(2048), configs[5].BudgetTokens)
	require.Equal(t, "model.context=32 monitor.short_t=32 seed=3", describe(configs, 2))

	for problem, text := range map[string]string{
		"unknown field": `{"preset": "smoke", "axis": []}`,
		"more text":     `{"preset": "smoke"} 1`,
	} {
		_, err := ParseGrid(strings.NewReader(text))
		require.ErrorContains(t, err, problem)
	}
	for problem, g := range map[string]Grid{
		"no preset":    {Preset: "none"},
		"no points":    {Preset: "smoke", Axes: [][]string{{}}},
		"are the same": {Preset: "smoke", Axes: [][]string{{"seed=1", "seed=1"}}},
		"run 2":        {Preset: "smoke", Axes: [][]string{{"seed=1", "model.layers=0"}}},
	} {
		_, err := g.Configs()
		require.ErrorContains(t, err, problem)
	}
}

// A configuration names its run for good: this changes only when stored runs are
// meant to be no longer found.
func TestIDIsOfTheCanonicalText(t *testing.T) {
	c := tiny(t)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(c.canonical(), &tree))
	require.Len(t, c.ID(), idLength)
	seen := map[string]bool{c.ID(): true}
	for _, change := range []string{"seed=2", "monitor.steps=5", "checkpoint_steps=4", "optimizer.clip=2", "packing.eos=true"} {
		other, err := c.Set(change)
		require.NoError(t, err)
		require.False(t, seen[other.ID()], change)
		seen[other.ID()] = true
	}
}
