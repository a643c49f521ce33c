package squash

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Pairs on the bound and just above it, by each form.
func TestViolations(t *testing.T) {
	c := Comparison{Exact: true, Layers: 2, CMax: 10, Pairs: []Pair{
		{Frozen: Norm{Spectral: 100}, PathProduct: 1, PathProductH: 0.5, Local: 99, LocalH: 98},
		{Frozen: Norm{Spectral: 102}, PathProduct: 1, PathProductH: 2, Local: 200, LocalH: 50},
		{}, // no path, no influence
	}}
	require.Equal(t, Violations{Pairs: 3, Theorem: 1, TheoremH: 1, Local: 1, LocalH: 2}, c.Violations())
	c.Exact = false
	require.Zero(t, c.Violations())
}

// What could not be computed is no bound kept.
func TestViolationsOfNaN(t *testing.T) {
	nan := math.NaN()
	for _, p := range []Pair{
		{Frozen: Norm{Spectral: nan}, PathProduct: 1, PathProductH: 1, Local: 1, LocalH: 1},
		{Frozen: Norm{Spectral: 1}, PathProduct: nan, PathProductH: nan, Local: nan, LocalH: nan},
	} {
		c := Comparison{Exact: true, Layers: 2, CMax: 10, Pairs: []Pair{p}}
		require.Equal(t, Violations{Pairs: 1, Theorem: 1, TheoremH: 1, Local: 1, LocalH: 1}, c.Violations())
	}
}

func TestMixing(t *testing.T) {
	c := Comparison{Pairs: []Pair{
		{I: 0, J: 3, Local: 1e9}, {I: 3, J: 3, Local: 1e9}, // token 1 and the diagonal do not count
		{I: 1, J: 3, Local: 10}, {I: 2, J: 3, Local: 1000}, {I: 1, J: 2, Local: 1e4},
	}}
	local := func(p Pair) float64 { return p.Local }
	got, err := c.Mixing(local)
	require.NoError(t, err)
	require.Equal(t, 3.0, got)
	c.Pairs = c.Pairs[:4]
	got, err = c.Mixing(local)
	require.NoError(t, err)
	require.InDelta(t, 2, got, 1e-12)
	for _, x := range []float64{0, math.NaN(), math.Inf(1)} {
		c.Pairs[2].Local = x
		_, err = c.Mixing(local)
		require.ErrorContains(t, err, "∂v4/∂v2")
	}
	_, err = (&Comparison{Pairs: c.Pairs[:2]}).Mixing(local)
	require.ErrorContains(t, err, "no pair")
}
