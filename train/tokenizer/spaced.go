package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Vocabularies of Gemma, Llama 2, Mistral come from SentencePiece. Their tokens are written
// in plain characters, with "▁" for a space, and bytes as "<0x00>" … "<0xFF>". The text
// between added tokens is one word; merging starts from its characters, and a character
// without a token becomes the tokens of its bytes (byte fallback). The rules are those of
// the library's BPE model with byte_fallback and fuse_unk; for merging by scores see
// scores.go.

// spacePrefix says where a "▁" is put before the text, as if it began with a space.
type spacePrefix string

const (
	prefixNone   spacePrefix = ""       // nowhere: Gemma
	prefixPieces spacePrefix = "pieces" // before each piece between added tokens: Llama 2, and GGUF

	// By Metaspace, which comes after late added tokens are cut out.
	prefixAlways spacePrefix = "always" // as pieces, unless the piece begins with a space
	prefixFirst  spacePrefix = "first"  // the same, only where nothing stands before: Mistral
	prefixNever  spacePrefix = "never"
)

// normalizes tells whether spaces are "▁" where late added tokens are looked for.
func (p spacePrefix) normalizes() bool { return p == prefixNone || p == prefixPieces }

// wantsPrefix tells where Metaspace puts one, past the search for added tokens.
func (e *encoder) wantsPrefix(s string) bool {
	switch e.t.prefix {
	case prefixFirst:
		if e.offset > 0 {
			return false
		}
	case prefixAlways:
	default:
		return false
	}
	return !strings.HasPrefix(s, " ") && !strings.HasPrefix(s, spaceMark)
}

// prefixed puts a space before s, which is none of the text's bytes.
func (e *encoder) prefixed(s string) string {
	e.offset--
	return " " + s
}

// spacedNext is the length of the first word of s, up to the next space.
func spacedNext(_ *classTable, s string) int {
	first := 1 // byte: what is no mark of a space does not end a word
	if strings.HasPrefix(s, spaceMark) {
		first = len(spaceMark)
	}
	for i := first; i < len(s); i++ {
		if s[i] == ' ' || strings.HasPrefix(s[i:], spaceMark) {
			return i
		}
	}
	return len(s)
}

// spaceMark is how the vocabulary writes a space (U+2581).
const spaceMark, spaceMarkRune = "▁", '▁'

// byteOfToken tells the tokens of single bytes, "<0x0A>".
func byteOfToken(token string) (b byte, ok bool) {
	if len(token) != len("<0x00>") || token[:3] != "<0x" || token[5] != '>' || strings.ToUpper(token[3:5]) != token[3:5] {
		return 0, false
	}
	n, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(n), err == nil
}

// spacedRaw gives the bytes a token stands for. Added tokens are no exception: "▁▁"
// among them also comes of merging two spaces.
func spacedRaw(token string) string {
	if b, ok := byteOfToken(token); ok {
		return string([]byte{b})
	}
	return strings.ReplaceAll(token, spaceMark, " ")
}

// setCharacters finds the tokens of single characters and of bytes.
func (t *Tokenizer) setCharacters() {
	for b := range t.byteID {
		t.byteID[b] = noID
	}
	t.charID = map[rune]int32{}
	for i, token := range t.tokens {
		id := int32(i)
		if b, ok := byteOfToken(token); ok && t.kinds[i] == kindNormal {
			t.byteID[b] = id
		} else if r, w := utf8.DecodeRuneInString(token); w == len(token) && t.reachable(id) {
			t.charID[r] = id
		}
	}
}

// characters lays out the tokens that merging a word starts from; complete is as in
// merge. Bytes that are not UTF-8 count as characters without a token.
func (e *encoder) characters(word string) (complete bool, err error) {
	t, sym := e.t, e.scratch.symbols[:0]
	complete = true
	unknown := false // an unknown token is due, for all such characters up to the next known
	for i := 0; i < len(word); {
		r, w := utf8.DecodeRuneInString(word[i:])
		if r == ' ' {
			r = spaceMarkRune
		}
		id, ok := t.charID[r]
		if ok && (r != utf8.RuneError || w > 1) {
			if unknown {
				sym, unknown = appendSymbol(sym, t.unk), false
			}
			sym = appendSymbol(sym, id)
		} else if lacks := firstMissing(t, word[i:i+w]); lacks < 0 {
			for j := range w {
				sym = appendSymbol(sym, t.byteID[word[i+j]])
			}
		} else {
			if !e.o.AllowMissing {
				return false, e.missing(word, i+lacks)
			}
			complete, unknown = false, t.unk != noID
		}
		i += w
	}
	if unknown {
		sym = appendSymbol(sym, t.unk)
	}
	e.scratch.symbols = sym
	return complete, nil
}

// firstMissing is the index of the first byte without a token, or −1: a character
// is written in bytes only where all of them have one.
func firstMissing[S string | []byte](t *Tokenizer, s S) int {
	for i := range len(s) {
		if t.byteID[s[i]] == noID {
			return i
		}
	}
	return -1
}

// spacedPrefix is how many bytes of s the pattern takes at its start, a space of s
// counting as "▁"; 0 if s does not begin so.
func spacedPrefix(s, pattern string) int {
	n := 0
	for pattern != "" {
		switch {
		case n < len(s) && s[n] == pattern[0]:
			n, pattern = n+1, pattern[1:]
		case n < len(s) && s[n] == ' ' && strings.HasPrefix(pattern, spaceMark):
			n, pattern = n+1, pattern[len(spaceMark):]
		default:
			return 0
		}
	}
	return n
}
