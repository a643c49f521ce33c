// Package keep holds what a notebook measured on disk, so that a cell run again returns at once and a cell that only plots never
// loads a model.
//
// Traces have their own form of this in probe.Study; keep is for all other measurements: any value that survives JSON.
package keep

import (
	"bytes"
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
	values, missing, err := Results([]string{name}, []any{inputs}, func([]int) ([]T, error) {
		value, err := measure()
		return []T{value}, err
	})
	if err != nil {
		return value, false, err
	}
	return values[0], missing == 0, nil
}

// Results is [Result] for several values that are cheaper to measure together: measure is given the indices of those not kept and
// returns their values in that order. The second result is how many it was given.
func Results[T any](names []string, inputs []any, measure func(missing []int) ([]T, error)) ([]T, int, error) {
	if len(names) != len(inputs) {
		return nil, 0, fmt.Errorf("keep: %d names, but inputs of %d values", len(names), len(inputs))
	}
	values, wants, paths := make([]T, len(names)), make([]json.RawMessage, len(names)), make([]string, len(names))
	var missing []int
	for i, name := range names {
		var err error
		if paths[i], err = place(name); err != nil {
			return nil, 0, err
		}
		if wants[i], err = json.Marshal(inputs[i]); err != nil {
			return nil, 0, fmt.Errorf("keep: the inputs of %s do not survive JSON: %w", name, err)
		}
		// A damaged or older file is measured again rather than reported: nothing is lost.
		f, err := read(paths[i])
		if err != nil || string(f.Inputs) != string(wants[i]) || !whole(f.Value, &values[i]) {
			values[i] = *new(T) // nothing half read
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return values, 0, nil
	}
	measured, err := measure(missing)
	if err != nil {
		return nil, 0, err
	}
	if len(measured) != len(missing) {
		return nil, 0, fmt.Errorf("keep: %d values were measured where %d were missing", len(measured), len(missing))
	}
	for j, i := range missing {
		if err := write(paths[i], names[i], wants[i], measured[j]); err != nil {
			return nil, 0, err
		}
		values[i] = measured[j]
	}
	return values, len(missing), nil
}

// whole reads a value and reports whether it has the shape of T: one that was kept when T had fewer or other fields is not taken for
// one of today with zeros.
func whole[T any](text json.RawMessage, value *T) bool {
	if json.Unmarshal(text, value) != nil {
		return false
	}
	again, err := json.Marshal(value)
	return err == nil && bytes.Equal(again, text)
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
