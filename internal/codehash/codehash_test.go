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
	"go.mod":            "module firsttoken\n\nrequire (\n\texample.org/math v1.0.0\n\texample.org/math/v2 v2.0.0 // indirect\n)\nrequire example.org/plot v1.1.0\n",
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
		sum, err := Of("firsttoken/a")
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
		{"a package imported", "b/b.go", module3["b/b.go"] + "var C = 1\n", true},
		{"a file for another system", "b/b_windows.go", "package b\n\nconst slash = '/'\n", true},
		{"an embedded file", "b/table.txt", "1 2 4", true},
		{"a new file", "b/c.go", "package b\n", true},
		{"a directive", "b/b.go", strings.Replace(module3["b/b.go"], "//go:embed", "//go:noinline\n//go:embed", 1), true},
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
	_, err = Of("firsttoken/b/native")
	require.ErrorContains(t, err, "no Go files")
}

// cell is what a notebook's cell looks like to the compiler.
const cell = `package main

import (
	"fmt"

	"firsttoken/a"
	"firsttoken/b"
	"firsttoken/carry"
	"firsttoken/plots"
)

type point struct{ X, Y float64 }

func (p point) norm() float64 { return p.X*p.X + p.Y*p.Y }

const (
	low = iota
	high
)

var unused = 7

func unrelated() int { return plots.P }

func helper(x int) point { return point{X: float64(x + high)} }

func main() {
	const n = 64
	texts := a.A
	double := func(x int) int { return 2*x + n }
	value, err := carry.Result("name", []any{n, texts}, func() (float64, error) {
		return helper(double(3)).norm() + float64(len(texts)), nil
	})
	other, err := carry.Result("other", nil, func() (float64, error) {
		return float64(b.B) + value, nil
	})
	fmt.Println(value, other, err, plots.P)
}
`

// line is where the i-th call stands.
func line(text string, i int) int {
	for n, l := range strings.Split(text, "\n") {
		if strings.Contains(l, "carry.Result") {
			if i == 0 {
				return n + 1
			}
			i--
		}
	}
	panic("no such call")
}

// The measuring function counts with all that it refers to, and nothing else of the cell.
func TestCalled(t *testing.T) {
	of := func(text string, i int) code {
		c, err := called("main.go", []byte(text), "firsttoken/carry", line(text, i))
		require.NoError(t, err)
		return c
	}
	first, second := of(cell, 0), of(cell, 1)
	require.Equal(t, []string{"firsttoken/a"}, first.imports)
	require.Equal(t, []string{"firsttoken/b"}, second.imports)
	require.Len(t, second.sums, 1, "the literal alone")
	for old, c := range map[string]struct {
		new     string
		changes bool
	}{
		"fmt.Println(value,":           {"fmt.Println(\"value\", value,", false},
		"const n = 64":                 {"const n = 65 // longer", true},
		"const n = 64\n":               {"const n = 64 // as before\n", false},
		"return 2*x + n":               {"return 3*x + n", true},
		"p.X*p.X + p.Y*p.Y":            {"p.X*p.X - p.Y*p.Y", true},
		"X, Y float64":                 {"X, Y, Z float64", true},
		"x + high":                     {"x - high", true},
		"low = iota":                   {"low = iota + 1", true},
		"unused = 7":                   {"unused = 8", false},
		"return plots.P":               {"return plots.P + 1", false},
		"return float64(b.B)":          {"return float64(b.B + 1)", false},
		"float64(len(texts))":          {"float64(len(texts) + 1)", true},
		"texts := a.A":                 {"texts := a.A + 1", true},
		"carry.Result(\"name\", []any": {"carry.Result(\"name\",\n []any", false},
	} {
		changed := strings.Replace(cell, old, c.new, 1)
		require.NotEqual(t, cell, changed, old)
		if c.changes {
			require.NotEqual(t, first, of(changed, 0), "%s → %s", old, c.new)
		} else {
			require.Equal(t, first, of(changed, 0), "%s → %s", old, c.new)
		}
	}
	_, err := called("main.go", []byte(cell), "firsttoken/other", line(cell, 0))
	require.ErrorContains(t, err, "does not call firsttoken/other by its name")
	_, err = called("main.go", []byte(cell), "firsttoken/carry", 3)
	require.ErrorContains(t, err, "is in no function")
}

// Hashing must not be felt in a cell: the sources are read once.
func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		if _, err := Of("firsttoken/sinks/probe"); err != nil {
			b.Fatal(err)
		}
	}
}
