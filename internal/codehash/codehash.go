// Package codehash names the code that computes something by a hash of its sources, so that a
// measured value that is kept on disk is measured again when a metric changes, and not when a
// comment does.
//
// What counts is Go's tokens: comments and formatting do not, but for the comments that mean
// something to the compiler (//go:… and the C code of cgo). Build constraints are not applied: the
// hash is the same on every system. Of a package it covers all files but tests, files it embeds,
// the packages of this module that it imports, in turn, and the version that go.mod requires of
// every other module it imports. The standard library, Go's version and the XLA plugin are not part
// of it.
package codehash

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firsttoken/train/local"
)

// module is the path of this module.
const module = "firsttoken"

// Of returns the hash of the packages with these import paths and of all they import. The order
// does not matter.
func Of(paths ...string) (string, error) {
	root, err := local.Root()
	if err != nil {
		return "", err
	}
	c := openCache()
	sum, err := c.of(root, paths)
	if err != nil {
		return "", err
	}
	c.save()
	return sum, nil
}

// of is Of in a checkout.
func (c *cache) of(root string, paths []string) (string, error) {
	var versions map[string]string
	sums := map[string]string{} // by import path; "" while it waits to be read
	queue := slices.Clone(paths)
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if _, known := sums[path]; known {
			continue
		}
		if !within(path, module) {
			if versions == nil {
				var err error
				if versions, err = requirements(filepath.Join(root, "go.mod")); err != nil {
					return "", err
				}
			}
			if m, version := owner(path, versions); m != "" {
				sums[m] = version
			}
			continue
		}
		sum, imports, err := c.folder(filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(strings.TrimPrefix(path, module), "/"))))
		if err != nil {
			return "", fmt.Errorf("codehash: package %s: %w", path, err)
		}
		sums[path] = sum
		queue = append(queue, imports...)
	}
	h := sha256.New()
	for _, path := range sortedKeys(sums) {
		write(h, path, sums[path])
	}
	return short(h), nil
}

// folder returns the hash of one package and what it imports.
func (c *cache) folder(dir string) (sum string, imports []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, err
	}
	h := sha256.New()
	found := false
	for _, e := range entries { // by name
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") && !slices.Contains(native, filepath.Ext(name)) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := c.file(filepath.Join(dir, name))
		if err != nil {
			return "", nil, err
		}
		found = true
		write(h, name, f.Hash)
		imports = append(imports, f.Imports...)
		for _, pattern := range f.Embeds {
			if err := c.embedded(h, dir, pattern); err != nil {
				return "", nil, err
			}
		}
	}
	if !found {
		return "", nil, errors.New("has no Go files")
	}
	return short(h), imports, nil
}

// native are the files of cgo and of the assembler that belong to a package.
var native = []string{".c", ".h", ".s"}

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

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
