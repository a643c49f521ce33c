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

// parseHFConfig reads a configuration and says where its architecture keeps the
// weights. Defaults are those of the transformers library.
func parseHFConfig(data []byte) (transformer.Config, layout, error) {
	c, lay, err := readHFConfig(data)
	if err != nil {
		return c, lay, fmt.Errorf("config.json: %w", err)
	}
	return c, lay, nil
}

func readHFConfig(data []byte) (c transformer.Config, lay layout, err error) {
	h := &hfConfig{read: map[string]bool{}}
	if err := json.Unmarshal(data, &h.fields); err != nil {
		return c, lay, err
	}
	arch, err := h.architecture()
	if err != nil {
		return c, lay, err
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
	arch.defaults(&c)
	h.get("rms_norm_eps", &c.NormEps)
	h.get("tie_word_embeddings", &c.TiedOutput)
	h.get("num_key_value_heads", &c.KVHeads)
	h.get("head_dim", &c.HeadDim)
	h.rope(&c)
	h.must("attention_bias", false)
	arch.read(h, &c)

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
		return c, lay, errors.Join(h.problems...)
	}
	return c, arch.layout, c.Validate()
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
