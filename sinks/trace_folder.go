package sinks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// SaveAll writes the traces of a study to a folder, one file each, numbered from
// 1. A folder that is there already is replaced once the new one is whole: a call
// that fails or is interrupted before that leaves what was there.
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
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("sinks: %w", err)
	}
	if err := os.Rename(fresh, folder); err != nil {
		return fmt.Errorf("sinks: %w", err)
	}
	return nil
}

// LoadAll reads the traces that SaveAll wrote, in their order.
func LoadAll(folder string) ([]*Trace, error) {
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
