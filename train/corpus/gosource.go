package corpus

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// GoSourceConfig configures [OpenGoSource]. Start from [DefaultGoSourceConfig].
type GoSourceConfig struct {
	GoTree
	// Licences keeps the licence notice at the head of each file. Without it, documents do not all
	// begin with the same 150 bytes, which matters where the first tokens are what is studied.
	Licences bool `json:"licences"`
}

// DefaultGoSourceConfig reads the whole toolchain, commands included, without licence headers.
func DefaultGoSourceConfig() GoSourceConfig {
	return GoSourceConfig{GoTree: GoTree{Commands: true}}
}

// Validate implements the check that every configuration has; no combination of flags is wrong.
func (c GoSourceConfig) Validate() error { return nil }

// OpenGoSource reads the files of a Go source tree as documents, names being paths below src.
// Everything is read at once, in parallel. Files that do not parse as Go are left out with a
// warning.
func OpenGoSource(cfg GoSourceConfig) (*Memory, error) {
	tree, err := cfg.files()
	if err != nil {
		return nil, err
	}
	type loaded struct {
		text string
		err  error
	}
	files := mapParallel(len(tree.names), func(i int) loaded {
		src, err := tree.read(tree.names[i])
		if err != nil {
			return loaded{err: fmt.Errorf("corpus: %w", err)}
		}
		text, err := cfg.text(tree.names[i], src)
		return loaded{text, err}
	})
	withoutRoot := cfg
	withoutRoot.Root = ""
	m := &Memory{recipe: recipe("source files of "+tree.version, withoutRoot)}
	for i, f := range files {
		if f.err != nil {
			m.warnings = append(m.warnings, fmt.Sprintf("left out: %v", f.err))
			continue
		}
		if f.text != "" {
			m.docs = append(m.docs, Document{tree.names[i], f.text})
		}
	}
	if len(m.docs) == 0 {
		return nil, fmt.Errorf("corpus: none of the %d Go files of %s passes the options, or parses: %s",
			len(tree.names), tree.src, strings.Join(m.warnings, "; "))
	}
	return m, nil
}

// text is the document that a file makes, empty if it is left out.
func (c GoSourceConfig) text(name string, src []byte) (string, error) {
	fset := token.NewFileSet()
	// The head is enough to see what the file is: the licence and the mark of generated files
	// precede the package clause.
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return "", fmt.Errorf("corpus: %w", err)
	}
	if !c.Generated && ast.IsGenerated(file) {
		return "", nil
	}
	text := string(src)
	if c.Licences {
		return text, nil
	}
	// From the last comment to the first, so that offsets stay valid while cutting.
	for i := len(file.Comments) - 1; i >= 0; i-- {
		if g := file.Comments[i]; g.End() <= file.Package && isLicence(g.Text()) {
			start, end := fset.PositionFor(g.Pos(), false).Offset, fset.PositionFor(g.End(), false).Offset
			text = text[:start] + text[end:]
		}
	}
	return strings.TrimLeft(text, "\n"), nil
}
