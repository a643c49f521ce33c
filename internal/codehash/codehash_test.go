package codehash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

// checkout makes one of these files, by their paths, and points this process at it.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		put(t, root, name, text)
	}
	t.Setenv(local.HomeEnv, root)
	return root
}

var written = time.Unix(1e9, 0) // so that no two writes have the same time

func put(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	written = written.Add(time.Second)
	require.NoError(t, os.Chtimes(path, written, written))
}

var module3 = map[string]string{
	"go.mod":            "module firsttoken\n\nrequire (\n\texample.org/math v1.0.0\n\texample.org/math/v2 v2.0.0 // indirect\n)\nrequire example.org/plot v1.1.0\nrequire example.org/table v1.2.0\n",
	"a/a.go":            "package a\n\nimport \"firsttoken/b\"\n\n// A is b.\nvar A = b.B\n",
	"b/b.go":            "package b\n\nimport (\n\t_ \"embed\"\n\t\"fmt\"\n\n\t_ \"example.org/math/exp\"\n)\n\n//go:embed table.txt\nvar table string\nvar B = fmt.Sprint(table)\n",
	"b/b_test.go":       "package b\n",
	"b/table.txt":       "1 2 3",
	"b/other.txt":       "no part of it",
	"b/inner/inner.go":  "package inner\n",
	"b/b_windows.go":    "package b\n\nconst slash = '\\\\'\n",
	"b/native/empty.md": "",
}

// What changes a hash, and what does not.
func TestOf(t *testing.T) {
	root := checkout(t, module3)
	of := func() string {
		sum, err := Of("firsttoken/a", "fmt", "example.org/table/cell")
		require.NoError(t, err)
		return sum
	}
	before := of()
	require.Len(t, before, 32)
	for _, c := range []struct {
		what, name, text string
		changes          bool
	}{
		{"a comment and spaces", "a/a.go", "package a\nimport \"firsttoken/b\"\n\n// A is the same as b.B.\nvar   A = b.B /* it is */\n", false},
		{"a semicolon that was put in", "a/a.go", "package a; import \"firsttoken/b\"; var A = b.B;", false},
		{"a test", "b/b_test.go", "package b\n\nvar x = 1\n", false},
		{"a package that is not imported", "b/inner/inner.go", "package inner\n\nvar x = 1\n", false},
		{"a file beside", "b/other.txt", "still none", false},
		{"a module that is not imported", "go.mod", strings.Replace(module3["go.mod"], "v1.1.0", "v1.2.0", 1), false},
		{"another module of a like name", "go.mod", strings.Replace(module3["go.mod"], "v2.0.0", "v2.0.1", 1), false},
		{"a token", "a/a.go", "package a\n\nimport \"firsttoken/b\"\n\nvar A = b.B + \"!\"\n", true},
		{"a declaration that is not used", "b/b.go", module3["b/b.go"] + "var C = 1\n", false},
		{"a new file", "b/c.go", "package b\n", false},
		{"a file for another system", "b/b_windows.go", "package b\n\nvar table = \"4\"\n", true},
		{"an embedded file", "b/table.txt", "1 2 4", true},
		{"a directive", "b/b.go", strings.Replace(module3["b/b.go"], "//go:embed", "//go:noinline\n//go:embed", 1), true},
		{"a module that is asked for", "go.mod", strings.Replace(module3["go.mod"], "v1.2.0", "v1.2.1", 1), true},
		{"a module imported", "go.mod", strings.Replace(module3["go.mod"], "v1.0.0", "v1.0.1", 1), true},
	} {
		put(t, root, c.name, c.text)
		if c.changes {
			require.NotEqual(t, before, of(), c.what)
		} else {
			require.Equal(t, before, of(), c.what)
		}
		if old, there := module3[c.name]; there {
			put(t, root, c.name, old)
		} else {
			require.NoError(t, os.Remove(filepath.Join(root, c.name)))
		}
		require.Equal(t, before, of(), "%s, taken back", c.what)
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, ".data", "cache", "code.json"), []byte("{"), 0o644))
	require.Equal(t, before, of(), "a damaged cache")
	_, err := Of("firsttoken/none")
	require.ErrorContains(t, err, "firsttoken/none")
	_, err = Of("firsttoken/a.none")
	require.ErrorContains(t, err, "package firsttoken/a declares no none")
	_, err = Of("firsttoken/b/native")
	require.ErrorContains(t, err, "no Go files")
}

// Hashing must not be felt in a cell: the sources are read once.
func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		if _, err := Of("firsttoken/sinks/probe.Run"); err != nil {
			b.Fatal(err)
		}
	}
}
