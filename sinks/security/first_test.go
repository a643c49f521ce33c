package security_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/security"
)

// Of four refusals three begin with token 57: H = ¾ ln 4/3 + ¼ ln 4 = 0.562 nats.
func ExampleFirsts() {
	f, _ := security.CountFirsts([]int32{57, 9, 57, 57})
	fmt.Printf("%v %v, %.3f nats\n", f.IDs, f.Counts, f.Entropy())
	// Output: [57 9] [3 1], 0.562 nats
}

func TestDraw(t *testing.T) {
	f, err := security.CountFirsts([]int32{57, 9, 57, 57})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	count := map[int32]int{}
	for range 4000 {
		count[f.Draw(rng)]++
	}
	require.InDelta(t, 3000, count[57], 120)
	require.Equal(t, 4000, count[57]+count[9])
	_, err = security.CountFirsts(nil)
	require.ErrorContains(t, err, "no answer refuses")
}

func TestNearest(t *testing.T) {
	texts := [][]int32{{1, 1, 1, 1, 2}, {1, 3, 3, 3, 4}}
	for token, want := range map[int32]int32{1: 3, 2: 4, 9: 4} {
		got, err := security.Nearest(texts, token, []int32{4, 3})
		require.NoError(t, err)
		require.Equal(t, want, got, token)
	}
	_, err := security.Nearest(texts, 1, nil)
	require.ErrorContains(t, err, "no candidates")
}
