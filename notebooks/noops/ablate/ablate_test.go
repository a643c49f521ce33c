package ablate

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/noops"
	"firsttoken/sinks"
	"firsttoken/sinks/probe"
)

func TestChecks(t *testing.T) {
	a, b := &sinks.Trace{Loss: []float32{1, 2}, LogitsLast: []float32{3}}, &sinks.Trace{Loss: []float32{1, 2}, LogitsLast: []float32{3}}
	require.True(t, same([]*sinks.Trace{a}, []*sinks.Trace{b}))
	b.LogitsLast = []float32{4}
	require.False(t, same([]*sinks.Trace{a}, []*sinks.Trace{b}))
	require.False(t, same([]*sinks.Trace{a}, nil))

	a.HeadWrite = [][][]float32{{{1, 0, 2}, {1, 1, 1}}}
	off := probe.AblateRows{Head: 0, Rows: []int{1}}
	require.True(t, silent([]probe.Intervention{off}, a))
	off.Rows = []int{1, 2}
	require.False(t, silent([]probe.Intervention{off}, a))
	require.False(t, silent([]probe.Intervention{probe.ZeroValue{}}, a), "no ablation of rows")

	a.ValueNorm = [][][]float32{{{0, 1}}, {{0, 2}}}
	require.False(t, valued(a))
	a.ValueNorm[1][0][0] = 1
	require.True(t, valued(a))
}

// What is ablated is 0, what is not is unchanged, and values cost what they weigh.
func TestAblations(t *testing.T) {
	if testing.Short() {
		t.Skip("reads texts with SmolLM2")
	}
	ids := [][]int32{make([]int32, 12), make([]int32, 12)}
	for i := range 12 {
		ids[0][i], ids[1][i] = int32(100+37*i), int32(900+53*i)
	}
	heads, err := pairs("smollm2", ids, 0.5, 1)
	require.NoError(t, err)
	off, err := values("smollm2", ids)
	require.NoError(t, err)
	for _, a := range []noops.Ablations{heads, off} {
		require.True(t, a.Same)
		require.True(t, a.Off)
		require.Len(t, a.Loss[noops.Nothing], 2)
	}
	require.InDeltaSlice(t, heads.Loss[noops.Nothing], off.Loss[noops.Nothing], 1e-3, "the same model")
	require.Greater(t, heads.Share, 0.0)
	require.Less(t, heads.Share, 1.0)
	require.Greater(t, off.Mass, 0.2)
	middle := off.Loss[noops.Middle(12)]
	require.False(t, slices.Equal(middle, off.Loss[noops.Nothing]))
	require.Greater(t, off.Loss[noops.Others][0], middle[0], "one against all others")
	_, err = pairs("smollm2", ids, 1.5, 1)
	require.ErrorContains(t, err, "ablate: ")
	_, err = Values("no such model", ids)
	require.Error(t, err)
}
