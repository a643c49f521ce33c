package claims_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

func TestList(t *testing.T) {
	var l claims.List
	l.Mean("rate", "%", []float64{10, 20, 30, 20, 20}, stats.Percent)
	l.Paired("difference", "nats", []float64{2, 3, 4, 3, 3}, []float64{1, 1, 1, 1, 1}).Exact = "said"
	figures, err := l.Figures()
	require.NoError(t, err)
	require.Len(t, figures, 2)
	require.Equal(t, 20.0, figures[0].Value)
	require.Equal(t, "said", figures[1].Exact)
	require.Equal(t, 2.0, figures[1].Value)

	l.Paired("uneven", "", []float64{1, 2}, []float64{1})
	l.Mean("empty", "", nil, stats.Range{})
	_, err = l.Figures()
	require.ErrorContains(t, err, "uneven: ", "the first error stays")
}
