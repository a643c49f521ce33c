package security_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/security"
)

// A coin of 1/2 against one of 1/4 and 3/4: ½ ln 2 + ½ ln ⅔ = 0.144; the other way round 0.131.
func ExampleKL() {
	even, uneven := []float32{7, 7}, []float32{0, float32(math.Log(3))}
	for _, pair := range [][2][]float32{{even, uneven}, {uneven, even}, {even, even}} {
		kl, _ := security.KL(pair[0], pair[1])
		fmt.Printf("%.3f\n", kl)
	}
	// Output:
	// 0.144
	// 0.131
	// 0.000
}

func TestSurprise(t *testing.T) {
	logits := []float32{1000, 1000, 1000 + float32(math.Ln2)} // ¼, ¼, ½, whatever is added to all
	for token, want := range []float64{math.Log(4), math.Log(4), math.Ln2} {
		got, err := security.Surprise(logits, int32(token))
		require.NoError(t, err)
		require.InDelta(t, want, got, 1e-4)
	}
	p, err := security.Probability(logits, 0, 2)
	require.NoError(t, err)
	require.InDelta(t, 0.75, p, 1e-4)
	_, err = security.Surprise(logits, 3)
	require.ErrorContains(t, err, "outside the vocabulary [0, 3)")
	_, err = security.KL(logits, logits[:2])
	require.ErrorContains(t, err, "the same vocabulary")
}
