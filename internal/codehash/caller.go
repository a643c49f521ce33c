package codehash

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"firsttoken/train/local"
)

// Caller returns the hash of what is passed as the last argument in the call that led into the
// package pkg, usually a function literal that measures something: the literal itself; whatever it
// refers to in its file, such as functions, types, constants and the statements before the call
// that define its variables, and whatever these refer to, in turn; and, by [Of], the packages that
// all these name. A cell of a notebook is such a file. Printing and plotting around the call do not
// count, nor does pkg itself, which only carries the value.
//
// What a name refers to is told by the name alone: two of the same name count both.
func Caller(pkg string) (string, error) {
	frame, err := into(pkg)
	if err != nil {
		return "", err
	}
	root, err := local.Root()
	if err != nil {
		return "", err
	}
	name := frame.File
	if !filepath.IsAbs(name) { // built with -trimpath
		name = filepath.Join(root, strings.TrimPrefix(name, module+"/"))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("codehash: the source of %s, which tells whether a kept value is of today's code: %w", frame.Function, err)
	}
	code, err := called(name, text, pkg, frame.Line)
	if err != nil {
		return "", err
	}
	if own, ok := strings.CutPrefix(filepath.ToSlash(filepath.Dir(name)), filepath.ToSlash(root)+"/"); ok && !strings.HasSuffix(name, "_test.go") {
		code.imports = append(code.imports, module+"/"+own) // its other files
	}
	packages, err := Of(code.imports...)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	write(h, code.sums...)
	write(h, packages)
	return short(h), nil
}

// into finds the frame that called into a package.
func into(pkg string) (runtime.Frame, error) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	inside := false
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, pkg+".") {
			inside = true
		} else if inside {
			return frame, nil
		}
		if !more {
			return frame, fmt.Errorf("codehash: nothing called into %s", pkg)
		}
	}
}

// code is what a call measures with.
type code struct {
	sums    []string // hashes of the pieces of source, sorted
	imports []string
}

// collector gathers it.
type collector struct {
	text    []byte
	base    int // position of the text's first byte
	imports map[string]string
	top     map[string][]ast.Node // declarations of the file by name, methods under their type's
	within  ast.Node              // the function that calls
	call    *ast.CallExpr
	seen    map[ast.Node]bool
	names   map[string]bool
	queue   []ast.Node
	code    code
}

// called collects the code of the call into pkg that lies on a line.
func called(name string, text []byte, pkg string, line int) (code, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		return code{}, fmt.Errorf("codehash: %w", err)
	}
	c := &collector{text: text, base: fset.File(f.Pos()).Base(), imports: map[string]string{}, top: map[string][]ast.Node{},
		seen: map[ast.Node]bool{}, names: map[string]bool{}}
	for _, spec := range f.Imports {
		full, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		short := path.Base(full)
		if spec.Name != nil {
			short = spec.Name.Name
		}
		c.imports[short] = full
	}
	at := func(p token.Pos) int { return fset.Position(p).Line }
	for _, decl := range f.Decls {
		c.declare(decl)
		if fn, ok := decl.(*ast.FuncDecl); ok && at(fn.Pos()) <= line && line <= at(fn.End()) {
			c.within = fn
		}
	}
	if c.within == nil {
		return code{}, fmt.Errorf("codehash: %s:%d is in no function", name, line)
	}
	// Of the calls that span the line, the one whose name is nearest above it.
	best := 0
	ast.Inspect(c.within, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok && len(call.Args) > 0 && c.calls(call, pkg) != "" && at(call.Pos()) <= line && line <= at(call.End()) && at(call.Pos()) > best {
			best, c.call = at(call.Pos()), call
		}
		return true
	})
	if c.call == nil {
		return code{}, fmt.Errorf("codehash: %s:%d does not call %s by its name", name, line, pkg)
	}
	c.add(c.call.Args[len(c.call.Args)-1])
	for len(c.queue) > 0 {
		n := c.queue[0]
		c.queue = c.queue[1:]
		c.follow(n, pkg)
	}
	slices.Sort(c.code.sums)
	slices.Sort(c.code.imports)
	return c.code, nil
}

// calls returns the name of the function of a package that is called, "" if it is none.
func (c *collector) calls(call *ast.CallExpr, pkg string) string {
	fun := call.Fun
	if index, ok := fun.(*ast.IndexExpr); ok { // with a type argument
		fun = index.X
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok && c.imports[x.Name] == pkg {
			return sel.Sel.Name
		}
	}
	return ""
}

// declare files a declaration under the names that it gives.
func (c *collector) declare(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil && len(d.Recv.List) == 1 {
			name = receiver(d.Recv.List[0].Type)
		}
		c.top[name] = append(c.top[name], d)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				c.top[s.Name.Name] = append(c.top[s.Name.Name], s)
			case *ast.ValueSpec:
				var n ast.Node = s
				if d.Tok == token.CONST && len(s.Values) == 0 {
					n = d // its value is told by those before
				}
				for _, id := range s.Names {
					c.top[id.Name] = append(c.top[id.Name], n)
				}
			}
		}
	}
}

// receiver is the name of a method's type.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
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

// add takes a piece of source in, once.
func (c *collector) add(n ast.Node) {
	if c.seen[n] {
		return
	}
	c.seen[n] = true
	h := sha256.New()
	tokens(h, c.text[int(n.Pos())-c.base:int(n.End())-c.base], func(string) bool { return false })
	c.code.sums = append(c.code.sums, short(h))
	c.queue = append(c.queue, n)
}

// follow takes in what a piece refers to.
func (c *collector) follow(n ast.Node, pkg string) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // of a.b only a is a name that is looked up
			c.follow(n.X, pkg)
			return false
		case *ast.Ident:
			c.refer(n.Name, pkg)
		}
		return true
	})
}

func (c *collector) refer(name, pkg string) {
	if c.names[name] || name == "_" || name == "err" || name == "ok" { // these say nothing of what is computed
		return
	}
	c.names[name] = true
	if full, ok := c.imports[name]; ok && full != pkg {
		c.code.imports = append(c.code.imports, full)
	}
	for _, n := range c.top[name] {
		if n != c.within || name != "main" {
			c.add(n)
		}
	}
	for _, n := range c.local(name, pkg) {
		c.add(n)
	}
}

// local finds the statements of the calling function that give a variable or constant its value.
// Values of other measurements are left out: they have a code of their own, and are inputs here.
func (c *collector) local(name, pkg string) (found []ast.Node) {
	own := c.calls(c.call, pkg)
	measured := func(n ast.Node) (yes bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			yes = yes || ok && c.calls(call, pkg) == own
			return !yes
		})
		return yes
	}
	var is func(e ast.Expr) bool
	is = func(e ast.Expr) bool { // x, and what is stored in x.f and x[i]
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name == name
		case *ast.SelectorExpr:
			return is(e.X)
		case *ast.IndexExpr:
			return is(e.X)
		}
		return false
	}
	ast.Inspect(c.within, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			return n != c.call
		case *ast.AssignStmt:
			if slices.ContainsFunc(n.Lhs, is) && !measured(n) {
				found = append(found, n)
			}
		case *ast.RangeStmt:
			if n.Key != nil && is(n.Key) || n.Value != nil && is(n.Value) {
				found = append(found, n.X)
			}
		case *ast.ValueSpec:
			if slices.ContainsFunc(n.Names, func(id *ast.Ident) bool { return id.Name == name }) {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}
