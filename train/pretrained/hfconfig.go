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

// hfGeneration are defaults of generating text, dropout, and other things that every
// configuration of the transformers library may carry, and that no forward pass reads.
var hfGeneration = []string{
	"bad_words_ids", "begin_suppress_tokens", "bos_token", "chunk_size_feed_forward", "decoder_start_token_id", "diversity_penalty", "do_sample",
	"early_stopping", "encoder_no_repeat_ngram_size", "eos_token", "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id",
	"forced_eos_token_id", "gradient_checkpointing", "length_penalty", "min_length", "model_max_length", "no_repeat_ngram_size",
	"num_beam_groups", "num_beams", "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "pad_token", "prefix",
	"problem_type", "pruned_heads", "remove_invalid_values", "repetition_penalty", "return_dict", "return_dict_in_generate", "sep_token_id",
	"suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss", "top_k", "top_p", "torchscript", "typical_p", "use_bfloat16",
	"use_return_dict", "_attn_implementation", "_attn_implementation_internal", "_commit_hash", "_flash_attn_2_enabled", "license", "use_flash_attn",
}

// hfDefaults are fields of every configuration of the library whose default changes nothing.
var hfDefaults = map[string]any{
	"add_cross_attention": false, "is_decoder": false, "is_encoder_decoder": false, "tie_encoder_decoder": false, "partial_rotary_factor": 1,
	"use_sliding_window": false, "qk_layernorm": false, "use_qk_norm": false,
	"logit_scale": 1, "logits_scaling": 1, "residual_multiplier": 1, "embedding_multiplier": 1,
}

// harmless tells fields that may have any value: those above, the family's, what tools for
// fine-tuning note, and fields that are null or at the library's default.
func (h *hfConfig) harmless(field string, a *hfArchitecture) bool {
	if slices.Contains(hfHarmless, field) || slices.Contains(hfGeneration, field) || slices.Contains(a.harmless, field) ||
		strings.HasPrefix(field, "unsloth_") || string(h.fields[field]) == "null" {
		return true
	}
	usual, known := hfDefaults[field]
	var got any
	return known && json.Unmarshal(h.fields[field], &got) == nil && fmt.Sprint(got) == fmt.Sprint(usual)
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
		if field == "quantization_config" {
			h.bad("field %s is set: weights quantised so cannot be read; take the model that they were made from, or a GGUF file of it", field)
			continue
		}
		h.bad("field %s is unknown: it may change the computation (it is %s)", field, clip(h.fields[field]))
	}
	if len(h.problems) > 0 {
		return c, lay, errors.Join(h.problems...)
	}
	if err := c.Validate(); err != nil {
		return c, lay, err
	}
	if arch.arrange != nil {
		arch.layout = arch.arrange(&c, arch.layout)
	}
	return c, arch.layout, nil
}

// clip shortens JSON for an error message.
func clip(raw json.RawMessage) string {
	if len(raw) > 60 {
		return strings.ToValidUTF8(string(raw[:60]), "") + "…"
	}
	return string(raw)
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
