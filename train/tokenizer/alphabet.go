package tokenizer

import "strings"

// Vocabularies of byte-level BPE write each byte as one printable character
// (Radford et al. 2019): bytes that are printable in Latin-1 stand for
// themselves, the 68 others are U+0100, U+0101, … in order of their value. So
// a space is "Ġ" (U+0120) and a newline "Ċ" (U+010A).
var (
	byteToRune [256]rune
	runeToByte [0x100 + 68]int16 // -1: no byte is written so
)

func init() {
	for i := range runeToByte {
		runeToByte[i] = -1
	}
	next := rune(0x100)
	for b := range byteToRune {
		r := rune(b)
		if !('!' <= r && r <= '~' || '¡' <= r && r <= '¬' || '®' <= r && r <= 'ÿ') {
			r = next
			next++
		}
		byteToRune[b] = r
		runeToByte[r] = int16(b)
	}
}

// bytesToForm writes raw bytes in vocabulary form: " Paris" becomes "ĠParis".
func bytesToForm(raw string) string {
	var b strings.Builder
	for i := range len(raw) {
		b.WriteRune(byteToRune[raw[i]])
	}
	return b.String()
}

// formToBytes is the inverse of bytesToForm; ok is false if a character of
// form stands for no byte.
func formToBytes(form string) (raw string, ok bool) {
	b := make([]byte, 0, len(form))
	for _, r := range form {
		if int(r) >= len(runeToByte) || runeToByte[r] < 0 {
			return "", false
		}
		b = append(b, byte(runeToByte[r]))
	}
	return string(b), true
}
