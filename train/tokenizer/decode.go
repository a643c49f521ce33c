package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Decode returns the bytes the ids stand for, special tokens as their text. A
// cut inside a character gives bytes that are not valid UTF-8. Where encoding puts a
// space in front (Llama 2), one space at the start is dropped. The error names
// an id outside the vocabulary and its position.
func (t *Tokenizer) Decode(ids []int32) ([]byte, error) {
	var out []byte
	for i, id := range ids {
		if !t.has(id) {
			return nil, fmt.Errorf("tokenizer: id %d at position %d lies outside the vocabulary of %d tokens", id, i, t.VocabSize())
		}
		out = append(out, t.raw[id]...)
	}
	if t.strip && len(out) > 0 && out[0] == ' ' {
		out = out[1:]
	}
	return out, nil
}

// Token returns a token in vocabulary form, e.g. "ĠParis"; an id outside the
// vocabulary gives "⟨id 99999⟩".
func (t *Tokenizer) Token(id int32) string {
	if !t.has(id) {
		return fmt.Sprintf("⟨id %d⟩", id)
	}
	return t.tokens[id]
}

// Display returns a token in a form to read in plots and tables: "␣Paris" with
// each space as ␣, newline as ⏎, carriage return as ␍, tab as ⇥, a byte that is
// only part of a character as ⟨0xE2⟩, any other character that would not show
// as ⟨U+00A0⟩, a combining mark at the start on a dotted circle. Special tokens
// are as they are; an id outside the vocabulary gives "⟨id 99999⟩".
func (t *Tokenizer) Display(id int32) string {
	if !t.has(id) || t.IsSpecial(id) {
		return t.Token(id)
	}
	var b strings.Builder
	for i, s := 0, t.raw[id]; i < len(s); {
		r, w := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && w == 1:
			fmt.Fprintf(&b, "⟨0x%02X⟩", s[i])
		case r == ' ':
			b.WriteRune('␣')
		case r == '\n':
			b.WriteRune('⏎')
		case r == '\r':
			b.WriteRune('␍')
		case r == '\t':
			b.WriteRune('⇥')
		case i == 0 && unicode.IsMark(r):
			b.WriteRune('◌')
			b.WriteRune(r)
		case !unicode.IsGraphic(r) || unicode.IsSpace(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
		i += w
	}
	return b.String()
}
