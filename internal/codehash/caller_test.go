package codehash

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
)

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

var unused = plots.New(7)

func unrelated() int { return plots.P }

func helper(x int) point { return point{X: float64(x + high)} }

func main() {
	const n = 64
	type pair struct{ a, b int }
	texts := a.A
	double := func(x int) int { return 2*x + n }
	var filled pair
	err := fill(&filled, 5)
	value, err := carry.Result("name", []any{n, texts}, func() (float64, error) {
		return helper(double(3)).norm() + float64(len(texts)), nil
	})
	other, err := carry.Result("other", nil, func() (b.Out, error) {
		return b.Out(b.B + value), nil
	})
	third, err := carry.Result("third", nil, func() (int, error) {
		n, err := other.Size(filled.a), fmt.Errorf("none")
		return n + pair{1, 2}.b, err
	})
	fmt.Println(value, other, third, err, plots.P)
}
`

var surroundings = map[string]string{
	"go.mod":         "module firsttoken\n",
	"a/a.go":         "package a\n\nvar A = []int{1}\n",
	"b/b.go":         "package b\n\nconst B = 2.5\n\ntype Out float64\n\nfunc (o Out) Size(n int) int { return n + 11 }\n",
	"carry/carry.go": "package carry\n\nfunc Result() {}\n",
	"plots/plots.go": "package plots\n\nvar P = 12\n",
}

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
	root := checkout(t, surroundings)
	at := func(text string, n int) (string, error) {
		r, err := open("firsttoken/carry")
		require.NoError(t, err)
		if err := r.addCall(filepath.Join(t.TempDir(), "main.go"), []byte(text), n); err != nil {
			return "", err
		}
		return r.sum()
	}
	of := func(text string, i int) string {
		sum, err := at(text, line(text, i))
		require.NoError(t, err)
		return sum
	}
	for _, c := range []struct {
		old, new string
		changes  string // which of the calls
	}{
		{"fmt.Println(value,", "fmt.Println(\"value\", value,", ""},
		{"const n = 64", "const n = 65 // longer", "1"},
		{"const n = 64\n", "const n = 64 // as before\n", ""},
		{"return 2*x + n", "return 3*x + n", "1"},
		{"p.X*p.X + p.Y*p.Y", "p.X*p.X - p.Y*p.Y", "1"},
		{"X, Y float64", "X, Y, Z float64", "1"},
		{"x + high", "x - high", "1"},
		{"low = iota", "low = iota + 1", "1"},
		{"New(7)", "New(8)", ""},
		{"return plots.P", "return plots.P + 1", ""},
		{"b.Out(b.B", "b.Out(1 + b.B", "2"},
		{"float64(len(texts))", "float64(len(texts) + 1)", "1"},
		{"texts := a.A", "texts := append(a.A, 1)", "1"},
		{"carry.Result(\"name\", []any", "carry.Result(\"name\",\n []any", ""},
		{"struct{ a, b int }", "struct{ b, a int }", "3"},
		{"fill(&filled, 5)", "fill(&filled, 6)", "3"},
		{"\"firsttoken/a\"", "a \"firsttoken/b\"", "1"},
		{"\nvar A = []int{1}", "\nvar A = []int{2}", "1"},
		{"const B = 2.5", "const B = 2.6", "2"},
		{"n + 11", "n + 12", "23"}, // what was measured before is of that type
		{"var P = 12", "var P = 13", ""},
		{"func Result() {}", "func Result() { panic(1) }", ""},
	} {
		before := []string{of(cell, 0), of(cell, 1), of(cell, 2)}
		changed := strings.Replace(cell, c.old, c.new, 1)
		for name, text := range surroundings {
			put(t, root, name, strings.Replace(text, c.old, c.new, 1))
			if changed == cell {
				require.Contains(t, strings.Join([]string{surroundings["a/a.go"], surroundings["b/b.go"], surroundings["carry/carry.go"], surroundings["plots/plots.go"]}, ""), c.old)
			}
		}
		which := ""
		for i, sum := range before {
			if of(changed, i) != sum {
				which += string(rune('1' + i))
			}
		}
		require.Equal(t, c.changes, which, "%s → %s", c.old, c.new)
		for name, text := range surroundings {
			put(t, root, name, text)
		}
	}
	_, err := at(strings.ReplaceAll(cell, "firsttoken/carry", "firsttoken/other"), line(cell, 0))
	require.ErrorContains(t, err, "does not call firsttoken/carry by its name")
	_, err = at(cell, 3)
	require.ErrorContains(t, err, "is in no function")
	t.Setenv(local.HomeEnv, filepath.Join(root, "none"))
	_, err = Caller("firsttoken/carry")
	require.ErrorContains(t, err, "nothing called into firsttoken/carry")
}
