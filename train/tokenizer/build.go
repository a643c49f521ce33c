package tokenizer

import (
	"fmt"
	"hash/maphash"
	"math"
	"sync"
)

// definition is what every source of a tokenizer is brought to. build checks it.
type definition struct {
	pre          preTokenizer
	ignoreMerges bool
	unk          int32
	fuseUnk      bool
	tokens       []string // [V]
	kinds        []tokenKind
	merges       [][2]string // in order of rank
	scores       []float32   // [V], for merging by scores in place of merges; else nil
	nfc          bool        // text is brought to Unicode's normal form C first
	prefix       spacePrefix
	strip        bool // decoding drops one space at the start of the text
	bos, eos     int32
}

// build checks a definition and makes the tables that encoding needs. Errors
// name the token or merge at fault; the caller adds where it came from.
func build(d definition) (*Tokenizer, error) {
	v := len(d.tokens)
	if v == 0 {
		return nil, fmt.Errorf("the vocabulary is empty")
	}
	if v > math.MaxInt32 || len(d.merges) > math.MaxInt32 {
		return nil, fmt.Errorf("%d tokens and %d merges: more than 2³¹−1", v, len(d.merges))
	}
	t := &Tokenizer{
		pre: d.pre, ignoreMerges: d.ignoreMerges, unk: d.unk, fuseUnk: d.fuseUnk,
		nfc: d.nfc, prefix: d.prefix, strip: d.strip,
		tokens: d.tokens, kinds: d.kinds,
		raw: make([]string, v), ids: make(map[string]int32, v),
		merges: make(map[uint64]mergeRule, len(d.merges)),
		bos:    d.bos, eos: d.eos, pad: noID,
		seed: maphash.MakeSeed(), cache: new(wordCache),
		scratch: &sync.Pool{New: func() any { return new(mergeScratch) }},
	}
	for i, tok := range d.tokens {
		if tok == "" {
			return nil, fmt.Errorf("token %d is empty", i)
		}
		if first, dup := t.ids[tok]; dup {
			return nil, fmt.Errorf("token %q has two ids, %d and %d", tok, first, i)
		}
		t.ids[tok] = int32(i)
		t.raw[i] = rawBytes(d.pre, tok, d.kinds[i])
	}
	for _, e := range []struct {
		name string
		id   int32
	}{{"BOS", d.bos}, {"EOS", d.eos}, {"unknown token", d.unk}} {
		if e.id != noID && !t.has(e.id) {
			return nil, fmt.Errorf("%s id %d lies outside the vocabulary of %d tokens", e.name, e.id, v)
		}
	}
	t.setBytes()
	if err := t.setMerges(d.merges); err != nil {
		return nil, err
	}
	if err := t.setScores(d.scores); err != nil {
		return nil, err
	}
	if d.ignoreMerges {
		t.whole = make(map[string]int32, v)
		for i, r := range t.raw {
			if t.reachable(int32(i)) {
				t.whole[r] = int32(i)
			}
		}
	}
	t.early, t.late = newAddedTokens(t, false), newAddedTokens(t, true)
	t.fingerprint = hashDefinition(&d)
	return t, nil
}

// rawBytes gives the bytes a token stands for. Added tokens are written as
// they appear in text; so is a token with characters that stand for no byte.
func rawBytes(pre preTokenizer, token string, k tokenKind) string {
	if pre.spaced() {
		return spacedRaw(token)
	}
	if k == kindNormal {
		if raw, ok := formToBytes(token); ok {
			return raw
		}
	}
	return token
}

// reachable reports whether the model, past the search for added tokens, may make this token. An
// added token may be one of the model's too if its text in vocabulary form is its text. In a
// vocabulary that writes spaces as "▁" that holds for all of them, and the token of a byte is made
// only for want of another.
func (t *Tokenizer) reachable(id int32) bool {
	switch t.kinds[id].base() {
	case kindNormal:
		if t.pre.spaced() {
			_, isByte := byteOfToken(t.tokens[id])
			return !isByte
		}
		return true
	case kindAdded:
		if t.pre.spaced() {
			return true
		}
		raw, ok := formToBytes(t.tokens[id])
		return ok && raw == t.raw[id]
	default:
		return false
	}
}

func (t *Tokenizer) setBytes() {
	if t.pre.spaced() {
		t.setCharacters()
		return
	}
	for b := range t.byteID {
		t.byteID[b] = noID
		if id, ok := t.ids[string(byteToRune[b])]; ok && t.reachable(id) {
			t.byteID[b] = id
		}
	}
}

func (t *Tokenizer) setMerges(merges [][2]string) error {
	for rank, m := range merges {
		var id [3]int32
		for i, tok := range []string{m[0], m[1], m[0] + m[1]} {
			found, ok := t.ids[tok]
			if !ok {
				return fmt.Errorf("merge %d (%q + %q): token %q is not in the vocabulary", rank, m[0], m[1], tok)
			}
			id[i] = found
		}
		if !t.reachable(id[2]) {
			if t.pre.spaced() {
				// SentencePiece lists every pair that spells a token. Text that spells this
				// one is either cut out before or must not become it.
				continue
			}
			return fmt.Errorf("merge %d (%q + %q) makes %q, which is a special, unused or added token: plain text could become it", rank, m[0], m[1], t.tokens[id[2]])
		}
		key := pair(id[0], id[1])
		if first, dup := t.merges[key]; dup {
			return fmt.Errorf("merge %d (%q + %q) repeats merge %d", rank, m[0], m[1], first.rank)
		}
		t.merges[key] = mergeRule{rank: int32(rank), id: id[2]}
	}
	return nil
}
