package keep_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/keep"
	"firsttoken/train/local"
)

type inputs struct{ Seed int }

func TestResult(t *testing.T) {
	home(t)
	runs := 0
	measure := func() ([]float64, error) { runs++; return []float64{float64(runs), 0.1}, nil }

	_, err := keep.Load[[]float64]("06/spread")
	require.ErrorContains(t, err, "run the cell that measures it first")

	v, fromDisk, err := keep.Result("06/spread", inputs{1}, measure)
	require.NoError(t, err)
	require.False(t, fromDisk)
	require.Equal(t, []float64{1, 0.1}, v)

	v, fromDisk, err = keep.Result("06/spread", inputs{1}, measure)
	require.NoError(t, err)
	require.True(t, fromDisk)
	require.Equal(t, []float64{1, 0.1}, v)

	v, fromDisk, err = keep.Result("06/spread", inputs{2}, measure)
	require.NoError(t, err)
	require.False(t, fromDisk, "other inputs")
	require.Equal(t, []float64{2, 0.1}, v)

	v, err = keep.Load[[]float64]("06/spread")
	require.NoError(t, err)
	require.Equal(t, []float64{2, 0.1}, v)
	require.NoError(t, keep.Save("06/runs", []string{"a", "b"}))
	names, err := keep.Load[[]string]("06/runs")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, names)

	_, err = keep.Load[string]("06/spread")
	require.ErrorContains(t, err, "something else than string")
}

// Only what is missing is measured, in one go, and ends up where Result would have put it.
func TestResults(t *testing.T) {
	home(t)
	var asked []int
	measure := func(missing []int) (out []string, err error) {
		asked = missing
		for _, i := range missing {
			out = append(out, string(rune('a'+i)))
		}
		return out, nil
	}
	names, inputs := []string{"06/a", "06/b", "06/c"}, []any{1, 2, 3}
	_, _, err := keep.Results(names[1:2], inputs[1:2], measure)
	require.NoError(t, err)
	values, missing, err := keep.Results(names, inputs, measure)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "a", "c"}, values)
	require.Equal(t, []int{0, 2}, asked)
	require.Equal(t, 2, missing)

	values, missing, err = keep.Results(names, inputs, measure)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "a", "c"}, values)
	require.Zero(t, missing)

	_, _, err = keep.Results([]string{"06/a"}, nil, measure)
	require.ErrorContains(t, err, "1 names, but inputs of 0 values")
	_, _, err = keep.Results([]string{"06/d"}, []any{4}, func([]int) ([]string, error) { return nil, nil })
	require.ErrorContains(t, err, "0 values were measured where 1 were missing")
}

// A value that was kept when its type had other fields is measured again.
func TestOtherShape(t *testing.T) {
	home(t)
	type then struct{ A int }
	type now struct{ A, B int }
	_, _, err := keep.Result("06/shape", 1, func() (then, error) { return then{1}, nil })
	require.NoError(t, err)
	for i, kept := range []bool{false, true} {
		value, fromDisk, err := keep.Result("06/shape", 1, func() (now, error) { return now{1, 2}, nil })
		require.NoError(t, err)
		require.Equal(t, kept, fromDisk, i)
		require.Equal(t, now{1, 2}, value)
	}
}

func TestDamagedFile(t *testing.T) {
	root := home(t)
	measure := func() (int, error) { return 7, nil }
	_, _, err := keep.Result("a", inputs{1}, measure)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, ".data", "results", "a.json"), []byte(`{"inputs":{"Seed":1},"val`), 0o644))
	_, err = keep.Load[int]("a")
	require.ErrorContains(t, err, "delete it and measure again")
	v, fromDisk, err := keep.Result("a", inputs{1}, measure)
	require.NoError(t, err)
	require.False(t, fromDisk)
	require.Equal(t, 7, v)
}

func TestRefuses(t *testing.T) {
	home(t)
	_, _, err := keep.Result("a", inputs{1}, func() (float64, error) { return math.NaN(), nil })
	require.ErrorContains(t, err, "NaN")
	_, _, err = keep.Result("../../a", inputs{1}, func() (int, error) { return 1, nil })
	require.Error(t, err)
	_, _, err = keep.Result("a", inputs{1}, func() (int, error) { return 1, errors.New("out of tokens") })
	require.EqualError(t, err, "out of tokens")
	_, err = keep.Load[int]("a")
	require.Error(t, err, "nothing of a failed measurement is kept")
}

// home points the checkout's folders at an empty one with the packages that these tests measure
// with.
func home(t *testing.T) string {
	t.Helper()
	sources, err := local.Root()
	require.NoError(t, err)
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "train"), 0o755))
	require.NoError(t, os.CopyFS(filepath.Join(root, "train", "local"), os.DirFS(filepath.Join(sources, "train", "local"))))
	t.Setenv(local.HomeEnv, root)
	return root
}

// shape is what the tests of code measure: its dimension is part of the code.
func shape(n int) int { return n * len(local.HomeEnv) }

// Other code measures again: here that of a package, but not code that is not reached.
func TestOtherCode(t *testing.T) {
	root := home(t)
	runs := 0
	measure := func() (int, bool, error) {
		return keep.Result("06/code", 1, func() (int, error) { runs++; return shape(runs), nil })
	}
	for i, kept := range []bool{false, true, false, true} {
		_, fromDisk, err := measure()
		require.NoError(t, err)
		require.Equal(t, kept, fromDisk, i)
		if i == 1 {
			change(t, root, other)
		}
	}
	require.Equal(t, 2, runs)
	change(t, root, other+"\n// Not measured with.\nvar more int\n")
	_, fromDisk, err := measure()
	require.NoError(t, err)
	require.True(t, fromDisk)
}

// other is another state of what the tests measure with.
const other = "//go:build other\n\npackage local\n\nconst HomeEnv = \"OTHER\"\n"

// change writes a file of a package that the tests measure with.
func change(t *testing.T, root, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, "train", "local", "another.go"), []byte(text), 0o644))
}

// What is costly is kept one by one, measured where there is no value of its inputs, and by today's
// code only where that is asked for.
func TestEach(t *testing.T) {
	root := home(t)
	t.Setenv(keep.MeasureEnv, "")
	var asked []int
	var fails error
	ask := func(inputs ...any) ([]int, int, error) {
		asked = nil
		return keep.Each([]string{"12/a", "12/b", "12/c"}, inputs, func(i int) (int, error) {
			asked = append(asked, i)
			if i == 2 {
				return shape(i), fails
			}
			return shape(i), nil
		})
	}
	fails = errors.New("out of time")
	_, _, err := ask(1, 2, 3)
	require.Equal(t, fails, err)
	require.Equal(t, []int{0, 1, 2}, asked)
	fails = nil
	values, measured, err := ask(1, 2, 3)
	require.NoError(t, err)
	require.Equal(t, []int{2}, asked, "the others were kept")
	require.Equal(t, 1, measured)

	change(t, root, other)
	said := printed(t, func() {
		again, measured, err := ask(1, 2, 4)
		require.NoError(t, err)
		require.Equal(t, 1, measured)
		require.Equal(t, values, again)
	})
	require.Equal(t, []int{2}, asked, "other inputs")
	require.Equal(t, "2 of 3 values, such as 12/b, are as they were measured by other code than today's: $FIRSTTOKEN_MEASURE measures them anew\n", said)

	t.Setenv(keep.MeasureEnv, "1")
	_, measured, err = ask(1, 2, 4)
	require.NoError(t, err)
	require.Equal(t, 2, measured)
	t.Setenv(keep.MeasureEnv, "")
	require.Empty(t, printed(t, func() { _, measured, err = ask(1, 2, 4) }))
	require.NoError(t, err)
	require.Zero(t, measured, "by today's code now")
	_, _, err = ask(1, 2, func() {})
	require.ErrorContains(t, err, "do not survive JSON")
	_, _, err = ask(1)
	require.ErrorContains(t, err, "3 names, but inputs of 1 values")
}

// Values that come with the checkout are used where inputs and code are today's, measured again
// where the code is another, and used all the same where what would measure them is absent. Of
// other inputs they are never used.
func TestShipped(t *testing.T) {
	root := home(t)
	absent := fmt.Errorf("the weights of 2 of 3 runs are %w", local.ErrAbsent)
	var fails error
	measured := 0
	ask := func(inputs any) (int, bool, error) {
		return keep.Result("06/shipped", inputs, func() (int, error) { measured++; return shape(measured), fails })
	}
	first, _, err := ask(1)
	require.NoError(t, err)
	shipped := filepath.Join(root, "notebooks", "results", "measured", "06", "shipped.json")
	own := filepath.Join(root, ".data", "results", "06", "shipped.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(shipped), 0o755))
	require.NoError(t, os.Rename(own, shipped))

	loaded, err := keep.Load[int]("06/shipped")
	require.NoError(t, err)
	require.Equal(t, first, loaded, "before anything is asked for")
	fails = absent
	value, fromDisk, err := ask(1)
	require.NoError(t, err)
	require.True(t, fromDisk)
	require.Equal(t, first, value)
	require.Equal(t, 1, measured, "nothing had to be measured")
	require.FileExists(t, own)

	_, _, err = ask(2)
	require.ErrorIs(t, err, local.ErrAbsent)
	require.ErrorContains(t, err, "no value of these inputs comes with the checkout")

	change(t, root, other)
	for range 2 { // the copy in .data is by other code, too
		said := printed(t, func() { value, fromDisk, err = ask(1) })
		require.NoError(t, err)
		require.True(t, fromDisk)
		require.Equal(t, first, value)
		require.Equal(t, "06/shipped is as it was measured by other code than today's, because the weights of 2 of 3 runs are not in this checkout\n", said)
	}
	fails = errors.New("out of memory")
	_, _, err = ask(1)
	require.Equal(t, fails, err, "an error that has nothing to do with what is absent")

	fails, measured = nil, 10
	value, fromDisk, err = ask(1)
	require.NoError(t, err)
	require.False(t, fromDisk)
	require.Equal(t, shape(11), value)
	loaded, err = keep.Load[int]("06/shipped")
	require.NoError(t, err)
	require.Equal(t, shape(11), loaded, "what was measured here comes first")
}

// printed is what a function writes to standard output.
func printed(t *testing.T, f func()) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdout")
	file, err := os.Create(path)
	require.NoError(t, err)
	before := os.Stdout
	os.Stdout = file
	f()
	os.Stdout = before
	require.NoError(t, file.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// What was measured here comes with the checkout once it is shipped; later it is enough to say so
// without names.
func TestShip(t *testing.T) {
	root := home(t)
	ask := func(inputs int) {
		_, _, err := keep.Result("06/ship", inputs, func() (int, error) { return shape(inputs), nil })
		require.NoError(t, err)
	}
	ask(1)
	require.NoError(t, keep.Save("06/names", []string{"a"}))
	for i, want := range [][]string{{"06/ship"}, nil} {
		changed, err := keep.Ship("06/ship")
		require.NoError(t, err)
		require.Equal(t, want, changed, i)
	}
	ask(2)
	changed, err := keep.Ship()
	require.NoError(t, err)
	require.Equal(t, []string{"06/ship"}, changed)
	require.NoError(t, os.RemoveAll(filepath.Join(root, ".data")))
	changed, err = keep.Ship()
	require.NoError(t, err)
	require.Empty(t, changed)
	value, err := keep.Load[int]("06/ship")
	require.NoError(t, err)
	require.Equal(t, shape(2), value)

	require.NoError(t, keep.Save("06/names", []string{"a"}))
	_, err = keep.Ship("06/names")
	require.ErrorContains(t, err, "not a measured value")
	_, err = keep.Ship("06/none")
	require.ErrorContains(t, err, "run the cell that measures it first")
}
