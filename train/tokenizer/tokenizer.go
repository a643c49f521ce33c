// Package tokenizer turns text into token ids and back: byte-level byte-pair
// encoding (BPE) for SmolLM2, GPT-2, GPT-NeoX, Llama 3 and Qwen vocabularies, read from a
// Hugging Face tokenizer.json or from GGUF metadata; SentencePiece's BPE over characters
// with byte fallback for those of Gemma, Llama 2 and Mistral, by merges from a
// tokenizer.json or by scores from GGUF; and raw bytes.
//
// Byte-level BPE works in three steps. The text is first cut at added tokens
// such as <|endoftext|>; each piece is cut into pre-tokens (roughly words) by a
// pattern that belongs to the model; the bytes of each pre-token are then
// merged pair by pair, lowest merge rank first, leftmost first among equals.
// No pre-token, merge or special token is ever added or dropped silently: in
// particular no BOS is added by [Tokenizer.Encode]. Whether a sequence starts
// with BOS is an experimental condition, set by [BOSPolicy].
//
// SentencePiece's vocabularies have no pre-tokens: the text between added tokens is one
// word, its spaces written as "▁" (U+2581), and where the file asks for it one more put in
// front, which decoding drops again at the start of a text. Merging starts from characters, and a
// character without a token becomes the tokens of its bytes, "<0xE2>" and so on.
// Decoding writes "▁" as a space, wherever it comes from, so this one character does
// not survive. Merges that would make a special token, or that of a byte, from plain
// text are left out: they are met only in text that spells such a token out.
//
// Qwen's and GPT-NeoX's (Pythia's) bring the text to Unicode's normal form C first: ids are
// those of the normal form, and decode to it.
//
// The ids equal those of the Python libraries tokenizers 0.23.3 and sentencepiece 0.2.3;
// the golden files in testdata and the scripts that made them say on which strings.
//
// Bytes that are not valid UTF-8 are accepted: each such byte counts as one
// character that is neither letter, number nor white space, so it is cut and
// merged like punctuation, and decodes to itself. (In a SentencePiece vocabulary it
// becomes its byte's token.)
package tokenizer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
)

// Tokenizer maps text to token ids in [0, V) and back. It is immutable as far
// as its user can see and safe for concurrent use.
type Tokenizer struct {
	pre          preTokenizer
	ignoreMerges bool
	nfc          bool // text is brought to Unicode's normal form C first
	prefix       spacePrefix
	strip        bool  // decoding drops one space at the start of the text
	unk          int32 // stands for bytes without a token; noID: none does
	fuseUnk      bool  // one unk for a run of such bytes

	tokens []string         // [V] vocabulary form, e.g. "ĠParis"
	raw    []string         // [V] the bytes each token stands for, e.g. " Paris"
	kinds  []tokenKind      // [V]
	ids    map[string]int32 // vocabulary form → id

	byteID [256]int32           // id of each single byte, noID where there is none
	charID map[rune]int32       // character → id, where characters are what merging starts from
	merges map[uint64]mergeRule // pair(left, right) → rule
	whole  map[string]int32     // raw bytes → id, for ignoreMerges only

	// Merging by scores only, see scores.go.
	ranks   []int32 // [V] by score, the best first; −1 where no merge makes the token
	longest int     // bytes of the longest token

	early, late addedTokens // added tokens, in the order they are looked for

	bos, eos    int32 // noID where there is none
	pad         int32 // likewise
	addsBOS     bool
	fingerprint string
	warnings    []string

	seed    maphash.Seed
	cache   *wordCache
	scratch *sync.Pool // of *mergeScratch
}

// noID stands for an absent token.
const noID int32 = -1

// tokenKind says how a token takes part in encoding.
type tokenKind uint8

const (
	kindNormal tokenKind = iota
	// kindSpecial is a control token: read in text only on request.
	kindSpecial
	// kindAdded is cut out of the text before the pre-tokenizer sees it.
	kindAdded
	// kindUnused has an id and a text but no text ever maps to it.
	kindUnused
	// kindLate, set beside kindSpecial or kindAdded, marks tokens with
	// "normalized": true: they are looked for after all others.
	kindLate tokenKind = 1 << 7
)

func (k tokenKind) base() tokenKind { return k &^ kindLate }

// VocabSize returns V, the number of token ids.
func (t *Tokenizer) VocabSize() int { return len(t.tokens) }

// Kind names the pre-tokenizer: "smollm2", "gpt2", "llama3", "qwen2", "gemma"
// (SentencePiece's, whichever model's), "gemma-words" or "bytes".
func (t *Tokenizer) Kind() string { return string(t.pre) }

// BOS returns the id of the beginning-of-sequence token; ok is false if the
// tokenizer has none.
func (t *Tokenizer) BOS() (id int32, ok bool) { return t.bos, t.bos != noID }

// EOS returns the id of the end-of-sequence token; ok is false if the
// tokenizer has none.
func (t *Tokenizer) EOS() (id int32, ok bool) { return t.eos, t.eos != noID }

// Pad returns the id of the padding token; ok is false if the files name none.
func (t *Tokenizer) Pad() (id int32, ok bool) { return t.pad, t.pad != noID }

// AddsBOS reports whether the model's files ask for BOS in front of every text: add_bos_token in
// tokenizer_config.json or GGUF, or a TemplateProcessing with BOS in tokenizer.json. It is what the
// model was trained with, so that a text without may be read by a model that never saw one.
// [Tokenizer.Encode] adds none all the same.
func (t *Tokenizer) AddsBOS() bool { return t.addsBOS }

// Warnings says what the tokenizer's files ask for that is not done here, such as cutting
// texts at a saved length.
func (t *Tokenizer) Warnings() []string { return t.warnings }

// ID returns the id of a token given in vocabulary form, e.g. "ĠParis".
func (t *Tokenizer) ID(token string) (id int32, ok bool) {
	id, ok = t.ids[token]
	return id, ok
}

// IsAdded reports whether id is a token that is cut out of the text before merging, special
// or not. Files may have more of these than the model has rows.
func (t *Tokenizer) IsAdded(id int32) bool {
	return t.has(id) && (t.kinds[id].base() == kindSpecial || t.kinds[id].base() == kindAdded)
}

// IsSpecial reports whether id is a control token such as <|endoftext|>.
func (t *Tokenizer) IsSpecial(id int32) bool {
	return t.has(id) && t.kinds[id].base() == kindSpecial
}

// Fingerprint is the SHA-256, in hex, of all that decides which ids a text
// gets: pre-tokenizer, vocabulary with the kind of each token, merges, and what
// stands for a byte without a token. BOS and EOS are left out: they take no part
// in Encode, and a tokenizer.json need not name them.
func (t *Tokenizer) Fingerprint() string { return t.fingerprint }

// WithBOSEOS returns a copy of t whose BOS and EOS are the given tokens, in
// vocabulary form; "" means none. It serves files that do not name them (the
// tokenizer.json of GPT-2 and of SmolLM2; see also [Tokenizer.WithConfig]). What
// the files ask for in front holds for their own BOS only: see [Tokenizer.AddsBOS].
func (t *Tokenizer) WithBOSEOS(bos, eos string) (*Tokenizer, error) {
	c := *t
	for _, f := range []struct {
		name, token string
		id          *int32
	}{{"BOS", bos, &c.bos}, {"EOS", eos, &c.eos}} {
		*f.id = noID
		if f.token == "" {
			continue
		}
		id, ok := t.ids[f.token]
		if !ok {
			return nil, fmt.Errorf("tokenizer: %s token %q is not in the vocabulary of %d tokens", f.name, f.token, t.VocabSize())
		}
		*f.id = id
	}
	c.addsBOS = t.addsBOS && c.bos == t.bos
	return &c, nil
}

func (t *Tokenizer) has(id int32) bool { return id >= 0 && int(id) < len(t.tokens) }

// hashDefinition computes the fingerprint. Every string is preceded by its
// length, so that no two definitions give the same input.
func hashDefinition(d *definition) string {
	h := sha256.New()
	var n [8]byte
	num := func(v int) {
		binary.LittleEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	str := func(s string) {
		num(len(s))
		h.Write([]byte(s))
	}
	str(string(d.pre))
	num(len(d.tokens))
	for i, tok := range d.tokens {
		str(tok)
		num(int(d.kinds[i]))
	}
	num(len(d.merges))
	for _, m := range d.merges {
		str(m[0])
		str(m[1])
	}
	str(fmt.Sprint(d.ignoreMerges, d.unk, d.fuseUnk))
	// Written only where they are set: fingerprints from before they were known still hold.
	if d.nfc {
		str("NFC")
	}
	if d.prefix != prefixNone {
		str("prefix " + string(d.prefix))
	}
	if d.scores != nil {
		num(len(d.scores))
		for _, s := range d.scores {
			num(int(math.Float32bits(s)))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
