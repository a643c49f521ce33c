package pretrained

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/stretchr/testify/require"
)

// FuzzGGUF: the header walk, the library's parser behind it, configuration and
// vocabulary on any bytes. None may panic, nor ask for more memory than a small
// multiple of the file; what is accepted lies inside the file.
//
// To search, add -fuzzminimizetime 20x: else minimising takes most of the time.
func FuzzGGUF(f *testing.F) {
	tiny := newTiny(true)
	tiny.config.Layers = 1
	for _, kind := range []gguf.TensorType{gguf.TensorTypeF16, gguf.TensorTypeQ4_0} {
		g, _ := tiny.gguf(all(kind))
		for i := range g.tensors { // small seeds: only the shapes matter here
			g.tensors[i].data = make([]byte, len(g.tensors[i].data))
		}
		f.Add(g.bytes()[:len(g.header(make([]uint64, len(g.tensors))))])
	}
	small := &ggufBuilder{
		keys: []ggufKey{{"general.architecture", "llama"}, {"general.alignment", uint32(32)}, {"llama.rope.freq_base", float32(1e4)},
			{"x", []int32{1, 2}}, {"y", true}, {"z", int64(-1)}, {"w", math.Pi}},
		tensors: []ggufTensor{
			{"token_embd.weight", gguf.TensorTypeQ8_0, []int{2, 32}, make([]byte, 68)},
			{"rope_freqs.weight", gguf.TensorTypeF32, []int{4}, float32Bytes(1, 2, 3, 4)},
		},
	}
	f.Add(small.bytes())
	path := filepath.Join(f.TempDir(), "x.gguf")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		bytes := allocated(func() { readHostile(t, path, int64(len(data))) })
		require.Less(t, bytes, uint64(4<<20+64*len(data)))
	})
}

// readHostile reads all but the weights, and checks what is accepted.
func readHostile(t *testing.T, path string, fileSize int64) {
	t.Helper()
	g, err := openGGUF(path)
	if err != nil {
		return
	}
	defer g.close()
	for _, ti := range g.file.TensorInfos {
		require.LessOrEqual(t, g.file.DataOffset()+int64(ti.Offset)+ti.NumBytes(), fileSize)
		_, dims := ti.GoMLXShape()
		require.Positive(t, size(dims))
	}
	if c, err := g.config(); err == nil {
		require.NoError(t, c.Validate())
		_, _, _ = match(&c, g.dims(), ggufLayout(g.file.Architecture()))
	}
	_, _ = g.tokenizer()
}

// TestGGUFDamaged changes every byte of a header, one at a time: no change may
// panic or ask for much memory.
func TestGGUFDamaged(t *testing.T) {
	tiny := newTiny(true)
	tiny.config.Layers = 1
	g, _ := tiny.gguf(all(gguf.TensorTypeQ8_0))
	data, header := g.bytes(), len(g.header(make([]uint64, len(g.tensors))))
	path := g.write(t)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer file.Close()
	bytes := allocated(func() {
		for i := range header {
			for _, damage := range []byte{0xff, 0x80, 0x01} {
				_, err := file.WriteAt([]byte{data[i] ^ damage}, int64(i))
				require.NoError(t, err)
				readHostile(t, path, int64(len(data)))
			}
			_, err := file.WriteAt(data[i:i+1], int64(i))
			require.NoError(t, err)
		}
	})
	t.Logf("%d damaged files, %d kB allocated for each", 3*header, bytes/1000/uint64(3*header))
	require.Less(t, bytes/uint64(3*header), uint64(1<<20))
}
