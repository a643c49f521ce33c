package corpus

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
	"unicode/utf8"
)

// Unit says how much of a Go tree makes one document.
type Unit string

const (
	// UnitFile makes a document of a file's comments. They treat one subject in an order that
	// somebody chose, and are long enough for a context of hundreds of tokens.
	UnitFile Unit = "file"
	// UnitBlock makes a document of each comment: many and short.
	UnitBlock Unit = "block"
	// UnitPackage makes a document of a folder's comments: few, some very long.
	UnitPackage Unit = "package"
)

// GoDocConfig configures [OpenGoDoc]. Start from [DefaultGoDocConfig].
type GoDocConfig struct {
	GoTree
	Unit Unit `json:"unit"`
	// DocOnly keeps only the comments that document a declaration: about half the text, the more
	// polished half.
	DocOnly bool `json:"doc_only"`
	// MinWords is the number of words below which a comment that documents no declaration is left
	// out ("scratch locations"). Unused with DocOnly.
	MinWords int `json:"min_words"`
	// Code keeps the indented examples within comments.
	Code bool `json:"code"`
	// MinRunes is the length in characters below which a document is left out.
	MinRunes int `json:"min_runes"`
}

// DefaultGoDocConfig reads the whole toolchain, commands included, a document a file. What the
// choices give with Go 1.26.8, by `corpus godoc` with the flags named (lengths in characters; about
// 1.5 s on two cores):
//
//	                     documents       MB   median      p90
//	default                  2,254      8.5    1,691    9,116
//	-unit block             10,596      4.8      304      695
//	-unit package              529      8.6    4,408   33,470
//	-doc-only                1,910      4.8    1,208    5,736
//	-commands=false          1,543      5.5    1,478    8,399
//	-tests                   3,162      9.9    1,261    7,550
//
// Blocks lose half the text to MinRunes; packages come out very uneven; tests add lists of cases
// more than prose.
func DefaultGoDocConfig() GoDocConfig {
	return GoDocConfig{GoTree: GoTree{Commands: true}, Unit: UnitFile, MinWords: 6, Code: true, MinRunes: 200}
}

// Validate reports the first field that makes no sense.
func (c GoDocConfig) Validate() error {
	switch {
	case c.Unit != UnitFile && c.Unit != UnitBlock && c.Unit != UnitPackage:
		return fmt.Errorf("corpus: GoDocConfig.Unit is %q: use %q, %q or %q", c.Unit, UnitFile, UnitBlock, UnitPackage)
	case c.MinWords < 0:
		return fmt.Errorf("corpus: GoDocConfig.MinWords is %d: use 0 to keep every comment", c.MinWords)
	case c.MinRunes < 0:
		return fmt.Errorf("corpus: GoDocConfig.MinRunes is %d: use 0 to keep every document", c.MinRunes)
	}
	return nil
}

// OpenGoDoc reads the English comments of the Go standard library as documents: comment markers and
// line wrapping removed, paragraphs separated by a blank line; without licences, directives,
// commented-out code and generated files.
//
// No paragraph, list or example of 60 characters or more occurs twice, in whatever case or
// punctuation, since the library repeats some for every platform: a held-out document therefore
// shares none with a training document. The first occurrence in file order stays. A name is the
// path below src, with #L and the line for [UnitBlock].
//
// The documents depend on the toolchain's version and the configuration, not on the platform.
// Everything is read at once, in parallel.
func OpenGoDoc(cfg GoDocConfig) (*Memory, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	tree, err := cfg.files()
	if err != nil {
		return nil, err
	}
	type parsed struct {
		blocks []block
		err    error
	}
	filter := commentFilter{docOnly: cfg.DocOnly, minWords: cfg.MinWords, code: cfg.Code}
	files := mapParallel(len(tree.names), func(i int) parsed {
		src, err := tree.read(tree.names[i])
		if err != nil {
			return parsed{err: err}
		}
		blocks, file, err := filter.extract(tree.names[i], src)
		if err == nil && !cfg.Generated && ast.IsGenerated(file) {
			blocks = nil
		}
		return parsed{blocks, err}
	})
	a := assembler{unit: cfg.Unit, minRunes: cfg.MinRunes, seen: map[digest]bool{}}
	m := &Memory{recipe: recipe("comments of "+tree.version, cfg.withoutRoot())}
	for i, f := range files {
		if f.err != nil {
			m.warnings = append(m.warnings, fmt.Sprintf("left out: %v", f.err))
			continue
		}
		a.add(tree.names[i], f.blocks)
	}
	a.flush()
	if len(a.docs) == 0 {
		return nil, fmt.Errorf("corpus: no comment in the %d Go files of %s passes the options: lower MinRunes (%d) or MinWords (%d)",
			len(tree.names), tree.src, cfg.MinRunes, cfg.MinWords)
	}
	m.docs = a.docs
	// What is left to find are documents made of the same short paragraphs.
	m.docs, err = Collect(Dedup(m))
	return m, err
}

// withoutRoot is the configuration without what differs between machines.
func (c GoDocConfig) withoutRoot() GoDocConfig { c.Root = ""; return c }

// assembler joins blocks to documents and leaves out long paragraphs that it has seen before.
type assembler struct {
	unit     Unit
	minRunes int
	seen     map[digest]bool
	docs     []Document
	// pending is the document being put together.
	pending      []string
	pendingOwner string
}

func (a *assembler) add(file string, blocks []block) {
	for _, b := range blocks {
		owner := file
		switch a.unit {
		case UnitBlock:
			owner = fmt.Sprintf("%s#L%d", file, b.line)
		case UnitPackage:
			owner = path.Dir(file)
		}
		if owner != a.pendingOwner {
			a.flush()
			a.pendingOwner = owner
		}
		for _, p := range b.paragraphs {
			if p.long {
				if a.seen[p.key] {
					continue
				}
				a.seen[p.key] = true
			}
			a.pending = append(a.pending, p.text)
		}
	}
}

func (a *assembler) flush() {
	text := strings.Join(a.pending, "\n\n")
	a.pending = a.pending[:0]
	if utf8.RuneCountInString(text) >= max(a.minRunes, 1) {
		a.docs = append(a.docs, Document{Name: a.pendingOwner, Text: text})
	}
}
