package codehash

import (
	"crypto/sha256"
	"encoding/json"
	"go/scanner"
	"go/token"
	"hash"
	"os"
	"path/filepath"

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

// entry is what was found in a file.
type entry struct {
	Size    int64   `json:"size"`
	ModTime int64   `json:"mod_time"` // nanoseconds
	Hash    string  `json:"hash"`     // of Go, what counts with each of the declarations
	Package string  `json:"package,omitempty"`
	Imports []spec  `json:"imports,omitempty"`
	Pieces  []piece `json:"pieces,omitempty"`
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
	var e entry
	if filepath.Ext(path) == ".go" {
		s, _, err := cut(path, text)
		if err != nil {
			return entry{}, err
		}
		e = s.entry
	} else {
		h := sha256.New()
		h.Write(text)
		e.Hash = short(h)
	}
	e.Size, e.ModTime = info.Size(), info.ModTime().UnixNano()
	c.files[path], c.changed = e, true
	return e, nil
}

// tokens writes the tokens of Go source to a hash.
func tokens(h hash.Hash, text []byte) {
	scan(text, func(tok token.Token, literal string) {
		if tok == token.SEMICOLON {
			literal = "" // whether written or put in at the end of a line
		}
		if tok != token.COMMENT {
			write(h, tok.String(), literal)
		}
	})
}

// scan goes through the tokens and comments of Go source.
func scan(text []byte, each func(tok token.Token, literal string)) {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), text, func(token.Position, string) {}, scanner.ScanComments)
	for {
		_, tok, literal := s.Scan()
		if tok == token.EOF {
			return
		}
		each(tok, literal)
	}
}
