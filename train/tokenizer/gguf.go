package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// GGUFVocab is the part of a GGUF file's metadata that defines a tokenizer.
type GGUFVocab struct {
	Model    string   // tokenizer.ggml.model; must be "gpt2" (byte-level BPE)
	Pre      string   // tokenizer.ggml.pre: "smollm", "gpt-2", "llama-bpe", "llama3" or "llama-v3"
	Tokens   []string // tokenizer.ggml.tokens, [V]
	Types    []int32  // tokenizer.ggml.token_type, [V]
	Merges   []string // tokenizer.ggml.merges, each "left right"
	BOS, EOS *int32   // tokenizer.ggml.bos_token_id and eos_token_id; nil where absent
	Pad      *int32   // tokenizer.ggml.padding_token_id
	AddBOS   bool     // tokenizer.ggml.add_bos_token
}

// ggufPre says which rule a value of tokenizer.ggml.pre means.
var ggufPre = map[string]preTokenizer{
	"smollm":    preSmolLM2,
	"gpt-2":     preGPT2,
	"llama-bpe": preLlama3,
	"llama3":    preLlama3,
	"llama-v3":  preLlama3,
}

// Values of tokenizer.ggml.token_type.
const (
	ggufNormal      = 1
	ggufUnknown     = 2
	ggufControl     = 3
	ggufUserDefined = 4
	ggufUnused      = 5
)

var ggufKind = map[int32]tokenKind{
	ggufNormal:      kindNormal,
	ggufUnknown:     kindSpecial,
	ggufControl:     kindSpecial,
	ggufUserDefined: kindAdded,
	ggufUnused:      kindUnused,
}

// FromGGUF makes a tokenizer from GGUF metadata. It refuses, by name, a model,
// pre-tokenizer or token type it does not know. Whether the file wants a BOS
// added is for the caller to decide, with [Tokenizer.ApplyBOS]: see
// [Tokenizer.AddsBOS].
func FromGGUF(g GGUFVocab) (*Tokenizer, error) {
	if g.Model != "gpt2" {
		return nil, fmt.Errorf("tokenizer: GGUF: tokenizer.ggml.model is %q; only \"gpt2\" (byte-level BPE) is supported", g.Model)
	}
	pre, ok := ggufPre[g.Pre]
	if !ok {
		return nil, fmt.Errorf("tokenizer: GGUF: tokenizer.ggml.pre is %q; supported are %q", g.Pre, slices.Sorted(maps.Keys(ggufPre)))
	}
	if len(g.Types) != len(g.Tokens) {
		return nil, fmt.Errorf("tokenizer: GGUF: %d tokens but %d token types", len(g.Tokens), len(g.Types))
	}
	d := definition{
		pre: pre, ignoreMerges: pre == preLlama3,
		tokens: slices.Clone(g.Tokens), unk: noID, bos: noID, eos: noID,
	}
	for i, ty := range g.Types {
		k, ok := ggufKind[ty]
		if !ok {
			return nil, fmt.Errorf("tokenizer: GGUF: token %d (%q) has token type %d, which byte-level BPE does not know", i, g.Tokens[i], ty)
		}
		d.kinds = append(d.kinds, k)
	}
	for rank, m := range g.Merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok {
			return nil, fmt.Errorf("tokenizer: GGUF: merge %d is %q, not two tokens with a space between", rank, m)
		}
		d.merges = append(d.merges, [2]string{left, right})
	}
	for _, e := range []struct {
		name     string
		from, to *int32
	}{{"bos", g.BOS, &d.bos}, {"eos", g.EOS, &d.eos}} {
		if e.from == nil {
			continue
		}
		if *e.from < 0 {
			return nil, fmt.Errorf("tokenizer: GGUF: tokenizer.ggml.%s_token_id is %d; leave it nil where there is none", e.name, *e.from)
		}
		*e.to = *e.from
	}
	t, err := build(d)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: GGUF: %w", err)
	}
	if g.Pad != nil {
		if !t.has(*g.Pad) {
			return nil, fmt.Errorf("tokenizer: GGUF: padding token id %d lies outside the vocabulary of %d tokens", *g.Pad, t.VocabSize())
		}
		t.pad = *g.Pad
	}
	t.addsBOS = g.AddBOS && t.bos != noID
	return t, nil
}
