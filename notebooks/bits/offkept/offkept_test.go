package offkept_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/notebooks/bits/offkept"
	"firsttoken/sinks/quantize"
	"firsttoken/train/transformer"
)

// With nothing switched off it is the scheme that keeps token 1.
func TestLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	m := tiny.Open(t, transformer.Tiny(), 0.3, 1)
	rng := rand.New(rand.NewPCG(1, 2))
	var docs [][]int32
	for range 4 {
		var ids []int32
		for range 8 {
			ids = append(ids, rng.Int32N(64))
		}
		docs = append(docs, ids)
	}
	p := quantize.Sink{First: 1, Last: 1}.Plan(docs, 2, 2, 4)
	want, err := quantize.Compare(m, p)
	require.NoError(t, err)
	got, err := offkept.Loss(m, p)
	require.NoError(t, err)
	require.InDeltaSlice(t, want.Loss[quantize.SchemeFirst], got, 1e-5)

	p = quantize.Sink{Makers: []int{0}, First: 1, Last: 1}.Plan(docs, 2, 2, 4)
	off, err := offkept.Loss(m, p)
	require.NoError(t, err)
	require.NotEqual(t, got, off)
}
