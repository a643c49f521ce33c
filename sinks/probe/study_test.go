package probe_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
)

// A study is measured once, again when anything it depends on changes, and again
// when its files are damaged.
func TestStudyRunsOnce(t *testing.T) {
	fullOnly(t, "SmolLM2, measured four times")
	weights, err := local.Model("smollm2")
	if err != nil {
		t.Skip("SmolLM2 is not set up: ", err)
	}
	_, _, err = backend.Open() // before the checkout's root moves away
	require.NoError(t, err)
	sources, err := local.Root()
	require.NoError(t, err)
	home := t.TempDir()
	t.Setenv(local.HomeEnv, home)
	for _, folder := range []string{"internal", "sinks", "train"} { // the code is part of the key
		require.NoError(t, os.Symlink(filepath.Join(sources, folder), filepath.Join(home, folder)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(home, "go.mod"), []byte("module firsttoken\n"), 0o644))
	models := filepath.Join(home, ".data", "models")
	require.NoError(t, os.MkdirAll(models, 0o755))
	require.NoError(t, os.Symlink(weights, filepath.Join(models, filepath.Base(weights))))

	s := probe.Study{
		Name: "test/two", Model: "smollm2", Docs: [][]int32{{504, 3575, 282}, {19, 7}},
		Options: probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass}, MetricsOnly: true},
	}
	first, fromDisk, err := s.Run()
	require.NoError(t, err)
	require.False(t, fromDisk)
	require.Equal(t, []int32{19, 7}, first[1].IDs)
	require.Equal(t, "smollm2", first[0].Model)
	require.Equal(t, "The", first[0].Tokens[0])
	require.Contains(t, first[0].Provenance["weights"], "sha256:")
	require.Contains(t, first[0].Provenance["go"], "go1.")

	again, fromDisk, err := s.Run()
	require.NoError(t, err)
	require.True(t, fromDisk)
	require.Equal(t, first, again)

	files, err := filepath.Glob(filepath.Join(home, ".data", "traces", "test", "two", "*"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.NoError(t, os.Truncate(files[0], 100))
	again, fromDisk, err = s.Run()
	require.NoError(t, err)
	require.False(t, fromDisk)
	require.Equal(t, first, again)

	s.Options.Interventions = []probe.Intervention{probe.MaskKey{Pos: 0}}
	masked, fromDisk, err := s.Run()
	require.NoError(t, err)
	require.False(t, fromDisk)
	require.Zero(t, masked[0].FirstMass[0][0][2])
}
