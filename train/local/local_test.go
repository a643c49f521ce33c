package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeRoot makes a folder that is a checkout of module, with links resolved.
func fakeRoot(t *testing.T, goMod string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	write(t, filepath.Join(root, "go.mod"), goMod)
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

const ours = "// A comment.\n\nmodule firsttoken\n\ngo 1.26\n"

func TestRoot(t *testing.T) {
	root := fakeRoot(t, ours)
	other := fakeRoot(t, "module firsttoken/tools\n")
	below := filepath.Join(root, "notebooks", "figures")
	require.NoError(t, os.MkdirAll(below, 0o755))
	nested := filepath.Join(root, "tools")
	write(t, filepath.Join(nested, "go.mod"), "module firsttoken/tools\n")

	tests := []struct {
		name, home, working string
		want                string // "" for an error
	}{
		{"in the root", "", root, root},
		{"below the root", "", below, root},
		{"in a nested module", "", nested, root},
		{"named from elsewhere", root, other, root},
		{"named before found", root, below, root},
		{"named wrongly", other, root, ""},
		{"named but absent", filepath.Join(root, "nowhere"), root, ""},
		{"elsewhere", "", other, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(HomeEnv, test.home)
			t.Chdir(test.working)
			got, err := Root()
			if test.want == "" {
				require.ErrorContains(t, err, HomeEnv, "the error must say what to set")
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestIsRootReadsTheModuleLine(t *testing.T) {
	for goMod, want := range map[string]bool{
		ours:                                        true,
		"module \"firsttoken\"\n":                   true,
		"module firsttoken // comment\n":            true,
		"module firsttokens\n":                      false,
		"// module firsttoken\n":                    false,
		"module other\nrequire firsttoken v0.0.0\n": false,
		"": false,
	} {
		require.Equal(t, want, isRoot(fakeRoot(t, goMod)), "%q", goMod)
	}
}

func TestPlugin(t *testing.T) {
	root := fakeRoot(t, ours)
	t.Setenv(HomeEnv, root)
	cpu := filepath.Join(root, ".tools", "xla", "pjrt_c_api_cpu_plugin.so")
	cuda := filepath.Join(root, ".tools", "xla", "cuda", "nvidia", "pjrt_c_api_cuda_plugin.so")
	driver := filepath.Join(root, "driver")

	_, err := Plugin()
	require.ErrorIs(t, err, ErrNotSetUp)
	require.ErrorContains(t, err, "make setup")

	write(t, cpu, "cpu")
	got, err := Plugin()
	require.NoError(t, err)
	require.Equal(t, cpu, got)

	write(t, cuda, "cuda")
	got, err = plugin(root, driver)
	require.NoError(t, err)
	require.Equal(t, cpu, got, "no driver, no CUDA")

	write(t, driver, "")
	got, err = plugin(root, driver)
	require.NoError(t, err)
	require.Equal(t, cuda, got)
}

func TestModel(t *testing.T) {
	root := fakeRoot(t, ours)
	t.Setenv(HomeEnv, root)

	_, err := Model("gpt5")
	require.ErrorContains(t, err, "gemma3, smollm2", "the error must name the known models")

	for name, c := range map[string]struct{ file, target, terms string }{
		"smollm2": {"SmolLM2-135M-Instruct.Q4_1.gguf", "run `make setup` (", ""},
		"gemma3":  {"gemma3/gemma-3-270m-q4_k_m.gguf", "run `make gemma`, which fetches 239 MB under the Gemma Terms of Use", "ai.google.dev/gemma/terms"},
	} {
		_, err = Model(name)
		require.ErrorIs(t, err, ErrNotSetUp)
		require.ErrorContains(t, err, c.target)
		require.ErrorContains(t, err, c.terms)

		path := filepath.Join(root, ".data", "models", filepath.FromSlash(c.file))
		write(t, path, "GGUF")
		_, err = Model(name)
		require.ErrorIs(t, err, ErrNotSetUp)
		require.ErrorContains(t, err, "4 bytes")
		require.ErrorContains(t, err, "remove it and "+c.target)

		require.NoError(t, os.Truncate(path, models[name].bytes)) // sparse: no space taken
		got, err := Model(name)
		require.NoError(t, err)
		require.Equal(t, path, got)
	}
}

func TestFolders(t *testing.T) {
	root := fakeRoot(t, ours)
	t.Setenv(HomeEnv, root)

	data, err := DataDir("corpora", "tiny")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, ".data", "corpora", "tiny"), data)
	require.DirExists(t, data)

	runs, err := RunsDir()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "runs"), runs)
	require.DirExists(t, runs)

	_, err = RunsDir("..", "elsewhere")
	require.ErrorContains(t, err, "leads out")

	write(t, filepath.Join(root, "runs", "file"), "")
	_, err = RunsDir("file", "below")
	require.Error(t, err)
}

func TestHeadless(t *testing.T) {
	t.Setenv(HeadlessEnv, "")
	require.False(t, Headless())
	t.Setenv(HeadlessEnv, "1")
	require.True(t, Headless())
}
