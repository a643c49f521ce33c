package store

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCompressCurves(t *testing.T) {
	r := &Run{ID: "a", Dir: t.TempDir()}
	third := 1. / 3
	for step := range 3 {
		require.NoError(t, r.Append(Record{Step: step, Loss: third, Evals: []Eval{{
			Name: "packed", Loss: 2 * third, SinkRate: []float64{third}, LossAt: []*float64{&third, nil},
			SinkScore: [][]float64{{third, 1e-9 * third}}, Entropy: []float64{100 * third},
		}}}))
	}
	require.NoError(t, r.CompressCurves())
	require.NoFileExists(t, r.path(curvesFile))
	first, err := os.ReadFile(r.path(curvesFile + ".gz"))
	require.NoError(t, err)

	got, err := r.Curves()
	require.NoError(t, err)
	require.Len(t, got, 3)
	at := 0.3333333
	require.Equal(t, Record{Step: 2, Loss: third, Evals: []Eval{{
		Name: "packed", Loss: 2 * third, SinkRate: []float64{third}, LossAt: []*float64{&at, nil},
		SinkScore: [][]float64{{0.3333333, 3.333333e-10}}, Entropy: []float64{33.33333},
	}}}, got[2])

	require.NoError(t, r.CompressCurves())
	again, err := os.ReadFile(r.path(curvesFile + ".gz"))
	require.NoError(t, err)
	require.Equal(t, first, again)
}
