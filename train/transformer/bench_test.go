package transformer

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"
)

// BenchmarkForward times a pass with its losses, once compiled.
func BenchmarkForward(b *testing.B) {
	mid := Config{
		Vocab: 4096, Width: 256, Layers: 4, Heads: 8, KVHeads: 4, HeadDim: 32, Hidden: 688,
		Context: 1024, NormEps: 1e-5, RopeBase: 10000, TiedOutput: true,
	}
	for _, bench := range []struct {
		name string
		c    Config
		t    int
	}{
		{"tiny", Tiny(), 64},
		{"mid", mid, 128},
		{"mid", mid, 512},
		{"mid", mid, 1024},
	} {
		b.Run(fmt.Sprintf("%s/T=%d", bench.name, bench.t), func(b *testing.B) {
			p, err := RandomParams(&bench.c, dtypes.Float32, 0.02, 1)
			require.NoError(b, err)
			m := newModel(b, prepared(b), bench.c, p)
			batch, pass := One(document(bench.c, bench.t, 1)), Pass{Predict: true}
			_, err = m.Forward(batch, pass)
			require.NoError(b, err)
			for b.Loop() {
				if _, err := m.Forward(batch, pass); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bench.t)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
