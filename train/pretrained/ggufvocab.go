package pretrained

import (
	"cmp"
	"errors"

	"firsttoken/train/tokenizer"
)

// tokenizer reads the vocabulary from the metadata; pre is for a file that does not say how
// text is cut into words.
func (g *ggufFile) tokenizer(pre string) (*tokenizer.Tokenizer, error) {
	m := readMetadata(g.file, "tokenizer.ggml.")
	id := func(key string) *int32 {
		if m.raw(key) == nil {
			return nil
		}
		x := int32(m.natural(key, required))
		return &x
	}
	v := tokenizer.GGUFVocab{
		Model: value[string](m, "model"), Pre: value[string](m, "pre"),
		Tokens: value[[]string](m, "tokens"), Types: value[[]int32](m, "token_type"),
		Merges: value[[]string](m, "merges"), Scores: value[[]float32](m, "scores"),
		BOS: id("bos_token_id"), EOS: id("eos_token_id"), Pad: id("padding_token_id"), Unknown: id("unknown_token_id"),
		AddSpacePrefix: given[bool](m, "add_space_prefix"),
	}
	if v.Pre == "" || v.Pre == "default" {
		v.Pre = cmp.Or(pre, v.Pre)
	}
	// Where a file does not say, llama.cpp asks for BOS if the vocabulary is SentencePiece's.
	v.AddBOS = v.Model == "llama"
	if add := given[bool](m, "add_bos_token"); add != nil {
		v.AddBOS = *add
	}
	if v.Model == "llama" {
		if value[bool](m, "remove_extra_whitespaces") {
			m.bad("metadata key tokenizer.ggml.remove_extra_whitespaces = true is not supported: text would be changed before it is read")
		}
		if len(value[[]uint8](m, "precompiled_charsmap")) > 0 {
			m.bad("metadata key tokenizer.ggml.precompiled_charsmap is set: normalising text by a table is not supported")
		}
	}
	if len(m.problems) > 0 {
		return nil, errors.Join(m.problems...)
	}
	return tokenizer.FromGGUF(v)
}
