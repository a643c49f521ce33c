package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listing is the outcome of resolving a user's paths: files to read, in order, and what was left
// out.
type listing struct {
	files    []string
	warnings []string
}

// list resolves files, folders (recursively) and globs to text files of at most maxBytes. The order
// is that of paths; within a folder or glob, lexical. Folders are read as users keep data in them:
// hidden entries (a leading dot) are passed over, links to files and folders followed. A file that
// is reached twice counts once.
func list(paths []string, maxBytes int64) (listing, error) {
	if len(paths) == 0 {
		return listing{}, errors.New("corpus: no path given: name at least one file, folder or glob in Paths")
	}
	l := lister{maxBytes: maxBytes, seen: map[string]bool{}}
	for _, p := range paths {
		if err := l.addPath(p); err != nil {
			return listing{}, fmt.Errorf("corpus: %w", err)
		}
	}
	if len(l.files) == 0 {
		msg := fmt.Sprintf("corpus: no text file in %s: check the paths (hidden files in folders are passed over)", strings.Join(paths, ", "))
		if len(l.warnings) > 0 {
			msg += "; " + strings.Join(l.warnings, "; ")
		}
		return listing{}, errors.New(msg)
	}
	return l.listing, nil
}

type lister struct {
	listing
	maxBytes int64
	seen     map[string]bool // by path without links
}

func (l *lister) addPath(p string) error {
	// A file whose name has a bracket in it is a file first, a pattern second.
	if _, err := os.Lstat(p); err == nil {
		return l.add(p, nil)
	}
	if !strings.ContainsAny(p, "*?[") {
		return fmt.Errorf("no file or folder %q: check the spelling; relative paths start at the current folder", p)
	}
	matches, err := filepath.Glob(p)
	if err != nil {
		return fmt.Errorf("glob %q: %w: a [ needs its ]", p, err)
	}
	if len(matches) == 0 {
		return fmt.Errorf("glob %q matches no file: ** is not supported, name the folder to read it with all its subfolders", p)
	}
	slices.Sort(matches)
	for _, m := range matches {
		if hiddenMatch(p, m) {
			continue
		}
		if err := l.add(m, nil); err != nil {
			return err
		}
	}
	return nil
}

// hiddenMatch reports whether a wildcard of the pattern stands for a leading dot of the match. As
// in a shell, a dot has to be written to be matched.
func hiddenMatch(pattern, match string) bool {
	patterns := strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/")
	for i, element := range strings.Split(filepath.ToSlash(match), "/") {
		if strings.HasPrefix(element, ".") && i < len(patterns) && !strings.HasPrefix(patterns[i], ".") {
			return true
		}
	}
	return false
}

// add adds a file, or a folder that lies in the folders above, which are given without links.
func (l *lister) add(p string, above []string) error {
	real, err := filepath.EvalSymlinks(p)
	if err != nil {
		return fmt.Errorf("following %q: %w: remove the link, or name what it should lead to", p, err)
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return l.addFolder(p, real, above)
	case !info.Mode().IsRegular():
		l.warnings = append(l.warnings, fmt.Sprintf("left out %s: not a regular file", p))
		return nil
	}
	if l.seen[real] {
		return nil
	}
	l.seen[real] = true
	if info.Size() > l.maxBytes {
		l.warnings = append(l.warnings, fmt.Sprintf("left out %s: %d bytes, more than MaxBytes = %d", p, info.Size(), l.maxBytes))
		return nil
	}
	binary, err := looksBinary(real)
	if err != nil {
		return unreadable(p, err)
	}
	if binary {
		l.warnings = append(l.warnings, fmt.Sprintf("left out %s: a binary file (it has a zero byte near its start)", p))
		return nil
	}
	l.files = append(l.files, p)
	return nil
}

func (l *lister) addFolder(p, real string, above []string) error {
	if slices.Contains(above, real) {
		return fmt.Errorf("symlink loop: %q leads back to %q, which it lies in: remove the link, or name the folders wanted one by one", p, real)
	}
	entries, err := os.ReadDir(real) // sorted by name
	if err != nil {
		return unreadable(p, err)
	}
	above = append(slices.Clip(above), real)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := l.add(filepath.Join(p, e.Name()), above); err != nil {
			return err
		}
	}
	return nil
}

func unreadable(p string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: make %q readable for you, or leave it out of Paths", err, p)
	}
	return fmt.Errorf("reading %q: %w", p, err)
}

// looksBinary applies git's rule: a zero byte in the first 8000.
func looksBinary(p string) (bool, error) {
	f, err := os.Open(p)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 8000)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	return bytes.IndexByte(head[:n], 0) >= 0, nil
}
