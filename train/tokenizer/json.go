package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxJSON bounds the size of a tokenizer.json; Llama 3's has 17 MB.
const maxJSON = 256 << 20

// jsonFile is a tokenizer.json. Fields that are not listed are refused.
type jsonFile struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []jsonAdded     `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

type jsonAdded struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type jsonBPE struct {
	Type                    string           `json:"type"`
	Dropout                 *float64         `json:"dropout"`
	UnkToken                *string          `json:"unk_token"`
	ContinuingSubwordPrefix string           `json:"continuing_subword_prefix"`
	EndOfWordSuffix         string           `json:"end_of_word_suffix"`
	FuseUnk                 bool             `json:"fuse_unk"`
	ByteFallback            bool             `json:"byte_fallback"`
	IgnoreMerges            bool             `json:"ignore_merges"`
	Vocab                   map[string]int32 `json:"vocab"`
	Merges                  json.RawMessage  `json:"merges"`
}

// FromJSON reads a Hugging Face tokenizer.json with a byte-level BPE model and
// the pre-tokenizer of SmolLM2, GPT-2, Llama 3 or Qwen 2, or with a BPE model over characters
// with byte fallback, as Gemma, Llama 2 and Mistral have it, which tells itself by its
// normalizer (" " replaced by "▁") or its pre-tokenizer (Metaspace). Anything else that
// would change the ids (another normalizer, dropout, another pattern,
// a field it does not know, …) is refused by name.
//
// Saved truncation and padding are not applied, which [Tokenizer.Warnings] says.
// The post-processor is not applied: it is read only to learn which token is
// BOS or EOS.
func FromJSON(r io.Reader) (*Tokenizer, error) {
	t, err := fromJSON(r, maxJSON)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: %w", err)
	}
	return t, nil
}

func fromJSON(r io.Reader, limit int) (*Tokenizer, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	var f jsonFile
	if err := strictJSON(data, &f); err != nil {
		return nil, err
	}
	if f.Version != "1.0" {
		return nil, fmt.Errorf("version %q; only \"1.0\" is known", f.Version)
	}
	var warnings []string
	for _, e := range []struct {
		name, would string
		raw         json.RawMessage
	}{{"truncation", "cut texts short", f.Truncation}, {"padding", "fill texts up", f.Padding}} {
		if !isNull(e.raw) { // whoever saved the file last had this set, for a batch
			warnings = append(warnings, fmt.Sprintf("tokenizer.json has %s saved (%s), which would %s: it is not done", e.name, clip(e.raw), e.would))
		}
	}
	var d definition
	if err := d.parseNormalizer(f.Normalizer); err != nil {
		return nil, err
	}
	if err := d.parsePreTokenizer(f.PreTokenizer); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if d.pre.spaced() {
		err = d.parseSpacedDecoder(f.Decoder)
	} else {
		err = checkByteLevelDecoder(f.Decoder)
	}
	if err != nil {
		return nil, fmt.Errorf("decoder: %w", err)
	}
	if err := d.addModel(f.Model, f.AddedTokens); err != nil {
		return nil, err
	}
	if d.bos, d.eos, err = parsePostProcessor(f.PostProcessor, &d); err != nil {
		return nil, fmt.Errorf("post_processor: %w", err)
	}
	t, err := build(d)
	if err == nil {
		t.warnings = warnings
		t.addsBOS = d.bos != noID // it is known from the template alone
	}
	return t, err
}

// addModel reads the vocabulary, its added tokens and the merges.
func (d *definition) addModel(raw json.RawMessage, added []jsonAdded) error {
	typ, err := partType(raw)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	var m jsonBPE
	// Files of GPT-2's time have no type; merges tell a BPE.
	if typ != "BPE" && typ != "" {
		return fmt.Errorf("model: type %q is not supported; only \"BPE\" is", typ)
	}
	if err := strictJSON(raw, &m); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	switch {
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("model: dropout is %v; only null is supported", *m.Dropout)
	case m.ContinuingSubwordPrefix != "":
		return fmt.Errorf("model: continuing_subword_prefix is %q; only \"\" is supported", m.ContinuingSubwordPrefix)
	case m.EndOfWordSuffix != "":
		return fmt.Errorf("model: end_of_word_suffix is %q; only \"\" is supported", m.EndOfWordSuffix)
	case m.ByteFallback && !d.pre.spaced():
		return errors.New("model: byte_fallback is true; only false is supported without a normalizer or pre-tokenizer that writes spaces as \"▁\"")
	}
	d.ignoreMerges = m.IgnoreMerges
	if err := d.placeTokens(m.Vocab, added); err != nil {
		return err
	}
	if d.pre.spaced() {
		if err := d.checkSpacedModel(&m); err != nil {
			return err
		}
	}
	d.unk, d.fuseUnk = noID, m.FuseUnk
	if m.UnkToken != nil {
		id, ok := m.Vocab[*m.UnkToken]
		if !ok {
			return fmt.Errorf("model: unk_token %q is not in model.vocab", *m.UnkToken)
		}
		d.unk = id
	}
	d.merges, err = parseMerges(m.Merges)
	return err
}

// placeTokens lays vocabulary and added tokens out by id. The ids must be
// 0 … V−1, each once.
func (d *definition) placeTokens(vocab map[string]int32, added []jsonAdded) error {
	v := len(vocab)
	for _, a := range added {
		if _, ok := vocab[a.Content]; !ok {
			v++
		}
	}
	d.tokens = make([]string, v)
	d.kinds = make([]tokenKind, v)
	place := func(token string, id int32) error {
		if id < 0 || int(id) >= v {
			return fmt.Errorf("token %q has id %d, but there are %d tokens: ids must be 0 … %d without holes", token, id, v, v-1)
		}
		if token == "" {
			return fmt.Errorf("the token with id %d is empty", id)
		}
		if d.tokens[id] != "" {
			first, second := min(d.tokens[id], token), max(d.tokens[id], token)
			return fmt.Errorf("tokens %q and %q have the same id %d", first, second, id)
		}
		d.tokens[id] = token
		return nil
	}
	for token, id := range vocab {
		if err := place(token, id); err != nil {
			return fmt.Errorf("model.vocab: %w", err)
		}
	}
	seen := make(map[string]bool, len(added))
	for _, a := range added {
		if a.SingleWord || a.LStrip || a.RStrip {
			return fmt.Errorf("added_tokens: %q has single_word, lstrip or rstrip true; only false is supported", a.Content)
		}
		if seen[a.Content] {
			return fmt.Errorf("added_tokens: %q is listed twice", a.Content)
		}
		seen[a.Content] = true
		if id, ok := vocab[a.Content]; !ok {
			if err := place(a.Content, a.ID); err != nil {
				return fmt.Errorf("added_tokens: %w", err)
			}
		} else if id != a.ID {
			return fmt.Errorf("added_tokens: %q has id %d, but %d in model.vocab", a.Content, a.ID, id)
		}
		k := kindAdded
		if a.Special {
			k = kindSpecial
		}
		if a.Normalized {
			k |= kindLate
		}
		d.kinds[a.ID] = k
	}
	return nil
}

// parseMerges reads either form of merges: "left right" or ["left", "right"].
func parseMerges(raw json.RawMessage) ([][2]string, error) {
	var pairs [][]string
	var joined []string
	if err := json.Unmarshal(raw, &joined); err == nil {
		for _, m := range joined {
			pairs = append(pairs, strings.Split(m, " "))
		}
	} else if err := json.Unmarshal(raw, &pairs); err != nil {
		return nil, errors.New("model.merges: neither a list of \"left right\" nor of [\"left\", \"right\"]")
	}
	out := make([][2]string, len(pairs))
	for rank, p := range pairs {
		if len(p) != 2 || slices.Contains(p, "") {
			return nil, fmt.Errorf("model.merges: merge %d is %q, not two tokens", rank, p)
		}
		out[rank] = [2]string(p)
	}
	return out, nil
}

// strictJSON decodes one JSON value and refuses fields that v does not list.
func strictJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more data after the JSON value")
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// clip shortens JSON for an error message.
func clip(raw json.RawMessage) string {
	if len(raw) > 120 {
		return strings.ToValidUTF8(string(raw[:120]), "") + "…"
	}
	return string(raw)
}
