package pretrained

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/safetensors"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// softpick340M is the configuration that zaydzuhri/softpick-340M-4096-batch16-steps100000 was
// trained with (zaydzuhri/flame, configs/softpick_transformer_340M.json), and what the library
// writes beside it.
const softpick340M = `{"architectures": ["TransformerForCausalLM"], "attention_bias": false, "attn_impl": "parallel_softpick_attn", "bos_token_id": 1,
	"elementwise_affine": true, "eos_token_id": 2, "fuse_cross_entropy": true, "fuse_norm": true, "fuse_swiglu": true, "hidden_act": "swish",
	"hidden_ratio": 4, "hidden_size": 1024, "initializer_range": 0.006, "intermediate_size": null, "max_position_embeddings": 8192,
	"model_type": "transformer", "norm_eps": 1e-06, "num_heads": 16, "num_hidden_layers": 24, "num_kv_heads": null, "qk_norm": false,
	"qkv_bias": false, "rope_theta": 10000.0, "tie_word_embeddings": false, "torch_dtype": "float32", "transformers_version": "4.51.3",
	"use_cache": true, "vocab_size": 32000, "window_size": null}`

// gated is a configuration of QwQZh/gated_attention's kind.
const gated = `{"architectures": ["Qwen3ForCausalLM"], "auto_map": {"AutoConfig": "configuration_qwen3.Qwen3Config"}, "attention_bias": false,
	"elementwise_attn_output_gate": false, "headwise_attn_output_gate": false, "head_dim": 128, "hidden_act": "silu", "hidden_size": 2048,
	"intermediate_size": 6144, "max_position_embeddings": 4096, "max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16,
	"num_hidden_layers": 28, "num_key_value_heads": 8, "qkv_bias": false, "rms_norm_eps": 1e-06, "rope_theta": 10000, "sliding_window": null,
	"tie_word_embeddings": true, "use_qk_norm": true, "use_sliding_window": false, "vocab_size": 151936}`

// changed is a configuration with fields set.
func changed(t *testing.T, config string, fields map[string]any) []byte {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal([]byte(config), &all))
	maps.Copy(all, fields)
	return jsonOf(t, all)
}

func TestPairConfigs(t *testing.T) {
	softpick := transformer.Config{Vocab: 32000, Width: 1024, Layers: 24, Heads: 16, KVHeads: 16, HeadDim: 64, Hidden: 2816, Context: 8192,
		NormEps: 1e-6, RopeBase: 10000, Pattern: transformer.Pattern{Kind: transformer.PatternSoftpick}}
	softmax := softpick
	softmax.Pattern = transformer.Pattern{}
	wider := softmax
	wider.Width, wider.HeadDim, wider.Hidden = 2048, 128, 8192
	qwen := transformer.Config{Vocab: 151936, Width: 2048, Layers: 28, Heads: 16, KVHeads: 8, HeadDim: 128, Hidden: 6144, Context: 4096,
		NormEps: 1e-6, RopeBase: 10000, TiedOutput: true, QKNorm: transformer.QKNormHead}
	byHead, byChannel, bias := qwen, qwen, qwen
	byHead.OutGate, byChannel.OutGate = transformer.OutGateHead, transformer.OutGateElement
	bias.Bias, bias.QKNorm = transformer.Bias{QKV: true, Out: true}, ""
	for name, c := range map[string]struct {
		config string
		fields map[string]any
		want   transformer.Config
	}{
		"softpick":            {softpick340M, nil, softpick},
		"its pair":            {softpick340M, map[string]any{"attn_impl": "parallel_attn"}, softmax},
		"the library's own":   {softpick340M, map[string]any{"attn_impl": nil}, softmax},
		"a wider MLP":         {softpick340M, map[string]any{"attn_impl": "flash_attn", "hidden_size": 2048, "hidden_ratio": 6}, wider},
		"no gate":             {gated, nil, qwen},
		"a gate a head":       {gated, map[string]any{"headwise_attn_output_gate": true}, byHead},
		"a gate a channel":    {gated, map[string]any{"elementwise_attn_output_gate": true}, byChannel},
		"biases and no norms": {gated, map[string]any{"qkv_bias": true, "use_qk_norm": false}, bias},
	} {
		got, _, err := parseHFConfig(changed(t, c.config, c.fields))
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
}

func TestPairConfigsRefuse(t *testing.T) {
	for _, c := range []struct {
		config string
		fields map[string]any
		want   string
	}{
		{softpick340M, map[string]any{"attn_impl": "parallel_rectified_attn"}, "field attn_impl = parallel_rectified_attn is not supported: supported are parallel_attn and parallel_softpick_attn"},
		{softpick340M, map[string]any{"qk_norm": true}, "field qk_norm = true is not supported: only false is"},
		{softpick340M, map[string]any{"window_size": 128}, "field window_size = 128 is not supported: only null is"},
		{softpick340M, map[string]any{"head_dim": 32}, "field head_dim is unknown"},
		{softpick340M, map[string]any{"attnres_block_size": 4}, "field attnres_block_size = 4"},
		{softpick340M, map[string]any{"hidden_act": "powlu"}, "field hidden_act = powlu"},
		{gated, map[string]any{"headwise_attn_output_gate": true, "elementwise_attn_output_gate": true}, "are both true: one of them is meant"},
		{gated, map[string]any{"headwise_attn_output_gate": true, "qkv_bias": true}, "field qkv_bias is true beside an output gate"},
	} {
		_, _, err := parseHFConfig(changed(t, c.config, c.fields))
		require.ErrorContains(t, err, c.want)
	}
}

// Files as training programs leave them: buffers beside the weights, names with a wrapper's prefix
// or without the family's. A gate that the file does not hold is missed by name.
func TestOddPairs(t *testing.T) {
	b := goBackend(t)
	folder, ids, want := family(t, "softpick")
	plain, err := os.ReadFile(filepath.Join(folder, weightsFile))
	require.NoError(t, err)
	for name, warning := range map[string]string{
		"buffers": "", "_orig_mod.": "names of tensors begin with _orig_mod.", "model.": "names of tensors lack the prefix model.",
	} {
		files := hfFiles{weightsFile: plain}
		changeTensors(t, files, func(list []safetensors.Tensor) []safetensors.Tensor {
			switch name {
			case "buffers":
				return append(list, safetensors.Tensor{Name: "model.layers.1.attn.rotary.inv_freq", DType: safetensors.F32, Shape: []int{1}, Data: make([]byte, 4)})
			case "model.":
				for i := range list {
					list[i].Name = strings.TrimPrefix(list[i].Name, name)
				}
			default:
				for i := range list {
					list[i].Name = name + list[i].Name
				}
			}
			return list
		})
		require.NoError(t, os.WriteFile(filepath.Join(folder, weightsFile), files[weightsFile], 0o644))
		m, err := Load(b, folder, Options{Weights: "float32"})
		require.NoError(t, err, name)
		require.Contains(t, strings.Join(m.Warnings, "\n"), warning)
		require.Less(t, worst(t, m.Model, ids, want), 2e-5, name)
		m.Close()
	}

	folder, _, _ = family(t, "qwen3")
	config, err := os.ReadFile(filepath.Join(folder, configFile))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, configFile), changed(t, string(config), map[string]any{"headwise_attn_output_gate": true}), 0o644))
	_, err = Load(b, folder, Options{})
	require.ErrorContains(t, err, "tensor model.layers.0.self_attn.q_proj.weight has shape [32 16]: must be [36 16]")
}

// The gate's rows stand behind all queries of a key/value head, not behind each head's: read so,
// the same file is another model.
func TestGateRowsGoByKeyValueHead(t *testing.T) {
	b := goBackend(t)
	for _, name := range []string{"gate_head", "gate_element"} {
		folder, ids, want := family(t, name)
		data, err := os.ReadFile(filepath.Join(folder, configFile))
		require.NoError(t, err)
		c, lay, err := parseHFConfig(data)
		require.NoError(t, err)
		query, gate := lay.sources["query"], lay.sources["out_gate"]
		lay.sources = maps.Clone(lay.sources)
		query.group, query.own = query.group/c.Groups(), query.own/c.Groups()
		gate.group, gate.own, gate.at = query.group, gate.own/c.Groups(), query.own
		lay.sources["query"], lay.sources["out_gate"] = query, gate
		f, err := openFolder(b, folder)
		require.NoError(t, err)
		defer f.close()
		m, err := assemble(b, c, Options{Weights: "float32"}, f, lay, func() (*tokenizer.Tokenizer, error) { return folderTokenizer(folder) }, nil)
		require.NoError(t, err)
		defer m.Close()
		require.Greater(t, worst(t, m.Model, ids, want), 0.1)
	}
}
