package probes_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks/erasure"
	"firsttoken/sinks/erasure/probes"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"
)

func tiny(t *testing.T) *transformer.Model {
	t.Helper()
	b, _, err := backend.Open()
	require.NoError(t, err)
	c := transformer.Tiny()
	params, err := transformer.RandomParams(&c, dtypes.Float32, 0.3, 1)
	require.NoError(t, err)
	m, err := transformer.New(b, c, params)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// texts are documents of tokens drawn evenly.
func texts(n int, seed uint64) (docs [][]int32) {
	rng := rand.New(rand.NewPCG(seed, 5))
	for range n {
		ids := []int32{rng.Int32N(64)}
		for len(ids) < 64 {
			ids = append(ids, rng.Int32N(64))
		}
		docs = append(docs, ids)
	}
	return docs
}

// An embedding says which token it is and, drawn evenly, nothing of those before it; a block of
// random weights and a width of a few channels blurs it.
func TestMeasure(t *testing.T) {
	m := tiny(t)
	all := probes.Texts{Train: texts(60, 1), Choose: texts(4, 2), Test: texts(10, 3)}
	c := probes.Config{Blocks: []int{0, 1, 2}, To: 2, Token: func(id int32) string {
		return fmt.Sprintf("%sx%c", []string{"Ġ", "Ġ", ""}[id%3], 'a'+id%26)
	}}
	o, err := probes.Measure(m, all, c)
	require.NoError(t, err)
	rate := func(b, offset int) float64 {
		hits, of := 0., 0.
		for d := range all.Test {
			hits, of = hits+o.Single.Hits[b][offset][d]+o.Several.Hits[b][offset][d], of+o.Single.Of[offset][d]+o.Several.Of[offset][d]
		}
		return hits / of
	}
	require.InDelta(t, 1, rate(0, 0), 0.02)
	for i := 1; i < erasure.Offsets; i++ {
		require.Less(t, rate(0, i), 0.1, "the tokens before are not in an embedding")
	}
	require.Greater(t, rate(1, 0), 0.2, "chance is 1 in 64")
	require.Less(t, rate(1, 0), rate(0, 0))
	require.NotEmpty(t, o.Example.Spans)

	again, err := probes.Measure(m, all, c)
	require.NoError(t, err)
	require.Equal(t, o, again)

	c.Token = nil
	_, err = probes.Measure(m, all, c)
	require.ErrorContains(t, err, "set Token")
	_, err = probes.Measure(m, probes.Texts{Train: all.Train}, c)
	require.ErrorContains(t, err, "each of more than 4 tokens")
}
