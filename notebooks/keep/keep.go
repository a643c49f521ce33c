// Package keep holds what a notebook measured on disk, so that a cell run again returns at once and a cell that only plots never
// loads a model.
//
// Traces have their own form of this in probe.Study; keep is for all other measurements: any value that survives JSON.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
)

// file is what lies on disk.
type file struct {
	Inputs json.RawMessage `json:"inputs"`
	Value  json.RawMessage `json:"value"`
}

// Result returns the value kept under a name such as "06/perturbation" if it was made from these inputs, and else measures and keeps
// it. It says which. Inputs must name everything that the value depends on: model (pretrained.Version), texts, options, seed.
func Result[T any](name string, inputs any, measure func() (T, error)) (value T, fromDisk bool, err error) {
	path, err := place(name)
	if err != nil {
		return value, false, err
	}
	want, err := json.Marshal(inputs)
	if err != nil {
		return value, false, fmt.Errorf("keep: the inputs of %s do not survive JSON: %w", name, err)
	}
	// A damaged or older file is measured again rather than reported: nothing is lost.
	if f, err := read(path); err == nil && string(f.Inputs) == string(want) {
		var kept T
		if json.Unmarshal(f.Value, &kept) == nil {
			return kept, true, nil
		}
	}
	if value, err = measure(); err == nil {
		err = write(path, name, want, value)
	}
	return value, false, err
}

// Save keeps a value that is not worth asking for twice, such as the names of runs, for the cells that plot.
func Save[T any](name string, value T) error {
	path, err := place(name)
	if err != nil {
		return err
	}
	return write(path, name, json.RawMessage("null"), value)
}

func write(path, name string, inputs json.RawMessage, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("keep: the value of %s does not survive JSON (is a number NaN or infinite?): %w", name, err)
	}
	if data, err = json.Marshal(file{Inputs: inputs, Value: data}); err != nil {
		return fmt.Errorf("keep: %s: %w", name, err)
	}
	if err := renameio.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("keep: %s: %w", name, err)
	}
	return nil
}

// Load returns what was last kept under a name.
func Load[T any](name string) (T, error) {
	var value T
	path, err := place(name)
	if err != nil {
		return value, err
	}
	f, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return value, fmt.Errorf("keep: nothing is kept as %q yet: run the cell that measures it first", name)
	}
	if err != nil {
		return value, fmt.Errorf("keep: %s: %w: delete it and measure again", path, err)
	}
	if err := json.Unmarshal(f.Value, &value); err != nil {
		return value, fmt.Errorf("keep: %s holds something else than %T: %w", path, value, err)
	}
	return value, nil
}

// place is the file of a name; its folder is made.
func place(name string) (string, error) {
	folder, err := local.DataDir("results", filepath.Dir(name))
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, filepath.Base(name)+".json"), nil
}

func read(path string) (file, error) {
	var f file
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(data, &f)
}
