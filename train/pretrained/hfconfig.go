package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"firsttoken/train/transformer"
)

// hfConfig is a config.json field by field. Fields that are neither read nor
// known to be harmless are errors: they may change the computation.
type hfConfig struct {
	fields   map[string]json.RawMessage
	read     map[string]bool
	problems []error
}

// hfHarmless are fields that do not change a forward pass.
var hfHarmless = []string{
	"_attn_implementation_autoset", "_name_or_path", "attention_dropout", "attn_implementation", "bos_token_id", "dtype", "eos_token_id", "id2label",
	"initializer_range", "is_llama_config", "label2id", "max_length", "pad_token_id", "tokenizer_class",
	"torch_dtype", "transformers.js_config", "transformers_version", "use_cache",
}

// parseHFConfig reads a Llama configuration. Defaults are those of the
// transformers library.
func parseHFConfig(data []byte) (transformer.Config, error) {
	h := &hfConfig{read: map[string]bool{}}
	var c transformer.Config
	if err := json.Unmarshal(data, &h.fields); err != nil {
		return c, fmt.Errorf("config.json: %w", err)
	}
	var modelType string
	var architectures []string
	h.get("model_type", &modelType)
	h.get("architectures", &architectures)
	if modelType != "llama" || (architectures != nil && !slices.Equal(architectures, []string{"LlamaForCausalLM"})) {
		return c, fmt.Errorf("config.json: model_type %q, architectures %q: only llama, LlamaForCausalLM, is supported", modelType, architectures)
	}
	for field, slot := range map[string]*int{
		"hidden_size": &c.Width, "intermediate_size": &c.Hidden, "num_hidden_layers": &c.Layers,
		"num_attention_heads": &c.Heads, "vocab_size": &c.Vocab, "max_position_embeddings": &c.Context,
	} {
		if !h.get(field, slot) {
			h.bad("field %s is missing", field)
		}
	}
	c.NormEps = 1e-6
	h.get("rms_norm_eps", &c.NormEps)
	h.get("tie_word_embeddings", &c.TiedOutput)
	if !h.get("num_key_value_heads", &c.KVHeads) {
		c.KVHeads = c.Heads
	}
	if !h.get("head_dim", &c.HeadDim) && c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
	h.rope(&c)
	h.must("hidden_act", "silu")
	for _, off := range []string{"attention_bias", "mlp_bias", "rope_interleaved"} {
		h.must(off, false)
	}
	h.must("pretraining_tp", 1)

	var unknown []string
	for field := range h.fields {
		if !h.read[field] && !slices.Contains(hfHarmless, field) {
			unknown = append(unknown, field)
		}
	}
	slices.Sort(unknown)
	for _, field := range unknown {
		h.bad("field %s is unknown: it may change the computation", field)
	}
	if len(h.problems) > 0 {
		return c, fmt.Errorf("config.json: %w", errors.Join(h.problems...))
	}
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("config.json: %w", err)
	}
	return c, nil
}

func (h *hfConfig) bad(format string, args ...any) {
	h.problems = append(h.problems, fmt.Errorf(format, args...))
}

// get reads a field into slot; false if it is absent or null.
func (h *hfConfig) get(field string, slot any) bool {
	raw, ok := h.fields[field]
	h.read[field] = true
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, slot); err != nil {
		h.bad("field %s: %w", field, err)
		return false
	}
	return true
}

// must allows a field only with the one value this decoder implements.
func (h *hfConfig) must(field string, want any) {
	var got any
	if h.get(field, &got) && fmt.Sprint(got) != fmt.Sprint(want) {
		h.bad("field %s = %v is not supported: only %v is", field, got, want)
	}
}
