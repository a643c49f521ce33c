package pretrained

import (
	"errors"
	"testing"

	"github.com/gomlx/go-huggingface/models/gguf"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/transformer"
)

// What is compiled before the weights are read is compiled for the types that they will have.
func TestLoadRehearsed(t *testing.T) {
	b := goBackend(t)
	tiny := newTiny(false)
	g, _ := tiny.gguf(mixed(gguf.TensorTypeF32, gguf.TensorTypeQ8_0, gguf.TensorTypeBF16, gguf.TensorTypeF16))
	hf, _ := tiny.hf(t, mixed(safetensors.F32, safetensors.BF16, safetensors.F16), 2)
	for _, path := range []string{g.write(t), hf.write(t)} {
		for _, o := range []Options{{}, {Weights: "float32"}, {Weights: "bfloat16"}} {
			plain, err := Load(b, path, o)
			require.NoError(t, err)
			defer plain.Close()
			graphs := 0
			pass := transformer.Pass{Last: true, Observer: &transformer.Observer{Name: "graphs", Observe: func(*transformer.Config, *transformer.Nodes, *graph.Node) []*graph.Node {
				graphs++
				return nil
			}}}
			last := func(m *Loaded) []float32 {
				out, err := m.Forward(transformer.One([]int32{4, 3, 1}), pass)
				require.NoError(t, err)
				return out.LogitsLast[0]
			}
			m, err := LoadRehearsed(b, path, o, func(stand *Loaded) error {
				require.Equal(t, plain.Config, stand.Config)
				requireTinyTokenizer(t, stand)
				require.NotEqual(t, last(plain), last(stand), "it has no weights")
				return nil
			})
			require.NoError(t, err)
			defer m.Close()
			once := graphs
			require.Positive(t, once)
			require.Equal(t, last(plain), last(m))
			require.Equal(t, once, graphs, "%s, weights %q", path, o.Weights)
		}
		_, err := LoadRehearsed(b, path, Options{}, func(*Loaded) error { return errors.New("no text") })
		require.ErrorContains(t, err, "no text")
	}
}
