package corpus

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"unicode"
)

// Normalize reduces a text to its lower-case words (runs of letters and digits) joined by single
// spaces. Two texts that differ in case, punctuation, comment markers or line breaks alone have the
// same normal form. A text without any word is its own normal form: otherwise all rows of dashes
// would be one document.
func Normalize(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	gap := false
	for _, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(unicode.ToLower(r))
	}
	if b.Len() == 0 {
		return text
	}
	return b.String()
}

// digest identifies a text for de-duplication, splitting and sampling.
type digest [sha256.Size]byte

// keyed hashes a text under a seed and a purpose. The purpose keeps choices independent: with one
// hash for both, sampling the training side of a split with the same seed would draw from one end
// of the hash range only.
func keyed(purpose string, seed uint64, text string) digest {
	h := sha256.New()
	h.Write([]byte(purpose))
	h.Write(binary.LittleEndian.AppendUint64([]byte{0}, seed))
	h.Write([]byte(text))
	return digest(h.Sum(nil))
}

// unit maps a digest to [0, 1), uniformly.
func (d digest) unit() float64 {
	// 53 bits: a float64 holds them exactly, so the result never rounds up to 1.
	return float64(binary.BigEndian.Uint64(d[:8])>>11) / (1 << 53)
}
