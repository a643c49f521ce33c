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
		bytes := allocated(func() {
			g, err := openGGUF(path)
			if err != nil {
				return
			}
			defer g.close()
			end := g.file.DataOffset()
			for _, ti := range g.file.TensorInfos {
				end = max(end, g.file.DataOffset()+int64(ti.Offset)+ti.NumBytes())
				_, dims := ti.GoMLXShape()
				for _, d := range dims {
					require.Positive(t, d)
				}
			}
			if len(g.file.TensorInfos) > 0 {
				require.LessOrEqual(t, end, int64(len(data)))
			}
			if c, err := g.config(); err == nil {
				require.NoError(t, c.Validate())
				_, _, err = match(&c, g.dims(), ggufLayout)
				if err == nil {
					require.Positive(t, c.Parameters())
				}
			}
			_, _ = g.tokenizer()
		})
		require.Less(t, bytes, uint64(4<<20+64*len(data)))
	})
}
