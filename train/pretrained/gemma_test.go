package pretrained

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// newTinyGemma has heads that together are wider than the stream, and fewer heads of
// keys than of queries.
func newTinyGemma() *tinyModel {
	return newTinyOf(transformer.Config{
		Vocab: 48, Width: 32, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 10, Hidden: 64, Context: 128, NormEps: 1e-6,
		RopeBase: 10000, TiedOutput: true, Activation: transformer.ActivationGELUTanh, ScaleEmbed: true,
	})
}

// gemmaConfigFields is a config.json as google/gemma-7b has it.
func gemmaConfigFields(c *transformer.Config) map[string]any {
	return map[string]any{
		"architectures": []string{"GemmaForCausalLM"}, "model_type": "gemma",
		"vocab_size": c.Vocab, "hidden_size": c.Width, "num_hidden_layers": c.Layers,
		"num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim,
		"intermediate_size": c.Hidden, "max_position_embeddings": c.Context,
		"rms_norm_eps": c.NormEps, "rope_theta": c.RopeBase, "rope_scaling": nil,
		"hidden_act": "gelu", "hidden_activation": nil, "attention_bias": false, "attention_dropout": 0.0,
		"bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "initializer_range": 0.02,
		"torch_dtype": "bfloat16", "transformers_version": "4.38.0.dev0", "use_cache": true,
	}
}

// TestTinyGemma loads each type of tensor: gains as 1 + w, in float32 whatever the
// others are kept in.
func TestTinyGemma(t *testing.T) {
	b := goBackend(t)
	tiny := newTinyGemma()
	for name, kind := range map[string]func(string) safetensors.DType{
		"F64": all(safetensors.F64), "F32": all(safetensors.F32), "F16": all(safetensors.F16), "BF16": all(safetensors.BF16),
	} {
		for _, want := range []string{"", "float32", "bfloat16"} {
			t.Run(fmt.Sprintf("%s to %q", name, want), func(t *testing.T) {
				files, held := tiny.hf(t, kind, 2)
				for role, x := range held {
					if isGain(role) {
						for i := range x {
							x[i] = 1 + x[i]
						}
					}
				}
				m, err := Load(b, files.write(t), Options{Weights: want})
				require.NoError(t, err)
				defer m.Close()
				p := params(&tiny.config, held, func(role string) dtypes.DType {
					if isGain(role) {
						return dtypes.Float32
					}
					return kept(hfTypes[kind(role)], want)
				})
				requireSame(t, b, tiny.config, p, m)
			})
		}
	}
}

// TestGemmaRefuses: one field changed, and what the error must say.
func TestGemmaRefuses(t *testing.T) {
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"model_type", "gemma2", `model_type "gemma2", architectures ["GemmaForCausalLM"]: supported are gemma (GemmaForCausalLM), gemma3_text`},
		{"model_type", "gemma3_text", `model_type "gemma3_text"`},
		{"model_type", "llama", `model_type "llama", architectures ["GemmaForCausalLM"]`},
		{"architectures", []string{"Gemma2ForCausalLM"}, `architectures ["Gemma2ForCausalLM"]`},
		{"hidden_act", "silu", "field hidden_act = silu is not supported: only gelu and gelu_pytorch_tanh are"},
		{"hidden_act", 1, "field hidden_act: json"},
		{"hidden_activation", "gelu", "field hidden_activation = gelu is not supported: only gelu_pytorch_tanh is"},
		{"attention_bias", true, "field attention_bias = true is not supported"},
		{"use_bidirectional_attention", true, "field use_bidirectional_attention = true is not supported"},
		{"mlp_bias", false, "field mlp_bias is unknown"},
		{"sliding_window", 4096, "field sliding_window is unknown"},
		{"query_pre_attn_scalar", 256, "field query_pre_attn_scalar is unknown"},
		{"final_logit_softcapping", 30, "field final_logit_softcapping is unknown"},
		{"head_dim", 9, "head_dim = 9"},
		{"rope_scaling", map[string]any{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4,
			"original_max_position_embeddings": 64}, "rotary scaling is not supported: Gemma has none"},
	} {
		fields := newTinyGemma().hfConfigFields()
		fields[c.field] = c.value
		_, _, err := parseHFConfig(jsonOf(t, fields))
		require.ErrorContains(t, err, c.want, "%s = %v", c.field, c.value)
	}

	b := goBackend(t)
	files, _ := newTinyGemma().hf(t, all(safetensors.F32), 1)
	files[weightsFile] = replace(t, files[weightsFile], `"model.norm.weight"`, `"model.morn.weight"`)
	_, err := Load(b, files.write(t), Options{})
	require.ErrorContains(t, err, "tensor model.norm.weight is missing")
	require.ErrorContains(t, err, "tensor model.morn.weight is not part of a decoder of this configuration")
}

// TestGemmaGolden holds folder, tokenizer and decoder against the transformers
// library's GemmaForCausalLM, see testdata/gemma.py.
func TestGemmaGolden(t *testing.T) {
	const folder = "testdata/gemma"
	var golden struct {
		Text string
		IDs  []int32
	}
	text, err := os.ReadFile(folder + "/golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &golden))
	raw, err := os.ReadFile(folder + "/logits.f32")
	require.NoError(t, err)

	m, err := Load(goBackend(t), folder, Options{})
	require.NoError(t, err)
	defer m.Close()
	require.NotEqual(t, m.Config.Width, m.Config.Heads*m.Config.HeadDim)
	require.Equal(t, "gemma", m.Tokenizer.Kind())
	for _, end := range []struct {
		want string
		id   func() (int32, bool)
	}{{"<bos>", m.Tokenizer.BOS}, {"<eos>", m.Tokenizer.EOS}} {
		id, ok := end.id()
		require.True(t, ok)
		require.Equal(t, end.want, m.Tokenizer.Token(id))
	}
	ids, err := m.Tokenizer.Encode(golden.Text, tokenizer.EncodeOptions{Special: true})
	require.NoError(t, err)
	require.Equal(t, golden.IDs, ids)
	out, err := m.Forward(transformer.One(ids), transformer.Pass{Logits: true})
	require.NoError(t, err)
	require.Len(t, raw, 4*len(ids)*m.Config.Vocab)
	worst := 0.0
	for i, row := range out.Logits[0] {
		for v, got := range row {
			want := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(i*m.Config.Vocab+v):]))
			worst = max(worst, math.Abs(float64(got-want)))
		}
	}
	t.Logf("max |Δ logits| %.1e", worst)
	require.Less(t, worst, 1e-5, "the logits have a spread of 1; GELU in its exact form would be 1e-3 off")
}
