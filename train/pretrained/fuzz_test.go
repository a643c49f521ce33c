package pretrained

import (
	"bytes"
	"math"
	"testing"

	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"
)

// FuzzGGUFModel: configuration, tensors wanted, and vocabulary of any header.
func FuzzGGUFModel(f *testing.F) {
	for _, data := range ggufSeeds() {
		f.Add(data)
	}
	f.Fuzz(readHostile)
}

// ggufSeeds are small files, most of them without their tensors' bytes.
func ggufSeeds() [][]byte {
	tiny := newTiny(true)
	tiny.config.Layers = 1
	var seeds [][]byte
	for _, kind := range []gguf.TensorType{gguf.TensorTypeF16, gguf.TensorTypeQ4_0} {
		g, _ := tiny.gguf(all(kind))
		seeds = append(seeds, g.bytes()[:len(g.header(make([]uint64, len(g.tensors))))])
		g.tensors = g.tensors[:0] // a header that is sane to the end
		g.set("llama.block_count", uint32(0))
		seeds = append(seeds, g.bytes())
	}
	small := &ggufBuilder{
		keys: []ggufKey{{"general.architecture", "llama"}, {"general.alignment", uint32(32)}, {"llama.rope.freq_base", float32(1e4)},
			{"x", []int32{1, 2}}, {"y", true}, {"z", int64(-1)}, {"w", math.Pi}},
		tensors: []ggufTensor{
			{"token_embd.weight", gguf.TensorTypeQ8_0, []int{2, 32}, make([]byte, 68)},
			{"rope_freqs.weight", gguf.TensorTypeF32, []int{4}, float32Bytes(1, 2, 3, 4)},
		},
	}
	scored := &ggufBuilder{keys: []ggufKey{
		{"tokenizer.ggml.model", "llama"}, {"tokenizer.ggml.tokens", []string{"<unk>", "▁", "a", "▁a", "<0x0A>"}},
		{"tokenizer.ggml.scores", []float32{0, -1, -2, -3, 0}}, {"tokenizer.ggml.token_type", []int32{2, 1, 1, 1, 6}},
		{"tokenizer.ggml.unknown_token_id", uint32(0)}, {"tokenizer.ggml.add_space_prefix", false},
	}}
	return append(seeds, small.bytes(), scored.bytes())
}

// readHostile reads all but the weights; the header's parser has a fuzz target of its own.
func readHostile(t *testing.T, data []byte) {
	g, err := readGGUF(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	defer g.close()
	if c, err := g.config(); err == nil {
		require.NoError(t, c.Validate())
		_, _, _ = match(&c, g.dims(), ggufLayout(g.file.Architecture()))
	}
	_, _ = g.tokenizer("")
}

// TestGGUFDamaged changes every byte of a header, one at a time: no change may
// panic or ask for much memory.
func TestGGUFDamaged(t *testing.T) {
	tiny := newTiny(true)
	tiny.config.Layers = 1
	g, _ := tiny.gguf(all(gguf.TensorTypeQ8_0))
	data, header := g.bytes(), len(g.header(make([]uint64, len(g.tensors))))
	bytes := allocated(func() {
		for i := range header {
			for _, damage := range []byte{0xff, 0x80, 0x01} {
				data[i] ^= damage
				readHostile(t, data)
				data[i] ^= damage
			}
		}
	})
	t.Logf("%d damaged files, %d kB allocated for each", 3*header, bytes/1000/uint64(3*header))
	require.Less(t, bytes/uint64(3*header), uint64(1<<20))
}
