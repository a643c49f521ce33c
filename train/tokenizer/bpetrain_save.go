package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Save writes tokenizer.json and tokenizer_config.json, Hugging Face's files, to a folder. Both
// this package ([FromJSON], [Tokenizer.WithConfig]) and Python's libraries read them back to the
// same ids.
func (t *Tokenizer) Save(folder string) error {
	file, err := t.json()
	if err != nil {
		return fmt.Errorf("tokenizer: saving: %w", err)
	}
	config := map[string]any{"tokenizer_class": "PreTrainedTokenizerFast"}
	if id, ok := t.BOS(); ok {
		config["bos_token"] = t.tokens[id]
	}
	if id, ok := t.EOS(); ok {
		config["eos_token"] = t.tokens[id]
	}
	for name, content := range map[string]any{"tokenizer.json": file, "tokenizer_config.json": config} {
		var data bytes.Buffer
		enc := json.NewEncoder(&data)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(content); err != nil {
			return fmt.Errorf("tokenizer: saving %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), data.Bytes(), 0o644); err != nil {
			return fmt.Errorf("tokenizer: saving: %w", err)
		}
	}
	return nil
}

// json is the tokenizer as a tokenizer.json, without a post-processor: no BOS is added unasked.
func (t *Tokenizer) json() (map[string]any, error) {
	byteLevel := func(regex bool) map[string]any {
		return map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": regex}
	}
	sequence := func(parts ...any) map[string]any { return map[string]any{"type": "Sequence", "pretokenizers": parts} }
	var pre map[string]any
	switch t.pre {
	case preGPT2:
		pre = byteLevel(true)
	case preSmolLM2:
		pre = sequence(map[string]any{"type": "Digits", "individual_digits": true}, byteLevel(true))
	case preLlama3, preQwen2:
		pattern := map[preTokenizer]string{preLlama3: llama3Pattern, preQwen2: qwen2Pattern}[t.pre]
		pre = sequence(map[string]any{
			"type": "Split", "pattern": map[string]any{"Regex": pattern}, "behavior": "Isolated", "invert": false,
		}, byteLevel(false))
	default:
		return nil, fmt.Errorf("a tokenizer of kind %q cannot be written as tokenizer.json", t.pre)
	}
	vocab := make(map[string]int32, len(t.tokens))
	added := []jsonAdded{}
	for i, token := range t.tokens {
		k := t.kinds[i]
		switch k.base() {
		case kindUnused:
			return nil, fmt.Errorf("token %q is marked unused, which a tokenizer.json cannot say", token)
		case kindSpecial, kindAdded:
			added = append(added, jsonAdded{ID: int32(i), Content: token, Special: k.base() == kindSpecial, Normalized: k&kindLate != 0})
		}
		vocab[token] = int32(i)
	}
	model := map[string]any{
		"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
		"fuse_unk": t.fuseUnk, "byte_fallback": false, "ignore_merges": t.ignoreMerges,
		"vocab": vocab, "merges": t.mergeList(),
	}
	if t.unk != noID {
		model["unk_token"] = t.tokens[t.unk]
	}
	var normalizer any
	if t.nfc {
		normalizer = map[string]any{"type": "NFC"}
	}
	return map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": normalizer,
		"pre_tokenizer": pre, "post_processor": nil, "decoder": byteLevel(true), "model": model,
	}, nil
}

// mergeList is the merges in order of rank.
func (t *Tokenizer) mergeList() [][2]string {
	merges := make([][2]string, len(t.merges))
	for key, rule := range t.merges {
		merges[rule.rank] = [2]string{t.tokens[key>>32], t.tokens[uint32(key)]}
	}
	return slices.Clip(merges)
}
