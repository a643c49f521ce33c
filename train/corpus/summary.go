package corpus

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Summary says what a source holds. It is what a result keeps as the provenance of its text.
type Summary struct {
	// Recipe is the source's own: what was read, with which options.
	Recipe string `json:"recipe"`
	// Fingerprint is the SHA-256, in hexadecimal, of all texts in order, each preceded by its
	// length in bytes as a little-endian uint64. Names do not enter: the same texts in another
	// folder have the same fingerprint.
	Fingerprint string `json:"fingerprint"`
	Documents   int    `json:"documents"`
	Bytes       int64  `json:"bytes"`
	// Runes counts characters; a byte of invalid UTF-8 counts as one.
	Runes int64 `json:"runes"`
	// Shortest, Median, P90 and Longest are lengths of documents in characters. Median and P90 are
	// nearest-rank percentiles, so each is the length of some document.
	Shortest int `json:"shortest"`
	Median   int `json:"median"`
	P90      int `json:"p90"`
	Longest  int `json:"longest"`
	// Warnings are the source's, and one that names the documents with invalid UTF-8.
	Warnings []string `json:"warnings,omitempty"`
}

// Summarize reads the whole source once. It costs as much as reading it does, about 0.2 s for 10 MB
// in memory.
func Summarize(src Source) (Summary, error) {
	s := newSummarizer()
	for d, err := range src.Documents() {
		if err != nil {
			return Summary{}, err
		}
		s.add(d)
	}
	return s.summary(src.Recipe(), src.Warnings()), nil
}

// summarizer counts documents as they pass.
type summarizer struct {
	texts    hash.Hash
	sums     Summary
	lengths  []int
	invalid  []string // the first names of documents with invalid UTF-8
	nInvalid int
}

func newSummarizer() *summarizer { return &summarizer{texts: sha256.New()} }

func (s *summarizer) add(d Document) {
	s.texts.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(d.Text))))
	io.WriteString(s.texts, d.Text)
	n := utf8.RuneCountInString(d.Text)
	s.lengths = append(s.lengths, n)
	s.sums.Documents++
	s.sums.Bytes += int64(len(d.Text))
	s.sums.Runes += int64(n)
	if !d.ValidUTF8() {
		s.nInvalid++
		if len(s.invalid) < namesShown {
			s.invalid = append(s.invalid, d.Name)
		}
	}
}

// namesShown is how many documents a warning names.
const namesShown = 5

// summary is what was counted so far.
func (s *summarizer) summary(recipe string, warnings []string) Summary {
	out := s.sums
	out.Recipe, out.Warnings = recipe, slices.Clone(warnings)
	out.Fingerprint = hex.EncodeToString(s.texts.Sum(nil))
	if len(s.lengths) > 0 {
		lengths := slices.Sorted(slices.Values(s.lengths))
		rank := func(percent int) int { return lengths[(len(lengths)*percent+99)/100-1] }
		out.Shortest, out.Median, out.P90, out.Longest = lengths[0], rank(50), rank(90), rank(100)
	}
	if s.nInvalid > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("invalid UTF-8, kept as bytes, in %d of %d documents: %s",
			s.nInvalid, out.Documents, firstNames(s.invalid, s.nInvalid)))
	}
	return out
}

// firstNames lists the first of n names.
func firstNames(names []string, n int) string {
	list := strings.Join(names, ", ")
	if n > len(names) {
		list += ", …"
	}
	return list
}
