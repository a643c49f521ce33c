package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Gemma's vocabulary comes from SentencePiece. Its tokens are written in plain
// characters, with "▁" for a space, and bytes as "<0x00>" … "<0xFF>". The text
// between added tokens is one word; merging starts from its characters, and a
// character without a token becomes the tokens of its bytes (byte fallback). The
// rules are those of the library's BPE model with byte_fallback and fuse_unk.

// gemmaSpace is how the vocabulary writes a space (U+2581).
const gemmaSpace, gemmaSpaceRune = "▁", '▁'

// byteOfToken tells the tokens of single bytes, "<0x0A>".
func byteOfToken(token string) (b byte, ok bool) {
	if len(token) != len("<0x00>") || token[:3] != "<0x" || token[5] != '>' || strings.ToUpper(token[3:5]) != token[3:5] {
		return 0, false
	}
	n, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(n), err == nil
}

// gemmaRaw gives the bytes a token stands for. Added tokens are no exception: "▁▁"
// among them also comes of merging two spaces.
func gemmaRaw(token string) string {
	if b, ok := byteOfToken(token); ok {
		return string([]byte{b})
	}
	return strings.ReplaceAll(token, gemmaSpace, " ")
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
			r = gemmaSpaceRune
		}
		id, ok := t.charID[r]
		if ok && (r != utf8.RuneError || w > 1) {
			if unknown {
				sym, unknown = appendSymbol(sym, t.unk), false
			}
			sym = appendSymbol(sym, id)
		} else if lacks := t.firstMissing(word[i : i+w]); lacks < 0 {
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
func (t *Tokenizer) firstMissing(s string) int {
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
		case n < len(s) && s[n] == ' ' && strings.HasPrefix(pattern, gemmaSpace):
			n, pattern = n+1, pattern[len(gemmaSpace):]
		default:
			return 0
		}
	}
	return n
}
