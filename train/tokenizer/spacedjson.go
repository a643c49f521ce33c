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

// parseNormalizer accepts none, NFC, or one that writes spaces as "▁": Gemma's, and Llama
// 2's, which puts another in front.
func (d *definition) parseNormalizer(raw json.RawMessage) error {
	if isNull(raw) {
		return nil
	}
	parts, err := flatten(raw, "normalizers")
	if err != nil {
		return fmt.Errorf("normalizer: %w", err)
	}
	if len(parts) == 1 && checkType(parts[0], "NFC") == nil {
		d.nfc = true
		return nil
	}
	if len(parts) == 2 {
		var p jsonPrepend
		if checkType(parts[0], "Prepend") == nil && strictJSON(parts[0], &p) == nil && p.Prepend == spaceMark {
			d.prefix, parts = prefixPieces, parts[1:]
		}
	}
	if len(parts) == 1 {
		is, err := replaces(parts[0], " ", spaceMark)
		if err != nil {
			return fmt.Errorf("normalizer: %w", err)
		}
		if is {
			d.pre = preSpaced
			return nil
		}
	}
	return fmt.Errorf("normalizer is set (%s); supported are null, NFC, Gemma's, which replaces \" \" by %q, and Llama 2's, which prepends one before", clip(raw), spaceMark)
}

// jsonPrepend is a normalizer.
type jsonPrepend struct {
	Type    string `json:"type"`
	Prepend string `json:"prepend"`
}

// parsePreTokenizer reads the rule that cuts text into words.
func (d *definition) parsePreTokenizer(raw json.RawMessage) (err error) {
	if d.pre == preSpaced {
		return checkSpacedPreTokenizer(raw)
	}
	if checkType(raw, "Metaspace") == nil && !d.nfc {
		return d.parseMetaspace(raw)
	}
	d.pre, err = byteLevelPreTokenizer(raw)
	return err
}

// checkSpacedPreTokenizer accepts what cuts nothing: no pre-tokenizer, or a Split at
// the spaces that the normalizer has replaced.
func checkSpacedPreTokenizer(raw json.RawMessage) error {
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

// jsonMetaspace is a pre-tokenizer that writes spaces as "▁" itself. Files of before
// prepend_scheme have add_prefix_space in its place.
type jsonMetaspace struct {
	Type           string  `json:"type"`
	Replacement    string  `json:"replacement"`
	StrRep         *string `json:"str_rep"` // what replacement spells, in old files
	AddPrefixSpace *bool   `json:"add_prefix_space"`
	PrependScheme  *string `json:"prepend_scheme"`
	Split          *bool   `json:"split"`
}

// parseMetaspace reads a Metaspace pre-tokenizer, with the library's defaults.
func (d *definition) parseMetaspace(raw json.RawMessage) error {
	var m jsonMetaspace
	if err := strictJSON(raw, &m); err != nil {
		return fmt.Errorf("part Metaspace: %w", err)
	}
	scheme := "always"
	if m.PrependScheme != nil {
		scheme = *m.PrependScheme
	} else if m.AddPrefixSpace != nil && !*m.AddPrefixSpace {
		scheme = "never"
	}
	prefix, known := map[string]spacePrefix{"always": prefixAlways, "first": prefixFirst, "never": prefixNever}[scheme]
	switch {
	case m.Replacement != spaceMark:
		return fmt.Errorf("part Metaspace: replacement is %q; only %q is supported", m.Replacement, spaceMark)
	case !known:
		return fmt.Errorf("part Metaspace: prepend_scheme is %q; known are \"always\", \"first\" and \"never\"", scheme)
	case m.AddPrefixSpace != nil && !*m.AddPrefixSpace && prefix != prefixNever:
		return fmt.Errorf("part Metaspace: add_prefix_space is false, but prepend_scheme is %q", scheme)
	}
	d.prefix, d.pre = prefix, preSpacedWords
	if m.Split != nil && !*m.Split {
		d.pre = preSpaced
	}
	return nil
}

// parseSpacedDecoder accepts the decoder that undoes "▁" and byte fallback, and learns
// whether it drops the space that was put in front.
func (d *definition) parseSpacedDecoder(raw json.RawMessage) error {
	parts, err := flatten(raw, "decoders")
	if err != nil {
		return err
	}
	const want = "Replace \"▁\" by \" \", ByteFallback, Fuse"
	if len(parts) == 4 {
		var s struct {
			Type    string `json:"type"`
			Content string `json:"content"`
			Start   int    `json:"start"`
			Stop    int    `json:"stop"`
		}
		if err := checkType(parts[3], "Strip"); err != nil {
			return err
		}
		if err := strictJSON(parts[3], &s); err != nil {
			return fmt.Errorf("part Strip: %w", err)
		}
		if s.Content != " " || s.Start != 1 || s.Stop != 0 {
			return fmt.Errorf("part Strip: %s is not supported; only one space at the start is dropped", clip(parts[3]))
		}
		if d.prefix == prefixNone || d.prefix == prefixNever {
			return errors.New("part Strip drops a space at the start, but none is put there: texts that begin with one would not come back")
		}
		d.strip, parts = true, parts[:3]
	}
	if len(parts) != 3 {
		return fmt.Errorf("%d parts are not supported for a vocabulary that writes spaces as %q; only [%s] is, and Strip after it", len(parts), spaceMark, want)
	}
	if is, err := replaces(parts[0], spaceMark, " "); err != nil {
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

// checkSpacedModel refuses settings that no such model has, and vocabularies from which
// text would not come back.
func (d *definition) checkSpacedModel(m *jsonBPE) error {
	switch {
	case !m.ByteFallback:
		return errors.New("model: byte_fallback is false; only true is supported where spaces are written as \"▁\"")
	case !m.FuseUnk:
		return errors.New("model: fuse_unk is false; only true is supported beside byte_fallback")
	case m.IgnoreMerges:
		return errors.New("model: ignore_merges is true; only false is supported beside byte_fallback")
	}
	for i, token := range d.tokens {
		if _, ok := byteOfToken(token); ok && d.kinds[i] != kindNormal {
			return fmt.Errorf("added_tokens: %q is the token of a byte: the text of that name could become it", token)
		}
	}
	if !d.hasSpace() {
		return fmt.Errorf("model.vocab: no token %q: spaces could not be told from the character", spaceMark)
	}
	return nil
}

// hasSpace tells whether text can become the token of a space.
func (d *definition) hasSpace() bool {
	for i, token := range d.tokens {
		if token == spaceMark && d.kinds[i].base() != kindSpecial {
			return true
		}
	}
	return false
}
