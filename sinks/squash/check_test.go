package squash

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// ladder has three pairs (2,5), (3,5), (4,5) with these path products and norms, C_max² = 100.
func ladder(paths, norms [3]float64) *Comparison {
	c := &Comparison{Exact: true, Layers: 2, CMax: 10}
	for n := range paths {
		c.Pairs = append(c.Pairs, Pair{I: n + 1, J: 4, Frozen: Norm{Spectral: norms[n]}, PathProduct: paths[n], PathProductH: paths[n], Local: 10 * norms[n], LocalH: norms[n] / 10})
	}
	return c
}

// The bound is above the norm by 10² · path / norm; the order of the two agrees in one document and
// is turned round in another.
func TestNewCheck(t *testing.T) {
	same, turned := ladder([3]float64{1, 2, 3}, [3]float64{1, 2, 3}), ladder([3]float64{1, 2, 3}, [3]float64{30, 20, 10})
	c, err := NewCheck(same)
	require.NoError(t, err)
	require.Equal(t, Violations{Pairs: 3, LocalH: 3}, c.Above)
	require.InDelta(t, 2, c.Theorem, 1e-12)
	require.InDelta(t, 1, c.Local, 1e-12)
	require.Equal(t, 1.0, *c.Tau)
	c, err = NewCheck(turned)
	require.NoError(t, err)
	require.Equal(t, -1.0, *c.Tau)
	require.InDelta(t, 1, c.Theorem, 1e-12, "the median of 100 · 1/30, 100 · 2/20 and 100 · 3/10")
	c, err = NewCheck(same, turned)
	require.NoError(t, err)
	require.Equal(t, 6, c.Above.Pairs)
	require.InDelta(t, 0, *c.Tau, 1e-12)
}

// A document in which some pair has no influence has nothing to order there, one that was only
// sketched nothing to check, and a norm that is NaN counts as above the bound.
func TestNewCheckLeavesOut(t *testing.T) {
	c, err := NewCheck(ladder([3]float64{1, 2, 3}, [3]float64{0, 0, 1}))
	require.NoError(t, err)
	require.Nil(t, c.Tau)
	require.InDelta(t, math.Log10(300), c.Theorem, 1e-12, "of the one pair with influence")
	c, err = NewCheck(ladder([3]float64{1, 2, 3}, [3]float64{math.NaN(), 1, 2}))
	require.NoError(t, err)
	require.Equal(t, Violations{Pairs: 3, Theorem: 1, TheoremH: 1, Local: 1, LocalH: 3}, c.Above)

	sketch := ladder([3]float64{1, 2, 3}, [3]float64{1, 2, 3})
	sketch.Exact = false
	for _, docs := range [][]*Comparison{nil, {sketch}, {ladder([3]float64{1, 1, 1}, [3]float64{})}} {
		_, err = NewCheck(docs...)
		require.ErrorContains(t, err, "nothing to check")
	}
}
