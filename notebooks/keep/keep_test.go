package keep_test

import (
	"errors"
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
	_, _, err := keep.Result("06/b", 2, func() (string, error) { return "kept", nil })
	require.NoError(t, err)
	var asked []int
	measure := func(missing []int) (out []string, err error) {
		asked = missing
		for _, i := range missing {
			out = append(out, string(rune('a'+i)))
		}
		return out, nil
	}
	names, inputs := []string{"06/a", "06/b", "06/c"}, []any{1, 2, 3}
	values, missing, err := keep.Results(names, inputs, measure)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "kept", "c"}, values)
	require.Equal(t, []int{0, 2}, asked)
	require.Equal(t, 2, missing)

	values, missing, err = keep.Results(names, inputs, measure)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "kept", "c"}, values)
	require.Zero(t, missing)
	_, fromDisk, err := keep.Result("06/c", 3, func() (string, error) { return "", errors.New("not asked") })
	require.NoError(t, err)
	require.True(t, fromDisk)

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

// home points the checkout's folders at an empty one.
func home(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	return root
}
