package backend

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gomlx/compute"
	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

// library is a well-formed file of the kind a plugin is: this test's executable.
func library(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path
}

// checkout stands in for the one around this test, with or without a plugin for GPUs in its set-up.
func checkout(t *testing.T, cuda bool) {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	if cuda {
		path := filepath.Join(root, ".tools", "xla", "cuda", "nvidia", "pjrt_c_api_cuda_plugin.so")
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
		require.Equal(t, path, local.CUDAPlugin())
	}
}

// Where set-up has a plugin for GPUs that is not used, it says so, in a notebook too, whose kernel
// names the CPU's.
func TestIdleGPU(t *testing.T) {
	checkout(t, true)
	good := library(t)
	other := filepath.Join(t.TempDir(), "other.so")
	require.NoError(t, os.Symlink(good, other))
	setUp := func() (string, error) { return good, nil }
	for wanted, warnings := range map[string]int{"": 1, "xla": 1, "xla:" + good: 1, "xla:" + other: 0} {
		got, err := choose(wanted, setUp)
		require.NoError(t, err)
		require.Len(t, got.warnings, warnings, wanted)
	}
}

func TestChoose(t *testing.T) {
	checkout(t, false)
	good := library(t)
	missing := filepath.Join(t.TempDir(), "no.so")
	setUp := func() (string, error) { return good, nil }
	notSetUp := func() (string, error) { return "", fmt.Errorf("run `make setup` (%w)", local.ErrNotSetUp) }
	noRoot := func() (string, error) { return "", errors.New("no go.mod") }

	tests := []struct {
		name, wanted string
		plugin       func() (string, error)
		config       string
		warning      string // part of the one warning, "" for none
		problem      string // part of the error, "" for none
	}{
		{"unset", "", setUp, "xla:" + good + exact, "", ""},
		{"unset, plugin gone", "", func() (string, error) { return missing, nil }, "", "", "run `make setup`"},
		{"unset, not set up", "", notSetUp, "go", "10 to 20 times slower", ""},
		{"unset, no checkout", "", noRoot, "", "", "no go.mod"},
		{"bare xla", "xla", setUp, "xla:" + good + exact, "", ""},
		{"bare xla with colon", "xla:", setUp, "xla:" + good + exact, "", ""},
		{"bare xla, not set up", "xla", notSetUp, "", "", "make setup"},
		{"absolute plugin", "xla:" + good, notSetUp, "xla:" + good, "", ""},
		{"absolute plugin with options", "xla:" + good + ",notf32", notSetUp, "xla:" + good + ",notf32", "", ""},
		{"absolute plugin, absent", "xla:" + missing, setUp, "", "", "no such file or directory; $GOMLX_BACKEND names it"},
		{"absolute plugin of set-up, gone", "xla:" + missing, func() (string, error) { return missing, nil }, "", "", "run `make setup`"},
		{"plugin by name would be downloaded", "xla:cpu", setUp, "", "", "absolute path"},
		{"pure Go", "go", setUp, "go", "GOMLX_BACKEND=go", ""},
		{"unknown", "tpu", setUp, "", "", "neither xla nor go"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := choose(test.wanted, test.plugin)
			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.config, got.config)
			if test.warning == "" {
				require.Empty(t, got.warnings)
				return
			}
			require.Len(t, got.warnings, 1)
			require.Contains(t, got.warnings[0], test.warning)
		})
	}
}

func TestCheckPlugin(t *testing.T) {
	folder := t.TempDir()
	require.ErrorContains(t, checkPlugin(filepath.Join(folder, "none.so")), "no such file")
	require.ErrorContains(t, checkPlugin(folder), "not a file")
	if runtime.GOOS != "linux" {
		t.Skip("damage is looked for in ELF files, which only Linux loads")
	}
	whole, err := os.ReadFile(library(t))
	require.NoError(t, err)
	for name, text := range map[string][]byte{
		"empty":           nil,
		"not a library":   []byte("<html>404</html>"),
		"cut after a bit": whole[:100],
		"cut in half":     whole[:len(whole)/2],
		"cut at the end":  whole[:len(whole)-1],
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, "plugin.so")
			require.NoError(t, os.WriteFile(path, text, 0o644))
			require.ErrorContains(t, checkPlugin(path), "damaged")
		})
	}
	require.NoError(t, checkPlugin(library(t)))
}

// A whole ELF file that is no plugin must fail in the loader, not fall back.
func TestConnectToSomethingElse(t *testing.T) {
	_, err := connect(choice{config: "xla:" + library(t), advice: adviceSetUp})
	require.ErrorContains(t, err, "make setup")
}

// pureGo is what the backend registered as "go" calls itself.
const pureGo = "Go Backend"

func TestConnectPureGo(t *testing.T) {
	backend, err := connect(choice{config: "go"})
	require.NoError(t, err)
	defer backend.Finalize()
	require.Equal(t, pureGo, backend.Name())
}

func TestOpen(t *testing.T) {
	if os.Getenv(compute.ConfigEnvVar) == "" {
		if _, err := local.Plugin(); err != nil {
			t.Skip("no XLA plugin is set up: ", err)
		}
	}
	backend, warnings, err := Open()
	require.NoError(t, err)
	again, _, err := Open()
	require.NoError(t, err)
	require.Same(t, backend, again, "one backend a process")
	if backend.Name() == pureGo {
		require.NotEmpty(t, warnings)
	} else {
		require.Empty(t, warnings)
	}
	require.Positive(t, backend.NumDevices())
}
