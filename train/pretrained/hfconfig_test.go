package pretrained

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/transformer"
)

// TestHFConfig reads config.json files as models have them, shortened.
func TestHFConfig(t *testing.T) {
	for _, c := range []struct {
		name, json string
		want       transformer.Config
	}{
		{"SmolLM2-135M", `{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
			"bos_token_id": 0, "eos_token_id": 0, "hidden_act": "silu", "hidden_size": 576, "initializer_range": 0.041666666666666664,
			"intermediate_size": 1536, "is_llama_config": true, "max_position_embeddings": 8192, "mlp_bias": false,
			"model_type": "llama", "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3,
			"pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000,
			"tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.40.1", "use_cache": true, "vocab_size": 49152}`,
			transformer.Config{Vocab: 49152, Width: 576, Layers: 30, Heads: 9, KVHeads: 3, HeadDim: 64, Hidden: 1536,
				Context: 8192, NormEps: 1e-5, RopeBase: 100000, TiedOutput: true}},
		{"Llama 3.2 1B", `{"architectures": ["LlamaForCausalLM"], "head_dim": 64, "hidden_act": "silu", "hidden_size": 2048,
			"intermediate_size": 8192, "max_position_embeddings": 131072, "model_type": "llama", "num_attention_heads": 32,
			"num_hidden_layers": 16, "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0,
			"high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
			"rope_theta": 500000.0, "tie_word_embeddings": true, "vocab_size": 128256}`,
			transformer.Config{Vocab: 128256, Width: 2048, Layers: 16, Heads: 32, KVHeads: 8, HeadDim: 64, Hidden: 8192,
				Context: 131072, NormEps: 1e-5, RopeBase: 500000, TiedOutput: true,
				RopeScale: &transformer.RopeScaling{Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalContext: 8192}}},
		{"defaults", `{"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
			"num_attention_heads": 4, "vocab_size": 10, "max_position_embeddings": 20}`,
			transformer.Config{Vocab: 10, Width: 64, Layers: 1, Heads: 4, KVHeads: 4, HeadDim: 16, Hidden: 96,
				Context: 20, NormEps: 1e-6, RopeBase: 10000}},
		{"rope_parameters", `{"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
			"num_attention_heads": 4, "vocab_size": 10, "max_position_embeddings": 20,
			"rope_parameters": {"rope_type": "default", "rope_theta": 20000.0}}`,
			transformer.Config{Vocab: 10, Width: 64, Layers: 1, Heads: 4, KVHeads: 4, HeadDim: 16, Hidden: 96,
				Context: 20, NormEps: 1e-6, RopeBase: 20000}},
		{"Gemma 7B", `{"architectures": ["GemmaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 2,
			"eos_token_id": 1, "head_dim": 256, "hidden_act": "gelu", "hidden_activation": null, "hidden_size": 3072,
			"initializer_range": 0.02, "intermediate_size": 24576, "max_position_embeddings": 8192, "model_type": "gemma",
			"num_attention_heads": 16, "num_hidden_layers": 28, "num_key_value_heads": 16, "pad_token_id": 0, "rms_norm_eps": 1e-06,
			"rope_scaling": null, "rope_theta": 10000.0, "torch_dtype": "bfloat16", "transformers_version": "4.38.0.dev0",
			"use_cache": true, "vocab_size": 256000}`,
			transformer.Config{Vocab: 256000, Width: 3072, Layers: 28, Heads: 16, KVHeads: 16, HeadDim: 256, Hidden: 24576,
				Context: 8192, NormEps: 1e-6, RopeBase: 10000, TiedOutput: true,
				Activation: transformer.ActivationGELUTanh, ScaleEmbed: true}},
		{"Gemma 2B", `{"architectures": ["GemmaForCausalLM"], "head_dim": 256, "hidden_act": "gelu_pytorch_tanh",
			"hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2048, "intermediate_size": 16384, "max_position_embeddings": 8192,
			"model_type": "gemma", "num_attention_heads": 8, "num_hidden_layers": 18, "num_key_value_heads": 1, "rms_norm_eps": 1e-06,
			"rope_theta": 10000.0, "use_bidirectional_attention": null, "vocab_size": 256000}`,
			transformer.Config{Vocab: 256000, Width: 2048, Layers: 18, Heads: 8, KVHeads: 1, HeadDim: 256, Hidden: 16384,
				Context: 8192, NormEps: 1e-6, RopeBase: 10000, TiedOutput: true,
				Activation: transformer.ActivationGELUTanh, ScaleEmbed: true}},
		{"Gemma defaults", `{"model_type": "gemma", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1,
			"num_attention_heads": 16, "vocab_size": 10, "max_position_embeddings": 20, "rope_parameters": {"rope_type": "default"}}`,
			transformer.Config{Vocab: 10, Width: 64, Layers: 1, Heads: 16, KVHeads: 16, HeadDim: 256, Hidden: 96,
				Context: 20, NormEps: 1e-6, RopeBase: 10000, TiedOutput: true,
				Activation: transformer.ActivationGELUTanh, ScaleEmbed: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, lay, err := parseHFConfig([]byte(c.json))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			gain, _ := lay.source("layers.0.mlp_norm")
			require.Equal(t, c.want.ScaleEmbed, gain.lessOne, "Gemma's")
		})
	}
}

// TestHFConfigRefuses: one field changed, and what the error must say.
func TestHFConfigRefuses(t *testing.T) {
	llama3 := map[string]any{
		"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64,
	}
	with := func(key string, value any) map[string]any {
		m := maps.Clone(llama3)
		m[key] = value
		return m
	}
	for _, c := range []struct {
		field string
		value any // nil: the field is left out
		want  string
	}{
		{"model_type", "mistral", `model_type "mistral", architectures ["LlamaForCausalLM"]`},
		{"model_type", "gemma2", `model_type "gemma2", architectures ["LlamaForCausalLM"]: supported are gemma (GemmaForCausalLM), gemma3_text (Gemma3ForCausalLM), gpt2`},
		{"model_type", "gemma", `model_type "gemma", architectures ["LlamaForCausalLM"]`},
		{"model_type", nil, `model_type ""`},
		{"architectures", []string{"LlamaForSequenceClassification"}, `["LlamaForSequenceClassification"]`},
		{"vocab_size", nil, "field vocab_size is missing"},
		{"num_hidden_layers", "2", "field num_hidden_layers: json: cannot unmarshal string"},
		{"num_hidden_layers", 2.5, "field num_hidden_layers"},
		{"num_hidden_layers", -1, "layers = -1"},
		{"num_attention_heads", 0, "heads = 0"},
		{"head_dim", 7, "head_dim = 7"},
		{"rms_norm_eps", 0, "norm_eps = 0"},
		{"tie_word_embeddings", "yes", "field tie_word_embeddings"},
		{"attention_bias", "yes", "field attention_bias: json"},
		{"rope_interleaved", true, "field rope_interleaved = true"},
		{"hidden_act", "gelu", "field hidden_act = gelu is not supported: only silu is"},
		{"hidden_activation", "silu", "field hidden_activation is unknown"},
		{"pretraining_tp", 2, "field pretraining_tp = 2"},
		{"sliding_window", 4096, "field sliding_window is unknown: it may change the computation"},
		{"quantization_config", map[string]any{"bits": 4}, "field quantization_config is set: weights quantised so cannot be read; take the model that they were made from"},
		{"rope_theta", 1, "rope_base = 1"},
		{"rope_theta", "1e4", "field rope_theta"},
		{"rope_scaling", []int{1}, "field rope_scaling: json"},
		{"rope_scaling", map[string]any{"type": "linear"}, "field rope_scaling: linear needs factor, and nothing else"},
		{"rope_scaling", map[string]any{"type": "linear", "factor": 0.5}, "factor ≥ 1"},
		{"rope_scaling", map[string]any{"type": "dynamic", "factor": 2}, `field rope_scaling: rotary scaling "dynamic" is not supported: only linear and llama3 are`},
		{"rope_scaling", map[string]any{"rope_type": "yarn", "factor": 2}, `"yarn"`},
		{"rope_scaling", map[string]any{"rope_type": 5}, "field rope_scaling: json"},
		{"rope_scaling", map[string]any{"factor": 2}, "field rope_scaling: has numbers of a scaling and no rope_type"},
		{"rope_scaling", with("beta_fast", 32), `field rope_scaling: json: unknown field "beta_fast"`},
		{"rope_scaling", with("factor", nil), "field rope_scaling: llama3 needs factor"},
		{"rope_scaling", with("factor", "8"), "field rope_scaling: json"},
		{"rope_scaling", with("factor", 0.5), "factor ≥ 1"},
		{"rope_scaling", with("original_max_position_embeddings", 64.5), "field rope_scaling: json"},
		{"rope_scaling", with("type", "linear"), `type "linear" differs from rope_type "llama3"`},
		{"rope_scaling", with("rope_theta", 5), "field rope_theta = 10000 differs from rope_scaling.rope_theta = 5"},
		{"rope_parameters", with("partial_rotary_factor", 0.5), "field partial_rotary_factor = 0.5 is not supported for this family"},
		{"rope_parameters", with("rope_theta", "5"), "field rope_parameters: json"},
	} {
		fields := newTiny(true).hfConfigFields()
		fields[c.field] = c.value
		if c.value == nil {
			delete(fields, c.field)
		}
		_, _, err := parseHFConfig(jsonOf(t, fields))
		require.ErrorContains(t, err, c.want, "%s = %v", c.field, c.value)
		require.ErrorContains(t, err, "config.json")
	}
	for _, text := range []string{"", "null", "[]", "{", `{} {}`} {
		_, _, err := parseHFConfig([]byte(text))
		require.ErrorContains(t, err, "config.json", text)
	}
	fields := newTiny(true).hfConfigFields()
	fields["rope_scaling"], fields["rope_parameters"] = llama3, llama3
	_, _, err := parseHFConfig(jsonOf(t, fields))
	require.ErrorContains(t, err, "rope_scaling and rope_parameters are both given")
	fields["hidden_act"], fields["first"], fields["second"] = "gelu", 1, 2
	_, _, err = parseHFConfig(jsonOf(t, fields))
	for _, want := range []string{"both given", "hidden_act", "field first", "field second"} {
		require.ErrorContains(t, err, want, "all problems at once")
	}
}

// FuzzHFConfig: whatever is accepted is a valid configuration, and was all known.
func FuzzHFConfig(f *testing.F) {
	fields := newTiny(false).hfConfigFields()
	f.Add(jsonOf(f, fields))
	fields["rope_scaling"] = map[string]any{
		"type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64,
	}
	f.Add(jsonOf(f, fields))
	delete(fields, "rope_scaling")
	delete(fields, "rope_theta")
	fields["rope_parameters"] = map[string]any{"rope_type": "default", "rope_theta": 1e4}
	f.Add(jsonOf(f, fields))
	f.Add([]byte(`{"model_type":"llama","num_hidden_layers":1e99}`))
	f.Add(jsonOf(f, newTinyGemma().hfConfigFields()))
	configs, err := filepath.Glob("testdata/families/*/config.json")
	require.NoError(f, err)
	for _, path := range configs {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, _, err := parseHFConfig(data)
		if err != nil {
			return
		}
		require.NoError(t, c.Validate())
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &fields))
		fields["of another architecture"] = json.RawMessage("true")
		_, _, err = parseHFConfig(jsonOf(t, fields))
		require.ErrorContains(t, err, "field of another architecture is unknown")
	})
}
