package probe_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/probe"
)

// The vector has the length asked for, and reaches one layer and position in every
// document of a batch; what comes before stays as it was.
func TestNoise(t *testing.T) {
	const pos, norm = 3, 2.5
	for _, ids := range documents(9, 12) {
		before, err := probe.Residuals(model(t), ids)
		require.NoError(t, err)
		after, err := probe.Residuals(model(t), ids, probe.Noise{Layer: 0, Pos: pos, Norm: norm, Seed: 7})
		require.NoError(t, err)
		require.Equal(t, before[0], after[0])
		for p := range ids {
			squares := 0.0
			for d := range before[1][p] {
				squares += math.Pow(float64(after[1][p][d]-before[1][p][d]), 2)
			}
			if p == pos {
				require.InEpsilon(t, norm, math.Sqrt(squares), 1e-5)
			} else {
				require.Zero(t, squares)
			}
		}
		require.NotEqual(t, before[2][pos+1:], after[2][pos+1:])
	}
}

// Noise at several positions reaches these, and no other.
func TestNoiseAtSeveral(t *testing.T) {
	ids := documents(9)[0]
	list := []probe.Intervention{probe.Noise{Layer: 0, Pos: 2, Norm: 1}, probe.Noise{Layer: 0, Pos: 3, Norm: 1}, probe.Noise{Layer: 0, Pos: 4, Norm: 1}}
	before, err := probe.Residuals(model(t), ids)
	require.NoError(t, err)
	after, err := probe.Residuals(model(t), ids, list...)
	require.NoError(t, err)
	for p := range ids {
		require.Equal(t, p < 2 || p >= 5, slices.Equal(before[1][p], after[1][p]), "position %d", p)
	}
}

// Two seeds, positions or layers give two vectors; the same ones the same.
func TestNoiseDependsOnItsFields(t *testing.T) {
	ids := documents(9)[0]
	moved := func(v probe.Noise) []float32 {
		stream, err := probe.Residuals(model(t), ids, v)
		require.NoError(t, err)
		return stream[v.Layer+1][v.Pos]
	}
	v := probe.Noise{Layer: 0, Pos: 3, Norm: 1, Seed: 7}
	require.Equal(t, moved(v), moved(v))
	require.NotEqual(t, moved(v), moved(probe.Noise{Layer: 0, Pos: 3, Norm: 1, Seed: 8}))

	none, err := probe.Residuals(model(t), ids)
	require.NoError(t, err)
	require.Equal(t, none[1][3], moved(probe.Noise{Layer: 0, Pos: 3, Seed: 7}), "noise of norm 0")

	_, err = probe.Residuals(model(t), ids, probe.Noise{Layer: 0, Pos: 3, Norm: math.NaN()})
	require.ErrorContains(t, err, "must be finite")
	_, err = probe.Residuals(model(t), ids, probe.Noise{Layer: 0, Pos: 3, Norm: -1})
	require.ErrorContains(t, err, "not negative")
	_, err = probe.Residuals(model(t), ids, probe.Noise{Layer: 2, Pos: 3, Norm: 1})
	require.ErrorContains(t, err, "2 layers")
}
