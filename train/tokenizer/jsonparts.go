package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The parts of a tokenizer.json, told apart by their "type".
type (
	jsonByteLevel struct {
		Type           string `json:"type"`
		AddPrefixSpace *bool  `json:"add_prefix_space"`
		TrimOffsets    bool   `json:"trim_offsets"` // moves offsets only, never ids
		UseRegex       *bool  `json:"use_regex"`
	}
	jsonDigits struct {
		Type             string `json:"type"`
		IndividualDigits bool   `json:"individual_digits"`
	}
	jsonSplit struct {
		Type     string      `json:"type"`
		Pattern  jsonPattern `json:"pattern"`
		Behavior string      `json:"behavior"`
		Invert   bool        `json:"invert"`
	}
	jsonPattern struct {
		Regex  *string `json:"Regex"`
		String *string `json:"String"`
	}
	jsonTemplate struct {
		Type          string                     `json:"type"`
		Single        []jsonTemplatePiece        `json:"single"`
		Pair          json.RawMessage            `json:"pair"`
		SpecialTokens map[string]jsonTemplateTok `json:"special_tokens"`
	}
	jsonTemplatePiece struct {
		SpecialToken *struct {
			ID     string `json:"id"`
			TypeID int    `json:"type_id"`
		} `json:"SpecialToken"`
		Sequence *struct {
			ID     string `json:"id"`
			TypeID int    `json:"type_id"`
		} `json:"Sequence"`
	}
	jsonTemplateTok struct {
		ID     string   `json:"id"`
		IDs    []int32  `json:"ids"`
		Tokens []string `json:"tokens"`
	}
)

// partType reads the "type" of a part.
func partType(raw json.RawMessage) (string, error) {
	if isNull(raw) {
		return "", errors.New("missing or null")
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return "", err
	}
	return head.Type, nil
}

func checkType(raw json.RawMessage, want string) error {
	got, err := partType(raw)
	if err == nil && got != want {
		err = fmt.Errorf("type %q is not supported; only %q is", got, want)
	}
	return err
}

// flatten lists the parts of a Sequence in order; any other part is itself. key
// is the name of the Sequence's list.
func flatten(raw json.RawMessage, key string) ([]json.RawMessage, error) {
	typ, err := partType(raw)
	if err != nil || typ != "Sequence" {
		return []json.RawMessage{raw}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	for name := range fields {
		if name != "type" && name != key {
			return nil, fmt.Errorf("part Sequence: unknown field %q", name)
		}
	}
	var parts, out []json.RawMessage
	if err := json.Unmarshal(fields[key], &parts); err != nil {
		return nil, fmt.Errorf("part Sequence: %s: %w", key, err)
	}
	for _, p := range parts {
		flat, err := flatten(p, key)
		if err != nil {
			return nil, err
		}
		out = append(out, flat...)
	}
	return out, nil
}

// byteLevelPreTokenizer recognises those of byte-level BPE by their parts.
func byteLevelPreTokenizer(raw json.RawMessage) (preTokenizer, error) {
	parts, err := flatten(raw, "pretokenizers")
	if err != nil {
		return "", err
	}
	var names []string
	for _, p := range parts {
		name, err := describePreTokenizer(p)
		if err != nil {
			return "", err
		}
		names = append(names, name)
	}
	switch seq := strings.Join(names, ", "); seq {
	case "Digits, ByteLevel":
		return preSmolLM2, nil
	case "ByteLevel":
		return preGPT2, nil
	case "Split, ByteLevel without regex":
		return preLlama3, nil
	case "Split of single numbers, ByteLevel without regex":
		return preQwen2, nil
	default:
		return "", fmt.Errorf("the sequence [%s] is not supported; known are [Digits, ByteLevel] (SmolLM2), [ByteLevel] (GPT-2) and [Split, ByteLevel without regex] (Llama 3, Qwen 2)", seq)
	}
}

// describePreTokenizer checks one part's settings and names it.
func describePreTokenizer(raw json.RawMessage) (string, error) {
	typ, err := partType(raw)
	if err != nil {
		return "", err
	}
	switch typ {
	case "ByteLevel":
		var b jsonByteLevel
		if err := strictJSON(raw, &b); err != nil {
			return "", fmt.Errorf("part ByteLevel: %w", err)
		}
		if b.AddPrefixSpace == nil || *b.AddPrefixSpace {
			return "", errors.New("part ByteLevel: add_prefix_space is true or missing; only false is supported")
		}
		if b.UseRegex != nil && !*b.UseRegex {
			return "ByteLevel without regex", nil
		}
		return "ByteLevel", nil
	case "Digits":
		var d jsonDigits
		if err := strictJSON(raw, &d); err != nil {
			return "", fmt.Errorf("part Digits: %w", err)
		}
		if !d.IndividualDigits {
			return "", errors.New("part Digits: individual_digits is false; only true is supported")
		}
		return "Digits", nil
	case "Split":
		var s jsonSplit
		if err := strictJSON(raw, &s); err != nil {
			return "", fmt.Errorf("part Split: %w", err)
		}
		name := ""
		if s.Pattern.Regex != nil {
			name = map[string]string{llama3Pattern: "Split", qwen2Pattern: "Split of single numbers"}[*s.Pattern.Regex]
		}
		if name == "" {
			return "", fmt.Errorf("part Split: pattern %s is not supported; only Llama 3's and Qwen 2's are", clip(raw))
		}
		if s.Behavior != "Isolated" || s.Invert {
			return "", fmt.Errorf("part Split: behavior %q, invert %t; only \"Isolated\", false is supported", s.Behavior, s.Invert)
		}
		return name, nil
	}
	return "", fmt.Errorf("type %q is not supported", typ)
}

// checkByteLevelDecoder accepts the decoder that undoes ByteLevel.
func checkByteLevelDecoder(raw json.RawMessage) error {
	if isNull(raw) {
		return nil
	}
	if err := checkType(raw, "ByteLevel"); err != nil {
		return err
	}
	return strictJSON(raw, new(jsonByteLevel))
}

// parsePostProcessor learns BOS and EOS from a TemplateProcessing: the special
// tokens before and after the sequence. noID where it names none.
func parsePostProcessor(raw json.RawMessage, d *definition) (bos, eos int32, err error) {
	bos, eos = noID, noID
	if isNull(raw) {
		return bos, eos, nil
	}
	parts, err := flatten(raw, "processors")
	if err != nil {
		return noID, noID, err
	}
	for _, p := range parts {
		typ, err := partType(p)
		if err != nil {
			return noID, noID, err
		}
		switch typ {
		case "ByteLevel": // trims offsets only
			if err := strictJSON(p, new(jsonByteLevel)); err != nil {
				return noID, noID, fmt.Errorf("part ByteLevel: %w", err)
			}
		case "TemplateProcessing":
			var t jsonTemplate
			if err := strictJSON(p, &t); err != nil {
				return noID, noID, fmt.Errorf("part TemplateProcessing: %w", err)
			}
			if bos, eos, err = t.ends(d); err != nil {
				return noID, noID, fmt.Errorf("part TemplateProcessing: %w", err)
			}
		default:
			return noID, noID, fmt.Errorf("type %q is not supported", typ)
		}
	}
	return bos, eos, nil
}

// ends returns the special tokens on either side of the one sequence.
func (t *jsonTemplate) ends(d *definition) (bos, eos int32, err error) {
	bos, eos = noID, noID
	sequences := 0
	for _, p := range t.Single {
		switch {
		case p.Sequence != nil && p.SpecialToken == nil:
			sequences++
		case p.SpecialToken != nil && p.Sequence == nil:
			end := &bos
			if sequences > 0 {
				end = &eos
			}
			name := p.SpecialToken.ID
			ids := t.SpecialTokens[name].IDs
			if len(ids) != 1 || ids[0] < 0 || int(ids[0]) >= len(d.tokens) || d.tokens[ids[0]] != name {
				return noID, noID, fmt.Errorf("special token %q has ids %v, which are not that token", name, ids)
			}
			if *end != noID {
				return noID, noID, fmt.Errorf("two special tokens on one side of the text: %q and %q", d.tokens[*end], name)
			}
			*end = ids[0]
		default:
			return noID, noID, errors.New("a piece is neither a SpecialToken nor a Sequence")
		}
	}
	if sequences != 1 {
		return noID, noID, fmt.Errorf("\"single\" holds %d sequences, not one", sequences)
	}
	return bos, eos, nil
}
