package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// GGUFVocab is the part of a GGUF file's metadata that defines a tokenizer.
type GGUFVocab struct {
	Model  string    // tokenizer.ggml.model: "gpt2" (byte-level BPE) or "llama" (SentencePiece's BPE)
	Pre    string    // tokenizer.ggml.pre: one of those in ggufPre; of no meaning to "llama"
	Tokens []string  // tokenizer.ggml.tokens, [V]
	Types  []int32   // tokenizer.ggml.token_type, [V]
	Merges []string  // tokenizer.ggml.merges, each "left right"; for "gpt2"
	Scores []float32 // tokenizer.ggml.scores, [V]; for "llama"
	// AddSpacePrefix is tokenizer.ggml.add_space_prefix, for "llama"; nil means true.
	AddSpacePrefix *bool
	BOS, EOS       *int32 // tokenizer.ggml.bos_token_id and eos_token_id; nil where absent
	Unknown        *int32 // tokenizer.ggml.unknown_token_id; for "llama"
	Pad            *int32 // tokenizer.ggml.padding_token_id
	AddBOS         bool   // tokenizer.ggml.add_bos_token
}

// ggufPre says which rule a value of tokenizer.ggml.pre means.
var ggufPre = map[string]struct {
	pre   preTokenizer
	whole bool // a pre-token that is a token is not merged
	nfc   bool // of the tokenizers that files with this name were made from; llama.cpp leaves it out
}{
	"smollm":           {pre: preSmolLM2},
	"gpt-2":            {pre: preGPT2},
	"llama-bpe":        {pre: preLlama3, whole: true},
	"llama3":           {pre: preLlama3, whole: true},
	"llama-v3":         {pre: preLlama3, whole: true},
	"dbrx":             {pre: preLlama3},
	"smaug-bpe":        {pre: preLlama3},
	"qwen2":            {pre: preQwen2, nfc: true},
	"deepseek-r1-qwen": {pre: preQwen2, nfc: true},
	"olmo":             {pre: preGPT2, nfc: true},
}

// GGUFPre lists the values of tokenizer.ggml.pre that are known.
func GGUFPre() []string { return slices.Sorted(maps.Keys(ggufPre)) }

// Values of tokenizer.ggml.token_type.
const (
	ggufNormal      = 1
	ggufUnknown     = 2
	ggufControl     = 3
	ggufUserDefined = 4
	ggufUnused      = 5
	ggufByte        = 6 // of "llama" only
)

var ggufKind = map[int32]tokenKind{
	ggufNormal:      kindNormal,
	ggufUnknown:     kindSpecial,
	ggufControl:     kindSpecial,
	ggufUserDefined: kindAdded,
	ggufUnused:      kindUnused,
	ggufByte:        kindNormal, // its text tells the byte
}

// FromGGUF makes a tokenizer from GGUF metadata. It refuses, by name, a model,
// pre-tokenizer or token type it does not know. Whether the file wants a BOS
// added is for the caller to decide, with [Tokenizer.ApplyBOS]: see
// [Tokenizer.AddsBOS].
func FromGGUF(g GGUFVocab) (*Tokenizer, error) {
	t, err := fromGGUF(&g)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: GGUF: %w", err)
	}
	return t, nil
}

func fromGGUF(g *GGUFVocab) (*Tokenizer, error) {
	d := definition{tokens: slices.Clone(g.Tokens), unk: noID, bos: noID, eos: noID}
	if len(g.Types) != len(g.Tokens) {
		return nil, fmt.Errorf("%d tokens but %d token types", len(g.Tokens), len(g.Types))
	}
	for i, ty := range g.Types {
		k, ok := ggufKind[ty]
		if _, isByte := byteOfToken(g.Tokens[i]); !ok || ty == ggufByte && (g.Model != "llama" || !isByte) {
			return nil, fmt.Errorf("token %d (%q) has token type %d, which a vocabulary of model %q does not have", i, g.Tokens[i], ty, g.Model)
		}
		d.kinds = append(d.kinds, k)
	}
	var err error
	switch g.Model {
	case "gpt2":
		err = d.byteLevelGGUF(g)
	case "llama":
		err = d.scoredGGUF(g)
	default:
		err = fmt.Errorf("tokenizer.ggml.model is %q; supported are \"gpt2\" (byte-level BPE) and \"llama\" (SentencePiece's BPE)", g.Model)
	}
	if err != nil {
		return nil, err
	}
	unknown := g.Unknown
	if g.Model != "llama" {
		unknown = nil // byte-level BPE makes none
	}
	for _, e := range []struct {
		name     string
		from, to *int32
	}{{"bos", g.BOS, &d.bos}, {"eos", g.EOS, &d.eos}, {"unknown", unknown, &d.unk}} {
		if e.from == nil {
			continue
		}
		if *e.from < 0 {
			return nil, fmt.Errorf("tokenizer.ggml.%s_token_id is %d; leave it nil where there is none", e.name, *e.from)
		}
		*e.to = *e.from
	}
	t, err := build(d)
	if err != nil {
		return nil, err
	}
	if g.Pad != nil {
		if !t.has(*g.Pad) {
			return nil, fmt.Errorf("padding token id %d lies outside the vocabulary of %d tokens", *g.Pad, t.VocabSize())
		}
		t.pad = *g.Pad
	}
	t.addsBOS = g.AddBOS && t.bos != noID
	return t, nil
}

// byteLevelGGUF reads the rest of a "gpt2" vocabulary.
func (d *definition) byteLevelGGUF(g *GGUFVocab) error {
	pre, ok := ggufPre[g.Pre]
	if !ok {
		if g.Pre == "" || g.Pre == "default" {
			return fmt.Errorf("the file does not say how text is cut into words (tokenizer.ggml.pre is %q), as files of before May 2024 do not: "+
				"say it with -pre, or Options.Pre, one of %q", g.Pre, GGUFPre())
		}
		return fmt.Errorf("tokenizer.ggml.pre is %q; supported are %q", g.Pre, GGUFPre())
	}
	d.pre, d.ignoreMerges, d.nfc = pre.pre, pre.whole, pre.nfc
	for rank, m := range g.Merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok {
			return fmt.Errorf("merge %d is %q, not two tokens with a space between", rank, m)
		}
		d.merges = append(d.merges, [2]string{left, right})
	}
	return nil
}

// scoredGGUF reads the rest of a "llama" vocabulary.
func (d *definition) scoredGGUF(g *GGUFVocab) error {
	if g.Scores == nil {
		return fmt.Errorf("tokenizer.ggml.scores is missing: tokens of model \"llama\" are merged by scores")
	}
	d.pre, d.fuseUnk, d.scores = preSpaced, true, slices.Clone(g.Scores)
	if g.AddSpacePrefix == nil || *g.AddSpacePrefix {
		d.prefix, d.strip = prefixPieces, true
	}
	if !d.hasSpace() {
		return fmt.Errorf("no token %q: spaces could not be told from the character", spaceMark)
	}
	return nil
}
