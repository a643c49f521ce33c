package bundle_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train"
	"firsttoken/train/bundle"
	"firsttoken/train/store"
)

// Compiling takes longer than these runs: let LLVM leave out what makes code fast. Set before the
// plugin is loaded.
func TestMain(m *testing.M) {
	if os.Getenv("XLA_FLAGS") == "" {
		os.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")
	}
	os.Exit(m.Run())
}

// results trains three small runs as a bundle leaves them: two done, one put aside.
func results(t *testing.T) (dir string, ids []string) {
	t.Helper()
	dir = t.TempDir()
	c, err := train.Preset("smoke")
	require.NoError(t, err)
	sums := bundle.Sums{}
	for i, seed := range []string{"seed=1", "seed=2", "seed=3"} {
		c, err := c.Set(`data={"kind":"backcopy"}`, "model.layers=1", "model.width=16", "model.heads=1", "model.kv_heads=1", "model.head_dim=16", "model.hidden=16",
			"budget_tokens=2048", "monitor.windows=2", seed)
		require.NoError(t, err)
		ids = append(ids, c.ID())
		if i == 2 { // begun, no more
			run := store.At(filepath.Join(dir, "runs"), c.ID())
			require.NoError(t, run.Create())
			require.NoError(t, run.WriteConfig([]byte("{}\n")))
			continue
		}
		_, err = train.Run(context.Background(), c, train.Options{Store: filepath.Join(dir, "runs"), Progress: train.ProgressNone})
		require.NoError(t, err)
		for _, name := range store.At(filepath.Join(dir, "runs"), c.ID()).Files() {
			require.NoError(t, sums.Add(dir, "runs/"+c.ID()+"/"+name))
		}
	}
	require.NoError(t, sums.Write(dir))
	return dir, ids
}

func TestImport(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	from, ids := results(t)
	into := filepath.Join(t.TempDir(), "runs")
	var out bytes.Buffer
	require.NoError(t, bundle.Import(from, into, &out))
	require.Contains(t, out.String(), "run "+ids[0]+": taken")
	require.Contains(t, out.String(), "run "+ids[1]+": taken")
	require.Contains(t, out.String(), "run "+ids[2]+": not taken, it is put aside at step 0")
	for _, id := range ids[:2] {
		_, err := train.Verify(store.At(into, id))
		require.NoError(t, err)
	}
	entries, err := os.ReadDir(into)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	out.Reset()
	require.NoError(t, bundle.Import(from, into, &out))
	require.Contains(t, out.String(), "run "+ids[0]+": was there")

	// Damage of any kind is refused by name, and does not keep the other run out.
	weights, curves, result, config := "weights.safetensors", "curves.jsonl", "result.json", "config.json"
	for name, harm := range map[string]func(run string) error{
		"a bit of the weights": func(run string) error { return flip(filepath.Join(run, weights)) },
		"a bit of the curves":  func(run string) error { return flip(filepath.Join(run, curves)) },
		"the end of curves":    func(run string) error { return os.Truncate(filepath.Join(run, curves), 10) },
		"no result":            func(run string) error { return os.Remove(filepath.Join(run, result)) },
		"no configuration":     func(run string) error { return os.Remove(filepath.Join(run, config)) },
		"no run":               os.RemoveAll,
		"another's weights, and sums to match": func(run string) error {
			if err := flip(filepath.Join(run, weights)); err != nil {
				return err
			}
			dir := filepath.Dir(filepath.Dir(run))
			sums, err := bundle.ReadSums(dir)
			if err != nil {
				return err
			}
			if err := sums.Add(dir, "runs/"+filepath.Base(run)+"/"+weights); err != nil {
				return err
			}
			return sums.Write(dir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			harmed := t.TempDir()
			require.NoError(t, os.CopyFS(harmed, os.DirFS(from)))
			require.NoError(t, harm(filepath.Join(harmed, "runs", ids[0])))
			into := filepath.Join(t.TempDir(), "runs")
			var out bytes.Buffer
			err := bundle.Import(harmed, into, &out)
			require.ErrorContains(t, err, ids[0])
			require.Contains(t, out.String(), "refused: ")
			require.Contains(t, out.String(), "run "+ids[1]+": taken")
			require.NoDirExists(t, filepath.Join(into, ids[0]))
		})
	}
	require.ErrorContains(t, bundle.Import(t.TempDir(), into, &out), "no folder of results")
}

// flip changes a bit in the middle of a file.
func flip(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	return os.WriteFile(file, text, 0o644)
}
