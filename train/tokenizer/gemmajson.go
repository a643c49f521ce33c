package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
)

// jsonReplace is a normalizer or a part of a decoder.
type jsonReplace struct {
	Type    string      `json:"type"`
	Pattern jsonPattern `json:"pattern"`
	Content string      `json:"content"`
}

// replaces reports whether a part replaces one string by another.
func replaces(raw json.RawMessage, from, to string) (bool, error) {
	typ, err := partType(raw)
	if err != nil || typ != "Replace" {
		return false, err
	}
	var r jsonReplace
	if err := strictJSON(raw, &r); err != nil {
		return false, fmt.Errorf("part Replace: %w", err)
	}
	return r.Pattern.String != nil && *r.Pattern.String == from && r.Pattern.Regex == nil && r.Content == to, nil
}

// writesSpaces tells Gemma's normalizer, which writes spaces as "▁", from none.
func writesSpaces(raw json.RawMessage) (bool, error) {
	if isNull(raw) {
		return false, nil
	}
	is, err := replaces(raw, " ", gemmaSpace)
	if err == nil && !is {
		err = fmt.Errorf("normalizer is set (%s); supported are null and Gemma's, which replaces \" \" by %q", clip(raw), gemmaSpace)
	}
	return is, err
}

// checkGemmaPreTokenizer accepts what cuts nothing: no pre-tokenizer, or a Split at
// the spaces that the normalizer has replaced.
func checkGemmaPreTokenizer(raw json.RawMessage) error {
	if isNull(raw) {
		return nil
	}
	if err := checkType(raw, "Split"); err != nil {
		return err
	}
	var s jsonSplit
	if err := strictJSON(raw, &s); err != nil {
		return fmt.Errorf("part Split: %w", err)
	}
	if s.Pattern.String == nil || *s.Pattern.String != " " || s.Pattern.Regex != nil || s.Behavior != "MergedWithPrevious" || s.Invert {
		return fmt.Errorf("part Split: %s is not supported beside this normalizer; only pattern {\"String\":\" \"}, behavior \"MergedWithPrevious\", invert false is", clip(raw))
	}
	return nil
}

// checkGemmaDecoder accepts the decoder that undoes the normalizer and byte fallback.
func checkGemmaDecoder(raw json.RawMessage) error {
	parts, err := flatten(raw, "decoders")
	if err != nil {
		return err
	}
	const want = "Replace \"▁\" by \" \", ByteFallback, Fuse"
	if len(parts) != 3 {
		return fmt.Errorf("%d parts are not supported beside this normalizer; only [%s] is", len(parts), want)
	}
	if is, err := replaces(parts[0], gemmaSpace, " "); err != nil {
		return err
	} else if !is {
		return fmt.Errorf("part %s is not supported; only [%s] is", clip(parts[0]), want)
	}
	for i, typ := range []string{"ByteFallback", "Fuse"} {
		if err := checkType(parts[i+1], typ); err != nil {
			return err
		}
		if err := strictJSON(parts[i+1], new(struct {
			Type string `json:"type"`
		})); err != nil {
			return fmt.Errorf("part %s: %w", typ, err)
		}
	}
	return nil
}

// checkGemmaModel refuses settings that Gemma does not have, and vocabularies from
// which text would not come back.
func (d *definition) checkGemmaModel(m *jsonBPE) error {
	switch {
	case !m.ByteFallback:
		return errors.New("model: byte_fallback is false; only true is supported beside this normalizer")
	case !m.FuseUnk:
		return errors.New("model: fuse_unk is false; only true is supported beside byte_fallback")
	case m.IgnoreMerges:
		return errors.New("model: ignore_merges is true; only false is supported beside byte_fallback")
	}
	space := false
	for i, token := range d.tokens {
		if _, ok := byteOfToken(token); ok && d.kinds[i] != kindNormal {
			return fmt.Errorf("added_tokens: %q is the token of a byte: the text of that name could become it", token)
		}
		space = space || token == gemmaSpace && d.kinds[i].base() != kindSpecial
	}
	if !space {
		return fmt.Errorf("model.vocab: no token %q: spaces could not be told from the character", gemmaSpace)
	}
	return nil
}
