//lint:file-ignore SA1019 the scopes of the parser, which no types are needed for, are all that is asked

package codehash

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Caller returns the hash of what is passed as the last argument in the call that led into the
// package pkg, usually a function literal that measures something: the literal itself, the
// statements of the function around it that define its variables, and whatever these refer to, in
// turn. A cell of a notebook is a package for that. Printing and plotting around the call do not
// count, nor does pkg itself, which only carries the value.
func Caller(pkg string) (string, error) {
	frame, err := into(pkg)
	if err != nil {
		return "", err
	}
	r, err := open(pkg)
	if err != nil {
		return "", err
	}
	name := frame.File
	if !filepath.IsAbs(name) { // built with -trimpath
		name = filepath.Join(r.root, strings.TrimPrefix(name, module+"/"))
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("codehash: the source of %s, which tells whether a kept value is of today's code: %w", frame.Function, err)
	}
	if err := r.addCall(name, text, frame.Line); err != nil {
		return "", err
	}
	return r.sum()
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

// caller finds what a call measures with in the function around it.
type caller struct {
	*reach
	*source
	in     *place
	within *ast.FuncDecl // the function that calls
	call   *ast.CallExpr
	nodes  []ast.Node // what counts of it
	known  map[*ast.Object]bool
}

// addCall takes in the code of the call into what is skipped that lies on a line of a file.
func (r *reach) addCall(name string, text []byte, line int) error {
	s, fset, err := cut(name, text)
	if err != nil {
		return fmt.Errorf("codehash: %w", err)
	}
	c := &caller{reach: r, source: s, known: map[*ast.Object]bool{}}
	at := func(p token.Pos) int { return fset.Position(p).Line }
	for _, decl := range s.tree.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && at(fn.Pos()) <= line && line <= at(fn.End()) {
			c.within = fn
		}
	}
	if c.within == nil {
		return fmt.Errorf("codehash: %s:%d is in no function", name, line)
	}
	// Of the calls that span the line, the one whose name is nearest above it.
	best := 0
	ast.Inspect(c.within, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok && len(call.Args) > 0 && c.calls(call) != "" && at(call.Pos()) <= line && line <= at(call.End()) && at(call.Pos()) > best {
			best, c.call = at(call.Pos()), call
		}
		return true
	})
	if c.call == nil {
		return fmt.Errorf("codehash: %s:%d does not call %s by its name", name, line, r.skip)
	}
	u := &unit{top: map[string][]item{}}
	if own, ok := strings.CutPrefix(filepath.ToSlash(filepath.Dir(name)), filepath.ToSlash(r.root)+"/"); ok {
		if clause, err := r.clause(module + "/" + own); err == nil && clause == s.Package { // not a test from outside
			if u, err = r.unit(module + "/" + own); err != nil {
				return err
			}
			if !strings.HasSuffix(name, "_test.go") { // its declarations are there already
				s.Pieces = nil
			}
		}
	}
	if c.in, err = r.enter(u, filepath.Dir(name), s.entry); err != nil {
		return err
	}
	c.add(c.call.Args[len(c.call.Args)-1])
	slices.SortFunc(c.nodes, func(a, b ast.Node) int { return int(a.Pos() - b.Pos()) })
	h := sha256.New()
	for _, n := range c.nodes {
		tokens(h, text[int(n.Pos())-s.base:int(n.End())-s.base])
	}
	r.found = append(r.found, short(h))
	return nil
}

// calls returns the name of the function of what is skipped that is called, "" if it is none.
func (c *caller) calls(call *ast.CallExpr) string {
	fun := call.Fun
	if index, ok := fun.(*ast.IndexExpr); ok { // with a type argument
		fun = index.X
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok && slices.ContainsFunc(c.Imports, func(i spec) bool { return i.Path == c.skip && slices.Contains(i.names(), x.Name) }) {
			return sel.Sel.Name
		}
	}
	return ""
}

// add takes a piece of the function in, once.
func (c *caller) add(n ast.Node) {
	if !slices.Contains(c.nodes, n) {
		c.nodes = append(c.nodes, n)
		c.follow(n)
	}
}

// follow takes in what a piece refers to, with what gives variables of the function their values.
func (c *caller) follow(n ast.Node) {
	c.queue = append(c.queue, item{&piece{Uses: strings.Join(c.uses(n), " ")}, c.in})
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if ok && id.Obj != nil && !c.known[id.Obj] && id.Name != "err" && id.Name != "ok" { // these say nothing of what is computed
			c.known[id.Obj] = true
			for _, n := range c.local(id.Obj) {
				c.add(n)
			}
		}
		return true
	})
}

// local finds what gives a variable, constant or type of the calling function its value, or its
// type. Values of other measurements are left out: they have a code of their own, and are inputs
// here; their types are followed.
func (c *caller) local(obj *ast.Object) (found []ast.Node) {
	var is func(e ast.Expr) bool
	is = func(e ast.Expr) bool { // x, and what is stored in x.f and x[i]
		switch e := e.(type) {
		case *ast.Ident:
			return e.Obj == obj
		case *ast.SelectorExpr:
			return is(e.X)
		case *ast.IndexExpr:
			return is(e.X)
		}
		return false
	}
	named := func(id *ast.Ident) bool { return id.Obj == obj }
	ast.Inspect(c.within, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			return n != c.call
		case *ast.AssignStmt:
			if sets := slices.ContainsFunc(n.Lhs, is); sets && !c.measures(n) || !sets && c.changes(n, is) {
				found = append(found, n)
			}
		case *ast.ExprStmt:
			if c.changes(n, is) {
				found = append(found, n)
			}
		case *ast.RangeStmt:
			if n.Key != nil && is(n.Key) || n.Value != nil && is(n.Value) {
				found = append(found, n.X)
			}
		case *ast.ValueSpec:
			if slices.ContainsFunc(n.Names, named) {
				found = append(found, n)
			}
		case *ast.TypeSpec:
			if named(n.Name) {
				found = append(found, n)
			}
		case *ast.Field:
			if slices.ContainsFunc(n.Names, named) {
				found = append(found, n.Type)
			}
		}
		return true
	})
	return found
}

// around reports whether a node lies around another.
func around(n, inner ast.Node) bool { return n.Pos() <= inner.Pos() && inner.End() <= n.End() }

// changes reports whether a statement that is not the call's own may change a variable: it takes its
// address, or calls a method of it and nothing else.
func (c *caller) changes(s ast.Stmt, is func(ast.Expr) bool) (yes bool) {
	if around(s, c.call) {
		return false
	}
	ast.Inspect(s, func(n ast.Node) bool {
		u, ok := n.(*ast.UnaryExpr)
		yes = yes || ok && u.Op == token.AND && is(u.X)
		return !yes
	})
	if e, ok := s.(*ast.ExprStmt); ok {
		if call, ok := e.X.(*ast.CallExpr); ok {
			sel, ok := call.Fun.(*ast.SelectorExpr)
			yes = yes || ok && is(sel.X)
		}
	}
	return yes
}

// measures reports whether a statement measures something else, and follows what that is typed as.
func (c *caller) measures(s ast.Stmt) (yes bool) {
	own := c.calls(c.call)
	ast.Inspect(s, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 || c.calls(call) != own {
			return true
		}
		yes = true
		if call == c.call {
			return false
		}
		if index, ok := call.Fun.(*ast.IndexExpr); ok {
			c.follow(index.Index)
		}
		last := call.Args[len(call.Args)-1]
		if lit, ok := last.(*ast.FuncLit); ok {
			last = lit.Type
		}
		c.follow(last)
		return false
	})
	return yes
}
