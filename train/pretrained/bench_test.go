package pretrained

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkLoadSmolLM2 is what a notebook waits for: file to model on the device.
func BenchmarkLoadSmolLM2(b *testing.B) {
	smollm2Path(b)
	backend := testBackend(b)
	b.SetBytes(135e6 * 4)
	for b.Loop() {
		m, err := Load(backend, "smollm2", Options{})
		require.NoError(b, err)
		m.Close()
	}
}

// BenchmarkLoadGemma3 is the same for the larger model, most of which is an embedding of 168
// million numbers.
func BenchmarkLoadGemma3(b *testing.B) {
	gemma3Path(b)
	backend := testBackend(b)
	b.SetBytes(268e6 * 4)
	for b.Loop() {
		m, err := Load(backend, "gemma3", Options{})
		require.NoError(b, err)
		m.Close()
	}
}
