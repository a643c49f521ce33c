package collapse_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/collapse"
)

// Values of scipy.stats.spearmanr; entry 0, the embedding, does not count.
func TestTogether(t *testing.T) {
	for _, c := range []struct {
		relative, apart []float64
		want            float64
	}{
		{[]float64{9, 1, 2, 3}, []float64{0, 10, 200, 3000}, 1},
		{[]float64{9, 1, 2, 3}, []float64{0, 5, 4, 3}, -1},
		{[]float64{9, 1, 2, 3, 4}, []float64{0, 2, 1, 4, 3}, 0.6},
		{[]float64{9, 1, 2, 2, 3}, []float64{0, 1, 3, 2, 4}, 0.9486832980505138}, // equal ones share a rank
	} {
		got, err := (&collapse.Depth{Relative: c.relative, Apart: c.apart}).Together()
		require.NoError(t, err)
		require.InDelta(t, c.want, got, 1e-12)
	}
	_, err := (&collapse.Depth{Relative: []float64{1, 2, 3}, Apart: []float64{1, 2, 2}}).Together()
	require.ErrorContains(t, err, "the same in all 2 blocks")
	_, err = (&collapse.Depth{Relative: []float64{1, 2}, Apart: []float64{1, 2}}).Together()
	require.ErrorContains(t, err, "over 1 blocks")
}
