package keep

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
)

// Ship makes values that are kept here come with the checkout, and returns the names of those that
// changed. Without names it does so for all that come with it already and were measured here since.
func Ship(names ...string) (changed []string, err error) {
	all := len(names) == 0
	if all {
		if names, err = shipped(); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		from, err := place(name)
		if err != nil {
			return changed, err
		}
		to, err := local.ShippedResult(name)
		if err != nil {
			return changed, err
		}
		text, err := os.ReadFile(from)
		if all && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return changed, fmt.Errorf("keep: nothing is kept as %q: run the cell that measures it first: %w", name, err)
		}
		if f, err := read(from); err != nil || f.Code == "" {
			return changed, fmt.Errorf("keep: %s is not a measured value, with inputs and the code that measured it: only those come with the checkout", from)
		}
		if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return changed, fmt.Errorf("keep: %w", err)
		}
		if err := renameio.WriteFile(to, text, 0o644); err != nil {
			return changed, fmt.Errorf("keep: %w", err)
		}
		changed = append(changed, name)
	}
	return changed, nil
}

// shipped lists the names of the values that come with the checkout.
func shipped() (names []string, err error) {
	marker, err := local.ShippedResult("x")
	if err != nil {
		return nil, err
	}
	root := filepath.Dir(marker)
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if name, ok := strings.CutSuffix(filepath.ToSlash(rel), ".json"); ok {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	return names, nil
}
