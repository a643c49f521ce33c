package corpus

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Summary says what a source holds. It is what a result keeps as the provenance of its text.
type Summary struct {
	// Recipe is the source's own: what was read, with which options.
	Recipe string `json:"recipe"`
	// Fingerprint is the SHA-256, in hexadecimal, of all texts in order, each preceded by its length in bytes as
	// a little-endian uint64. Names do not enter: the same texts in another folder have the same fingerprint.
	Fingerprint string `json:"fingerprint"`
	Documents   int    `json:"documents"`
	Bytes       int64  `json:"bytes"`
	// Runes counts characters; a byte of invalid UTF-8 counts as one.
	Runes int64 `json:"runes"`
	// Shortest, Median, P90 and Longest are lengths of documents in characters. Median and P90 are nearest-rank
	// percentiles, so each is the length of some document.
	Shortest int `json:"shortest"`
	Median   int `json:"median"`
	P90      int `json:"p90"`
	Longest  int `json:"longest"`
	// Warnings are the source's, and one that names the documents with invalid UTF-8.
	Warnings []string `json:"warnings,omitempty"`
}

// Summarize reads the whole source once. It costs as much as reading it does, about 0.2 s for 10 MB in memory.
func Summarize(src Source) (Summary, error) {
	s := Summary{Recipe: src.Recipe(), Warnings: src.Warnings()}
	h := sha256.New()
	var lengths []int
	var invalid []string
	for d, err := range src.Documents() {
		if err != nil {
			return Summary{}, err
		}
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(d.Text))))
		io.WriteString(h, d.Text)
		n := utf8.RuneCountInString(d.Text)
		lengths = append(lengths, n)
		s.Documents++
		s.Bytes += int64(len(d.Text))
		s.Runes += int64(n)
		if !d.ValidUTF8() {
			invalid = append(invalid, d.Name)
		}
	}
	s.Fingerprint = hex.EncodeToString(h.Sum(nil))
	if len(lengths) > 0 {
		slices.Sort(lengths)
		rank := func(percent int) int { return lengths[(len(lengths)*percent+99)/100-1] }
		s.Shortest, s.Median, s.P90, s.Longest = lengths[0], rank(50), rank(90), rank(100)
	}
	if len(invalid) > 0 {
		const shown = 5
		names := strings.Join(invalid[:min(shown, len(invalid))], ", ")
		if len(invalid) > shown {
			names += ", …"
		}
		s.Warnings = append(s.Warnings, fmt.Sprintf("invalid UTF-8, kept as bytes, in %d of %d documents: %s", len(invalid), s.Documents, names))
	}
	return s, nil
}
