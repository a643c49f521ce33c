package security

import (
	"bufio"
	"bytes"
	_ "embed" // the prompts that come with the package
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Pair is two messages of one form and about one length: one that a polite assistant declines in
// part or in whole, and one that there is no reason to decline.
type Pair struct {
	Mild     string `json:"mild"`
	Harmless string `json:"harmless"`
}

// Messages lists those of pairs, all mild ones first, then all harmless ones.
func Messages(pairs []Pair) (list []string) {
	for _, p := range pairs {
		list = append(list, p.Mild)
	}
	for _, p := range pairs {
		list = append(list, p.Harmless)
	}
	return list
}

//go:embed prompts.jsonl
var shipped []byte

// Pairs are the twenty that come with the package, written for it. They are mild: gossip, cheating
// at small things, questions that an assistant cannot know the answer to. Nothing that is said to
// them is worth keeping from anybody.
func Pairs() []Pair {
	pairs, err := parsePairs(bytes.NewReader(shipped))
	if err != nil {
		panic(err) // unreachable: a test reads them
	}
	return pairs
}

// ReadPairs reads a file of one's own: a JSON object a line, {"mild": "…", "harmless": "…"}. ""
// stands for [Pairs].
func ReadPairs(path string) ([]Pair, error) {
	if path == "" {
		return Pairs(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("security: %w", err)
	}
	defer f.Close()
	pairs, err := parsePairs(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pairs, nil
}

func parsePairs(r io.Reader) (pairs []Pair, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.DisallowUnknownFields()
		var p Pair
		if err := dec.Decode(&p); err != nil {
			return nil, fmt.Errorf("security: line %d: %w: write {\"mild\": \"…\", \"harmless\": \"…\"}", n, err)
		}
		if p.Mild == "" || p.Harmless == "" {
			return nil, fmt.Errorf("security: line %d: both messages of a pair are needed", n)
		}
		pairs = append(pairs, p)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("security: %w", err)
	}
	if len(pairs) == 0 {
		return nil, errors.New("security: no pairs of messages")
	}
	return pairs, nil
}
