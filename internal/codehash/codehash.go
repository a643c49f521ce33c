// Package codehash names the code that computes something by a hash of its sources, so that a
// measured value that is kept on disk is measured again when a metric changes, and not when a
// comment does.
//
// What counts is Go's tokens: comments and formatting do not, but for the comments that mean
// something to the compiler (//go:… and the C code of cgo). Build constraints are not applied: the
// hash is the same on every system.
//
// Of a package count the declarations that are referred to, and those that these refer to in turn,
// in their own package and in others of this module. What a name refers to is told by the name
// alone, so that too much may count and never too little: every declaration of that name in any
// file of the package but its tests; with a type, all its methods; of a group of constants that
// count up, all. With the first declaration of a package, or where it is imported for its effect,
// come its init functions, variables whose initial value calls something of this module, and its
// files of C and assembler; with a declaration, the files it embeds and the versions that go.mod
// requires of the modules it names. The standard library, Go's version and the XLA plugin are not
// part of it.
package codehash

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// module is the path of this module.
const module = "firsttoken"

// Of returns the hash of the code of packages, by their import paths, such as
// firsttoken/sinks/probe, or of single declarations: firsttoken/sinks/probe.Run. The order does not
// matter.
func Of(names ...string) (string, error) {
	r, err := open("")
	if err != nil {
		return "", err
	}
	if err := r.add(names...); err != nil {
		return "", err
	}
	return r.sum()
}

// List returns the names of the declarations that count in [Of], in order, methods as their type.
func List(names ...string) (all []string, err error) {
	r, err := open("")
	if err != nil {
		return nil, err
	}
	if err := r.add(names...); err != nil {
		return nil, err
	}
	if _, err := r.sum(); err != nil {
		return nil, err
	}
	for path, u := range r.units {
		for _, i := range u.all {
			if r.seen[i.piece] {
				all = append(all, path+"."+strings.Join(i.Names, ","))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// embedded adds the files that a //go:embed pattern names.
func (c *cache) embedded(h hash.Hash, dir, pattern string) error {
	names, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(pattern, "all:"))))
	if err != nil {
		return err
	}
	for _, name := range names {
		err := filepath.WalkDir(name, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			f, err := c.file(path)
			if err == nil {
				rel, _ := filepath.Rel(dir, path)
				write(h, filepath.ToSlash(rel), f.Hash)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// requirements reads the versions that go.mod requires.
func requirements(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("codehash: %w", err)
	}
	defer f.Close()
	versions := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") {
			versions[fields[0]] = fields[1]
		}
	}
	return versions, lines.Err()
}

// owner is the required module that a package belongs to, "" for the standard library.
func owner(path string, versions map[string]string) (name, version string) {
	for m, v := range versions {
		if within(path, m) && len(m) > len(name) {
			name, version = m, v
		}
	}
	return name, version
}

// within reports whether a package belongs to a module, by their paths.
func within(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// write adds strings to a hash so that no two lists of them look alike.
func write(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
}

// short is what a hash is written as: 128 bits are plenty to tell states of code apart.
func short(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }
