package jacobian

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/squash"
)

func TestCompare(t *testing.T) {
	p := tinyPoint(t, 1)
	c, err := p.Compare([]int{3, 6})
	require.NoError(t, err)
	require.Len(t, c.Pairs, 4+7)
	require.Equal(t, [2]int{3, 4}, [2]int{c.Layers, c.Heads})
	require.Equal(t, p.FirstMass(), c.FirstMass)
	b, err := p.Bound()
	require.NoError(t, err)
	frozen, err := p.Norms(Frozen, 6)
	require.NoError(t, err)
	at := c.Pairs[4+2] // the third of the second output
	require.Equal(t, [2]int{2, 6}, [2]int{at.I, at.J})
	require.Equal(t, frozen[2], at.Frozen)
	require.NotEqual(t, at.Full, at.Frozen)
	require.Equal(t, b.PathProduct(0.25)[6][2], at.PathProductH)
	require.Equal(t, b.Local(1)[6][2], at.Local)
	require.InDelta(t, b.Log10(1)[6][2], c.Log10Theorem(at.PathProduct), 1e-9)

	v := c.Violations()
	require.Equal(t, squash.Violations{Pairs: 11, TheoremH: v.TheoremH, LocalH: v.LocalH}, v)
	_, err = json.Marshal(c)
	require.NoError(t, err)
	_, err = p.Compare([]int{7})
	require.ErrorContains(t, err, "output position 8")
}

// With all directions, a sketch is the comparison without what it leaves out.
func TestSketch(t *testing.T) {
	p := tinyPoint(t, 1)
	want, err := p.Compare([]int{3, 6})
	require.NoError(t, err)
	got, err := p.Sketch([]int{3, 6}, Sampling{Directions: 12})
	require.NoError(t, err)
	require.Len(t, got.Pairs, len(want.Pairs))
	for n, w := range want.Pairs {
		g := got.Pairs[n]
		require.InEpsilon(t, w.Full.Frobenius, g.Full.Frobenius, 1e-4)
		require.InEpsilon(t, w.Frozen.Frobenius, g.Frozen.Frobenius, 1e-4)
		require.Equal(t, squash.Pair{
			I: w.I, J: w.J, PathProduct: w.PathProduct, PathProductH: w.PathProductH,
			Full: squash.Norm{Frobenius: g.Full.Frobenius}, Frozen: squash.Norm{Frobenius: g.Frozen.Frobenius},
		}, g)
	}
	require.Equal(t, want.FirstMass, got.FirstMass)
	require.Zero(t, got.Violations(), "nothing exact to count")
	half, err := p.Sketch([]int{3, 6}, Sampling{Directions: 12, FullOnly: true})
	require.NoError(t, err)
	for n, g := range got.Pairs {
		g.Frozen.Frobenius = 0
		require.Equal(t, g, half.Pairs[n])
	}
	_, err = p.Sketch([]int{3}, Sampling{Directions: 1})
	require.ErrorContains(t, err, "1 random directions")
}

// With untouched streams, + I/H fails for every diagonal pair, in both forms.
func TestViolationsCount(t *testing.T) {
	c, err := silentPoint(t).Compare([]int{3, 5})
	require.NoError(t, err)
	v := c.Violations()
	require.Equal(t, squash.Violations{Pairs: 10, TheoremH: 2, LocalH: 2}, v)
	require.Equal(t, squash.Violations{Pairs: 20, TheoremH: 4, LocalH: 4}, v.Add(v))
}
