package curves_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/curves"
	"firsttoken/notebooks/keep"
	"firsttoken/plots"
	"firsttoken/train/local"
)

func TestKept(t *testing.T) {
	points := runs(t)
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o600))
	t.Setenv(local.HomeEnv, root)
	require.NoError(t, keep.Save("99/grid", points))
	set, err := curves.Kept("99/grid")
	require.NoError(t, err)
	require.Equal(t, points, set.Points)
	_, err = curves.Kept("99/other")
	require.ErrorContains(t, err, "run the cell that measures it first")
}

// By value of a field: what a strip plot draws, and a table of it.
func TestByValue(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	rate := curves.SinkRate("packed", 0)
	samples, err := set.Samples("model.context", rate)
	require.NoError(t, err)
	require.Equal(t, []string{"64", "256"}, []string{samples[0].Name, samples[1].Name})
	require.InDeltaSlice(t, []float64{25.6, 26.6}, samples[1].Values, 1e-9)
	table, err := set.Table([]curves.Column{{Name: "sink rate (%)", Number: rate, Digits: 1}}, "model.context", "context")
	require.NoError(t, err)
	require.Equal(t, "| context | sink rate (%) |\n| --- | --- |\n| 64 | 6.9 |\n| 256 | 26.1 |\n", table)

	_, err = set.Samples("model.width", rate)
	require.ErrorContains(t, err, "no run names the field model.width")
	_, err = set.Table(nil, "model.width", "")
	require.ErrorContains(t, err, "no run names the field model.width")
	_, err = set.Samples("model.context", curves.Loss("text@64"))
	require.ErrorContains(t, err, "not evaluated so")
}

func TestJoin(t *testing.T) {
	set, err := curves.Load(runs(t))
	require.NoError(t, err)
	short, long := set.Where("model.context", "64"), set.Where("model.context", "256")
	samples, err := curves.Join(long, short).Samples("model.context", curves.Loss("text"))
	require.NoError(t, err)
	require.Equal(t, []plots.Sample{{Name: "256", Values: []float64{7, 7}}, {Name: "64", Values: []float64{7, 7}}}, samples)

	odd := runs(t)
	delete(odd[0].Fields, "model.context")
	mixed, err := curves.Load(odd)
	require.NoError(t, err)
	_, err = curves.Join(short, mixed.Where("model.context", "64")).Last(curves.Loss("text"))
	require.ErrorContains(t, err, "only one names the field", "what Where could not tell is not forgotten")
}
