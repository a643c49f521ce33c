package codehash

import (
	"crypto/sha256"
	"go/ast"
	"go/parser"
	"go/token"
	"hash"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// piece is a declaration at the top of a file.
type piece struct {
	Names  []string `json:"names,omitempty"`  // what it declares; of a method, its type
	Hash   string   `json:"hash"`             // of its tokens
	Uses   string   `json:"uses,omitempty"`   // names, see [source.uses]
	Embeds []string `json:"embeds,omitempty"` // patterns of //go:embed
	// Always says that it may do something as soon as its package is part of a program.
	Always bool `json:"always,omitempty"`
}

// spec is an import.
type spec struct {
	Name string `json:"name,omitempty"` // "" for the name that the package gives itself
	Path string `json:"path"`
}

// source is a file that is being cut into its declarations.
type source struct {
	entry
	tree *ast.File
	text []byte
	base int // position of the text's first byte
	from int // where the last declaration ended: directives behind it belong to the next one
	cgo  bool
}

// cut finds the imports and declarations of a file of Go.
func cut(name string, text []byte) (*source, *token.FileSet, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, 0)
	if err != nil {
		return nil, nil, err
	}
	s := &source{tree: f, text: text, base: fset.File(f.Pos()).Base(), entry: entry{Package: f.Name.Name}}
	front := f.Name.End()
	for _, i := range f.Imports {
		of := spec{}
		if of.Path, err = strconv.Unquote(i.Path.Value); err != nil {
			return nil, nil, err
		}
		if i.Name != nil {
			of.Name = i.Name.Name
		}
		s.Imports, s.cgo, front = append(s.Imports, of), s.cgo || of.Path == "C", i.End()
	}
	// What is said in front of the declarations and behind them counts with each, and so does what
	// the file's name may say of the systems that it is for.
	h := sha256.New()
	_, system, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".go"), "_")
	write(h, system)
	s.comments(h, front)
	for _, d := range f.Decls {
		s.declare(d)
	}
	s.comments(h, token.Pos(s.base+len(text)))
	s.Hash = short(h)
	s.name()
	return s, fset, nil
}

// name tells under which names imports of other modules are used, which give themselves a name that
// is not told here. Of those that it could be, the ones count that the file uses, "." if none.
func (s *source) name() {
	used := map[string]bool{}
	for _, p := range s.Pieces {
		for u := range strings.FieldsSeq(p.Uses) {
			if x, _, ok := strings.Cut(u, "."); ok {
				used[x] = true
			}
		}
	}
	var all []spec
	for _, i := range s.Imports {
		n := len(all)
		if i.Name == "" && !within(i.Path, module) {
			for _, x := range i.names() {
				if used[x] {
					all = append(all, spec{x, i.Path})
				}
			}
			i.Name = "."
		}
		if len(all) == n {
			all = append(all, i)
		}
	}
	s.Imports = all
}

// names lists those that an import is probably used under.
func (i spec) names() []string {
	if i.Name != "" {
		return []string{i.Name}
	}
	last := path.Base(i.Path)
	if dir := path.Dir(i.Path); dir != "." && version.MatchString(last) {
		last = path.Base(dir)
	}
	return slices.Compact(append(strings.FieldsFunc(last, func(r rune) bool { return r == '.' || r == '-' }), last))
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// comments hashes those up to a position that mean something, and returns what is to be embedded.
func (s *source) comments(h hash.Hash, to token.Pos) (embeds []string) {
	end := int(to) - s.base
	scan(s.text[s.from:end], func(tok token.Token, literal string) {
		if tok != token.COMMENT || !s.cgo && !strings.HasPrefix(literal, "//go:") {
			return
		}
		write(h, literal)
		if patterns, ok := strings.CutPrefix(literal, "//go:embed "); ok {
			embeds = append(embeds, strings.Fields(patterns)...)
		}
	})
	s.from = end
	return embeds
}

// declare adds a declaration; those of a group one by one, unless they count.
func (s *source) declare(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil && len(d.Recv.List) == 1 {
			name = receiver(d.Recv.List[0].Type)
		}
		s.add(d, "func", d.Recv == nil && name == "init", name)
	case *ast.GenDecl:
		if d.Tok == token.CONST && s.counts(d) {
			var names []string
			for _, c := range d.Specs {
				names = append(names, declared(c)...)
			}
			s.add(d, "const", false, names...)
			return
		}
		for _, one := range d.Specs {
			always := false
			if v, ok := one.(*ast.ValueSpec); ok && d.Tok == token.VAR {
				always = slices.ContainsFunc(v.Values, func(e ast.Expr) bool { return s.acts(e, v.Names[0].Name == "_") })
			}
			if d.Tok != token.IMPORT {
				s.add(one, d.Tok.String(), always, declared(one)...)
			}
		}
	}
}

// declared lists the names that one declaration of a group gives.
func declared(one ast.Spec) (names []string) {
	switch one := one.(type) {
	case *ast.TypeSpec:
		names = []string{one.Name.Name}
		if one.Assign.IsValid() { // an alias: methods of either name are those of both
			names = append(names, receiver(one.Type))
		}
	case *ast.ValueSpec:
		for _, id := range one.Names {
			names = append(names, id.Name)
		}
	}
	return names
}

// counts reports whether what the constants of a group are depends on their order.
func (s *source) counts(d *ast.GenDecl) (yes bool) {
	for _, c := range d.Specs {
		yes = yes || len(c.(*ast.ValueSpec).Values) == 0 || slices.Contains(s.uses(c), "iota")
	}
	return yes
}

func (s *source) add(n ast.Node, kind string, always bool, names ...string) {
	h := sha256.New()
	embeds := s.comments(h, n.Pos())
	s.from = int(n.End()) - s.base
	write(h, kind)
	tokens(h, s.text[int(n.Pos())-s.base:s.from])
	s.Pieces = append(s.Pieces, piece{Names: names, Hash: short(h), Uses: strings.Join(s.uses(n), " "), Embeds: embeds, Always: always})
}

// acts reports whether an initial value calls what may leave a trace elsewhere in this module:
// anything but functions of other modules; for a variable without a name, those as well.
func (s *source) acts(e ast.Expr, blank bool) (yes bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit: // called later, or here, which is seen below
			return false
		case *ast.CallExpr:
			switch fun := ast.Unparen(n.Fun).(type) {
			case *ast.StarExpr, *ast.ArrayType, *ast.MapType, *ast.FuncType, *ast.InterfaceType: // converts
			case *ast.SelectorExpr:
				x, ok := fun.X.(*ast.Ident)
				yes = blank || !ok || !slices.ContainsFunc(s.Imports, func(i spec) bool { return !within(i.Path, module) && slices.Contains(i.names(), x.Name) })
			default:
				yes = true
			}
		}
		return !yes
	})
	return yes
}

// uses lists the names at the top of this or another file that a declaration or statement refers
// to: of a.b.c only a.b, which names something if a is a package, and else a.
func (s *source) uses(n ast.Node) (names []string) {
	top := func(id *ast.Ident) bool { return id.Obj == nil || s.tree.Scope.Lookup(id.Name) == id.Obj }
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl: // not its own name, which is not one of the top if it is a method
			if n.Recv != nil {
				ast.Inspect(n.Recv, visit)
			}
			ast.Inspect(n.Type, visit)
			if n.Body != nil {
				ast.Inspect(n.Body, visit)
			}
			return false
		case *ast.Field: // its names are declared here
			ast.Inspect(n.Type, visit)
			return false
		case *ast.CompositeLit:
			if id, ok := n.Type.(*ast.Ident); ok && id.Obj != nil && structure(id.Obj.Decl) { // keys are its fields
				visit(id)
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						e = kv.Value
					}
					ast.Inspect(e, visit)
				}
				return false
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); !ok {
				ast.Inspect(n.X, visit)
			} else if top(x) {
				names = append(names, x.Name+"."+n.Sel.Name)
			}
			return false
		case *ast.Ident:
			if top(n) {
				names = append(names, n.Name)
			}
		}
		return true
	}
	ast.Inspect(n, visit)
	slices.Sort(names)
	return slices.Compact(names)
}

// structure reports whether a declaration is that of a struct.
func structure(decl any) bool {
	spec, ok := decl.(*ast.TypeSpec)
	if ok {
		_, ok = spec.Type.(*ast.StructType)
	}
	return ok
}

// receiver is the name of a method's type.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.ParenExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
