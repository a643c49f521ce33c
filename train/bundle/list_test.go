package bundle

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train"
	"firsttoken/train/local"
)

// The grids that ship for a GPU are of 10 to 30 M parameters in bfloat16, and a grid's points are
// all trained with a seed before the next.
func TestShipped(t *testing.T) {
	l, err := Shipped()
	require.NoError(t, err)
	for _, e := range l.Grids {
		configs, err := e.Grid.Configs()
		require.NoError(t, err)
		for i, c := range configs {
			require.Equal(t, "bfloat16", c.Model.Compute)
			c.Model.Vocab = 4096
			require.Equal(t, c.Model.Vocab, c.Data.Tokenizer.BPE.V)
			millions := float64(c.Model.Parameters()) / 1e6
			require.True(t, 6 < millions && millions < 31, "%s: %.1f M", e.Name, millions)
			require.True(t, e.Adapts())
			require.True(t, i == 0 || c.Seed >= configs[i-1].Seed, "seeds vary slowest")
		}
	}
	for _, s := range l.Speeds {
		configs, err := s.Configs()
		require.NoError(t, err)
		for _, c := range configs {
			require.InDelta(t, 120e6, c.Model.Parameters(), 15e6)
			require.Equal(t, 2048, c.Model.Context)
		}
	}
}

func TestOf(t *testing.T) {
	l, err := Of("smoke")
	require.NoError(t, err)
	require.Equal(t, train.Grid{Preset: "smoke"}, l.Grids[0].Grid)
	file := filepath.Join(t.TempDir(), "mine.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"preset": "smoke", "axes": [["seed=1", "seed=2"]]}`), 0o644))
	l, err = Of(file)
	require.NoError(t, err)
	require.Equal(t, "mine", l.Grids[0].Name)
	require.False(t, l.Grids[0].Adapts(), "somebody's own grid is trained as it says")
	_, err = Of("nothing")
	require.ErrorContains(t, err, "nothing")
}

// A list survives being written, and what is wrong with one is named.
func TestReadList(t *testing.T) {
	want, err := Shipped()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, want.write(dir))
	got, err := Read(dir)
	require.NoError(t, err)
	require.Equal(t, want, got)
	for text, problem := range map[string]string{
		`{}`:                               "no grids",
		`{"grid": []}`:                     `unknown field "grid"`,
		`{"grids": []} {}`:                 "more text",
		`{"grids": [{"name": "context"}]}`: "share = 0",
		`{"grids": [{"name": "../x", "share": 1}]}`:                                                                "x.json",
		`{"grids": [{"name": "context", "share": 1, "min_tokens": 5}]}`:                                            "give both",
		`{"grids": [{"name": "context", "share": 1}, {"name": "context", "share": 1}]}`:                            "two grids",
		`{"grids": [{"name": "context", "share": 1}], "ways": [["accumulate=x"]]}`:                                 "accumulate",
		`{"grids": [{"name": "context", "share": 1}], "speeds": [{"name": "s", "preset": "smoke", "ways": [[]]}]}`: "model.vocab is 0",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, local.BundleFile), []byte(text), 0o644))
		_, err := Read(dir)
		require.ErrorContains(t, err, problem, text)
	}
}
