package codehash

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firsttoken/train/local"
)

// reach is the code that some declarations can reach.
type reach struct {
	*cache
	root     string
	skip     string            // a package that counts for nothing
	versions map[string]string // that go.mod requires
	others   map[string]bool   // packages of other modules
	units    map[string]*unit
	seen     map[*piece]bool
	queue    []item
	found    []string // what counts, one a line
}

// unit is a package, or a file that stands for one.
type unit struct {
	path string
	top  map[string][]item // declarations by their names, methods under their type's
	all  []item
}

// item is a declaration in its place.
type item struct {
	*piece
	in *place
}

// place is a file of a unit.
type place struct {
	*unit
	hash  string              // see [entry]
	dir   string              // of the file
	paths map[string][]string // of imports, by the names that they are used under
}

// open begins in this checkout.
func open(skip string) (*reach, error) {
	root, err := local.Root()
	if err != nil {
		return nil, err
	}
	versions, err := requirements(filepath.Join(root, "go.mod"))
	return &reach{cache: openCache(), root: root, skip: skip, versions: versions, others: map[string]bool{}, units: map[string]*unit{}, seen: map[*piece]bool{}}, err
}

// add takes all declarations of packages in, or only one, where its name follows that of its
// package behind a dot. Of a package of another module the version counts.
func (r *reach) add(names ...string) error {
	for _, name := range names {
		if !within(name, module) {
			r.version(name)
			continue
		}
		slash := strings.LastIndex(name, "/") + 1
		last, one, _ := strings.Cut(name[slash:], ".")
		u, err := r.unit(name[:slash] + last)
		switch {
		case err != nil:
			return err
		case one == "":
			r.queue = append(r.queue, u.all...)
		case len(u.top[one]) == 0:
			return fmt.Errorf("codehash: package %s declares no %s", u.path, one)
		}
		r.queue = append(r.queue, u.top[one]...)
	}
	return nil
}

// sum follows all that was taken in and returns the hash of what is reached.
func (r *reach) sum() (string, error) {
	for len(r.queue) > 0 {
		i := r.queue[len(r.queue)-1]
		r.queue = r.queue[:len(r.queue)-1]
		if r.seen[i.piece] {
			continue
		}
		r.seen[i.piece] = true
		if err := r.follow(i); err != nil {
			return "", err
		}
	}
	r.save()
	slices.Sort(r.found)
	h := sha256.New()
	write(h, slices.Compact(r.found)...)
	return short(h), nil
}

// follow takes in what a declaration refers to.
func (r *reach) follow(i item) error {
	line := []string{i.in.path, i.Hash, i.in.hash}
	use := func(path, name string) error {
		line = append(line, path)
		if !within(path, module) {
			r.version(path)
			return nil
		}
		u, err := r.unit(path)
		if err == nil {
			r.queue = append(r.queue, u.top[name]...)
		}
		return err
	}
	for name := range strings.FieldsSeq(i.Uses) {
		x, sel, qualified := strings.Cut(name, ".")
		r.queue = append(r.queue, i.in.top[x]...)
		for _, path := range i.in.paths["."] {
			if err := use(path, x); err != nil {
				return err
			}
		}
		for _, path := range i.in.paths[x] {
			if !qualified {
				continue
			}
			line = append(line, x)
			if err := use(path, sel); err != nil {
				return err
			}
		}
	}
	for _, pattern := range i.Embeds {
		h := sha256.New()
		if err := r.embedded(h, i.in.dir, pattern); err != nil {
			return err
		}
		line = append(line, pattern, short(h))
	}
	r.found = append(r.found, strings.Join(line, " "))
	return nil
}

// version counts that of the module that a package belongs to, if it is not the standard library.
func (r *reach) version(path string) {
	if r.others[path] {
		return
	}
	r.others[path] = true
	if m, v := owner(path, r.versions); m != "" {
		r.found = append(r.found, m+" "+v)
	}
}

// dir is the folder of a package.
func (r *reach) dir(path string) string {
	return filepath.Join(r.root, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(path, module), "/")))
}

// unit returns a package. With it comes what it does whenever it is part of a program.
func (r *reach) unit(path string) (*unit, error) {
	if u := r.units[path]; u != nil {
		return u, nil
	}
	u := &unit{path: path, top: map[string][]item{}}
	r.units[path] = u
	dir := r.dir(path)
	names, err := sources(dir)
	for i := 0; err == nil && i < len(names); i++ {
		var e entry
		if e, err = r.file(filepath.Join(dir, names[i])); err != nil {
			break
		}
		if e.Package == "" { // of cgo, or the assembler's
			r.found = append(r.found, path+" "+names[i]+" "+e.Hash)
		} else {
			_, err = r.enter(u, dir, e)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("codehash: package %s: %w", path, err)
	}
	return u, nil
}

// native are the files of cgo and of the assembler that belong to a package.
var native = []string{".c", ".h", ".s"}

// sources lists the files of a package, tests left out.
func sources(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := false
	for _, e := range entries { // by name
		name := e.Name()
		code := strings.HasSuffix(name, ".go")
		if e.IsDir() || !code && !slices.Contains(native, filepath.Ext(name)) || strings.HasSuffix(name, "_test.go") || strings.ContainsRune("._", rune(name[0])) {
			continue
		}
		found = found || code
		names = append(names, name)
	}
	if !found {
		return nil, errors.New("has no Go files")
	}
	return names, nil
}

// enter adds a file to a unit.
func (r *reach) enter(u *unit, dir string, e entry) (*place, error) {
	in := &place{unit: u, hash: e.Hash, dir: dir, paths: map[string][]string{}}
	for _, i := range e.Imports {
		switch {
		case i.Path == r.skip:
			continue
		case i.Name == "_" && !within(i.Path, module):
			r.version(i.Path)
		case i.Name == "_":
			if _, err := r.unit(i.Path); err != nil {
				return nil, err
			}
		case i.Name == "":
			var err error
			if i.Name, err = r.clause(i.Path); err != nil {
				return nil, err
			}
		}
		in.paths[i.Name] = append(in.paths[i.Name], i.Path)
	}
	for n := range e.Pieces {
		i := item{&e.Pieces[n], in}
		u.all = append(u.all, i)
		for _, name := range i.Names {
			if name != "_" && name != "" {
				u.top[name] = append(u.top[name], i)
			}
		}
		if i.Always && (u.path != "" || i.Names[0] == "init" || i.Names[0] == "_") { // in a cell's file stand variables of other cells
			r.queue = append(r.queue, i)
		}
	}
	return in, nil
}

// clause is the name that a package of this module gives itself.
func (r *reach) clause(path string) (string, error) {
	if path == r.skip {
		return "", nil
	}
	names, err := sources(r.dir(path))
	for i := 0; err == nil && i < len(names); i++ {
		var e entry
		if e, err = r.file(filepath.Join(r.dir(path), names[i])); err == nil && e.Package != "" {
			return e.Package, nil
		}
	}
	return "", fmt.Errorf("codehash: package %s: %w", path, err)
}
