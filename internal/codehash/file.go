package codehash

import (
	"crypto/sha256"
	"encoding/json"
	"go/parser"
	"go/scanner"
	"go/token"
	"hash"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
)

// cache holds what was found in files, by their paths, as long as their size and time of change
// stay. Hashing the sources of the whole toolkit takes a quarter of a second, and looking at their
// sizes a few milliseconds.
type cache struct {
	path    string // "" where nothing can be kept
	files   map[string]entry
	changed bool
}

// entry is what a file adds to a package.
type entry struct {
	Size    int64    `json:"size"`
	ModTime int64    `json:"mod_time"` // nanoseconds
	Hash    string   `json:"hash"`
	Imports []string `json:"imports,omitempty"`
	Embeds  []string `json:"embeds,omitempty"` // patterns of //go:embed
}

// openCache reads the cache; without one, or with a damaged one, every file is read anew.
func openCache() *cache {
	c := &cache{files: map[string]entry{}}
	dir, err := local.DataDir("cache")
	if err != nil {
		return c
	}
	c.path = filepath.Join(dir, "code.json")
	if text, err := os.ReadFile(c.path); err == nil && json.Unmarshal(text, &c.files) != nil {
		c.files = map[string]entry{}
	}
	return c
}

// save keeps the cache if something was added. It is none of the caller's business if that fails.
func (c *cache) save() {
	if !c.changed || c.path == "" {
		return
	}
	if text, err := json.Marshal(c.files); err == nil {
		_ = renameio.WriteFile(c.path, text, 0o644)
	}
	c.changed = false
}

// file returns what a file adds, read anew if it has changed.
func (c *cache) file(path string) (entry, error) {
	info, err := os.Stat(path)
	if err != nil {
		return entry{}, err
	}
	if e, ok := c.files[path]; ok && e.Size == info.Size() && e.ModTime == info.ModTime().UnixNano() {
		return e, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return entry{}, err
	}
	e := look(path, text)
	e.Size, e.ModTime = info.Size(), info.ModTime().UnixNano()
	c.files[path], c.changed = e, true
	return e, nil
}

// look hashes a file: of Go its tokens, of anything else its bytes.
func look(path string, text []byte) (e entry) {
	h := sha256.New()
	if filepath.Ext(path) != ".go" {
		h.Write(text)
		e.Hash = short(h)
		return e
	}
	if f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly); err == nil {
		for _, spec := range f.Imports {
			if name, err := strconv.Unquote(spec.Path.Value); err == nil {
				e.Imports = append(e.Imports, name)
			}
		}
	}
	cgo := false
	for _, name := range e.Imports {
		cgo = cgo || name == "C"
	}
	tokens(h, text, func(comment string) bool {
		if patterns, ok := strings.CutPrefix(comment, "//go:embed "); ok {
			e.Embeds = append(e.Embeds, strings.Fields(patterns)...)
		}
		return cgo || strings.HasPrefix(comment, "//go:")
	})
	e.Hash = short(h)
	return e
}

// tokens writes the tokens of Go source to a hash, and the comments that are kept.
func tokens(h hash.Hash, text []byte, keep func(comment string) bool) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, text, func(token.Position, string) {}, scanner.ScanComments)
	for {
		_, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return
		case tok == token.COMMENT:
			if keep(literal) {
				write(h, literal)
			}
			continue
		case tok == token.SEMICOLON:
			literal = "" // whether written or put in at the end of a line
		}
		write(h, tok.String(), literal)
	}
}
