package pretrained

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"firsttoken/train/transformer"
)

// hfConfig is a config.json field by field. Fields that are neither read nor
// known to be harmless are errors: they may change the computation.
type hfConfig struct {
	fields   map[string]json.RawMessage
	read     map[string]bool
	partial  *float64 // partial_rotary_factor, beside the rotary parameters
	problems []error
}

// hfHarmless are fields that do not change a forward pass.
var hfHarmless = []string{
	"_attn_implementation_autoset", "_name_or_path", "attention_dropout", "attn_implementation", "auto_map", "bos_token_id", "dtype", "eos_token_id",
	"id2label", "initializer_range", "is_llama_config", "label2id", "max_length", "max_sequence_length", "pad_token_id", "tokenizer_class",
	"torch_dtype", "transformers.js_config", "transformers_version", "use_cache",
}

// harmless tells fields that may have any value: those above, the family's, what tools for
// fine-tuning note, and fields that are null, which is every library's default.
func (h *hfConfig) harmless(field string, a *hfArchitecture) bool {
	return slices.Contains(hfHarmless, field) || slices.Contains(a.harmless, field) || strings.HasPrefix(field, "unsloth_") ||
		string(h.fields[field]) == "null"
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
	read := func(field string, slot any) bool {
		if field = arch.name(field); field == "" {
			return true
		}
		return h.get(field, slot)
	}
	needed := map[string]*int{
		"hidden_size": &c.Width, "intermediate_size": &c.Hidden, "num_hidden_layers": &c.Layers,
		"num_attention_heads": &c.Heads, "vocab_size": &c.Vocab, "max_position_embeddings": &c.Context,
	}
	var missing []string
	for field, slot := range needed {
		if !read(field, slot) {
			missing = append(missing, field)
		}
	}
	c.NormEps, c.RopeBase = 1e-6, 10000
	arch.defaults(&c)
	for _, field := range missing {
		if !(field == "intermediate_size" && c.Hidden > 0) { // the family has a default
			h.bad("field %s is missing", arch.name(field))
		}
	}
	read("intermediate_size", &c.Hidden) // again, over the default
	read("rms_norm_eps", &c.NormEps)
	h.get("tie_word_embeddings", &c.TiedOutput)
	read("num_key_value_heads", &c.KVHeads)
	read("head_dim", &c.HeadDim)
	if arch.name("rope") != "" {
		if old := arch.name("rope_theta"); old != "rope_theta" {
			h.get(old, &c.RopeBase)
		}
		h.rope(&c)
	}
	for field, value := range arch.only {
		h.must(field, value)
	}
	if c.Layers < 1 || c.Layers > 1<<12 { // what follows has an entry a layer
		return c, lay, errors.Join(append(h.problems, c.Validate())...)
	}
	arch.read(h, &c)
	if h.partial != nil && *h.partial != 1 && c.RotaryDim == 0 {
		h.bad("field partial_rotary_factor = %g is not supported for this family: only 1 is", *h.partial)
	}

	var unknown []string
	for field := range h.fields {
		if !h.read[field] && !h.harmless(field, &arch) {
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
	if !h.get(field, &got) || fmt.Sprint(got) == fmt.Sprint(want) {
		return
	}
	if want == nil {
		h.bad("field %s = %v is not supported: only null is", field, got)
		return
	}
	h.bad("field %s = %v is not supported: only %v is", field, got, want)
}
