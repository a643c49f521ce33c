package sinks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// SaveAll writes the traces of a study to a folder, one file each, numbered from
// 1. A folder that is there already is replaced once the new one is whole: a call
// that fails or is interrupted, wherever it is, leaves what was there for LoadAll.
func SaveAll(folder string, traces []*Trace) (err error) {
	if len(traces) == 0 {
		return errors.New("sinks: no traces to save")
	}
	fresh := folder + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("sinks: %w", err)
	}
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		return fmt.Errorf("sinks: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(fresh))
		}
	}()
	for i, t := range traces {
		if err := t.Save(filepath.Join(fresh, fmt.Sprintf("%05d.safetensors", i+1))); err != nil {
			return err
		}
	}
	// A folder cannot take the place of another in one step: the old one steps aside first, where
	// LoadAll finds it.
	old := folder + oldSuffix
	_, err = os.Lstat(folder)
	there := err == nil
	if there {
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("sinks: %w", err)
		}
		if err := os.Rename(folder, old); err != nil {
			return fmt.Errorf("sinks: %w", err)
		}
	}
	if err := os.Rename(fresh, folder); err != nil {
		err = fmt.Errorf("sinks: %w", err)
		if there {
			err = errors.Join(err, os.Rename(old, folder))
		}
		return err
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("sinks: %w", err)
	}
	return nil
}

// oldSuffix marks the folder that is being replaced.
const oldSuffix = ".old"

// LoadAll reads the traces that SaveAll wrote, in their order.
func LoadAll(folder string) ([]*Trace, error) {
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(folder + oldSuffix); err == nil {
			folder += oldSuffix // SaveAll was interrupted on its last step
		}
	}
	names, err := filepath.Glob(filepath.Join(folder, "*.safetensors"))
	if err != nil {
		return nil, fmt.Errorf("sinks: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("sinks: no traces in %s: run the cell or command that measures them first", folder)
	}
	slices.Sort(names)
	traces := make([]*Trace, len(names))
	for i, name := range names {
		if traces[i], err = Load(name); err != nil {
			return nil, err
		}
	}
	return traces, nil
}
