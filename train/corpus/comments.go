package corpus

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// block is one comment of a Go file as prose.
type block struct {
	line       int // 1-based, of the comment's first line
	paragraphs []paragraph
}

// paragraph is a paragraph, heading, list or code example, without line wrapping, with its digest
// for de-duplication.
type paragraph struct {
	text string
	key  digest
	// long paragraphs are told apart by their words; short ones ("For example:") recur by right.
	long bool
}

// longParagraph is the length in bytes of a normal form from which two equal paragraphs are a copy,
// not a coincidence.
const longParagraph = 60

// commentFilter says which comments of a file are prose.
type commentFilter struct {
	docOnly  bool // only comments attached to a declaration
	minWords int  // for all other comments
	code     bool // keep indented examples
}

// extract returns the prose comments of one Go file, in order. Generated files are the caller's
// affair.
//
// Left out are: licence notices, directives (//go:generate, //sys, // +build) and commented-out
// lines, which by gofmt's convention have no space after the slashes, the C code above an import
// "C", and, among comments that document no declaration, those of few words and those that parse as
// Go.
func (c commentFilter) extract(name string, src []byte) ([]block, *ast.File, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, fmt.Errorf("corpus: %w", err)
	}
	docs, skip := attached(file)
	imports := importNames(file)
	var blocks []block
	for _, group := range file.Comments {
		if skip[group] || (c.docOnly && !docs[group]) {
			continue
		}
		text := proseLines(group).Text()
		if isLicence(text) {
			continue
		}
		if !docs[group] && (words(text) < c.minWords || isGo(text)) {
			continue
		}
		if ps := c.paragraphs(text, imports); len(ps) > 0 {
			// Not Position: it would follow //line directives to other files.
			blocks = append(blocks, block{fset.PositionFor(group.Pos(), false).Line, ps})
		}
	}
	return blocks, file, nil
}

// attached finds the comments that document a declaration, and those that are no comments but C
// code for cgo.
func attached(file *ast.File) (docs, cgo map[*ast.CommentGroup]bool) {
	docs, cgo = map[*ast.CommentGroup]bool{}, map[*ast.CommentGroup]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.File:
			docs[n.Doc] = true
		case *ast.FuncDecl:
			docs[n.Doc] = true
		case *ast.GenDecl:
			docs[n.Doc] = true
			for _, spec := range n.Specs {
				if imp, ok := spec.(*ast.ImportSpec); ok && imp.Path.Value == `"C"` {
					cgo[n.Doc], cgo[imp.Doc] = true, true
				}
			}
		case *ast.TypeSpec:
			docs[n.Doc] = true
		case *ast.ValueSpec:
			docs[n.Doc] = true
		case *ast.Field:
			docs[n.Doc] = true
		}
		return true
	})
	return docs, cgo
}

// importNames maps the names of imported packages to their paths, as far as the file itself tells
// them.
func importNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, imp := range file.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			continue // the parser has reported it
		}
		name := path.Base(p)
		if imp.Name != nil {
			name = imp.Name.Name
		}
		names[name] = p
	}
	return names
}

// proseLines is the comment without lines that address a tool or were code.
func proseLines(g *ast.CommentGroup) *ast.CommentGroup {
	kept := &ast.CommentGroup{}
	for _, c := range g.List {
		rest, isLine := strings.CutPrefix(c.Text, "//")
		if isLine && (constraint.IsPlusBuild(c.Text) || (rest != "" && !strings.ContainsAny(rest[:1], " \t"))) {
			continue
		}
		kept.List = append(kept.List, c)
	}
	return kept
}

// words counts the fields of a text that have a letter.
func words(text string) int {
	n := 0
	for field := range strings.FieldsSeq(text) {
		if strings.ContainsFunc(field, unicode.IsLetter) {
			n++
		}
	}
	return n
}

// isGo reports whether a text is Go: statements or declarations that somebody commented out.
func isGo(text string) bool {
	if strings.HasSuffix(text, ".\n") {
		return false // no Go ends in a full stop, nearly every sentence does: this spares most of the parsing
	}
	for _, wrapped := range []string{"package p\nfunc _() {\n" + text + "\n}", "package p\n" + text} {
		if _, err := parser.ParseFile(token.NewFileSet(), "", wrapped, parser.SkipObjectResolution); err == nil {
			return true
		}
	}
	return false
}

// paragraphs renders comment text as go doc understands it: wrapped lines joined, indented parts as
// examples. Links are printed without their brackets: those to packages that the file imports, and
// any [Name] or [Type.Name], as there are no types to look them up in.
func (c commentFilter) paragraphs(text string, imports map[string]string) []paragraph {
	p := comment.Parser{
		LookupSym: func(recv, name string) bool { return true },
		LookupPackage: func(name string) (string, bool) {
			if imported, ok := imports[name]; ok {
				return imported, true
			}
			return comment.DefaultLookupPackage(name)
		},
	}
	unwrapped := comment.Printer{TextWidth: -1}
	var out []paragraph
	for _, b := range p.Parse(text).Content {
		if _, isCode := b.(*comment.Code); isCode && !c.code {
			continue
		}
		s := strings.Trim(string(unwrapped.Text(&comment.Doc{Content: []comment.Block{b}})), "\n")
		if s == "" {
			continue
		}
		normal := Normalize(s)
		out = append(out, paragraph{s, sha256.Sum256([]byte(normal)), len(normal) >= longParagraph})
	}
	return out
}
