// Package keep holds what a notebook measured on disk, so that a cell run again returns at once and
// a cell that only plots never loads a model.
//
// A value is kept with what it depends on: its inputs, which the caller names, and the code that
// measured it, which is found out (see [firsttoken/internal/codehash]): the function that the
// caller passes, and what it refers to in its cell and in this module, in turn.
// Change a metric, and values that it gave are measured again; change a comment, or a plot, and
// they are not. Inputs name models by the hashes of their weights (pretrained.Version,
// store.Versions) and hold no paths and no times, so that they are the same on every machine.
//
// That makes values that can come with the checkout: those of models whose weights do not. They lie
// in notebooks/results/measured and are looked up after .data/results. `make measured` makes them
// anew.
//
// Traces have their own form of this in probe.Study; keep is for all other measurements: any value
// that survives JSON.
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

	"firsttoken/internal/codehash"
	"firsttoken/train/local"
)

// file is what lies on disk.
type file struct {
	Inputs json.RawMessage `json:"inputs"`
	Code   string          `json:"code,omitempty"` // hash of the code that measured
	Value  json.RawMessage `json:"value"`
}

// self is this package, whose code has no part in what is measured.
const self = "firsttoken/notebooks/keep"

// Result returns the value kept under a name such as "06/perturbation" if it was measured from
// these inputs by this code, and else measures and keeps it. It says which. Inputs must name
// everything that the value depends on and the code does not say: model (pretrained.Version,
// store.Versions), texts, options, seed.
//
// A value of the same inputs by other code is measured again. Where that ends in [local.ErrAbsent],
// because weights are not here, it is used as it is, and a printed line says so. Of other inputs no
// value is ever used.
func Result[T any](name string, inputs any, measure func() (T, error)) (value T, fromDisk bool, err error) {
	code, err := codehash.Caller(self)
	if err != nil {
		return value, false, fmt.Errorf("keep: %w", err)
	}
	return one(name, inputs, code, measure)
}

// MeasureEnv names the environment variable that makes [Each] measure anew what other code
// measured.
const MeasureEnv = "FIRSTTOKEN_MEASURE"

// Each is [Results] for values that take so long that they come with the checkout although anybody
// could measure them. They are measured one by one, and each is kept as soon as it is there: who
// stops and asks again goes on. A value of the same inputs by other code is used as it is, and one
// printed line says of how many that is so, unless $FIRSTTOKEN_MEASURE is set.
func Each[T any](names []string, inputs []any, measure func(i int) (T, error)) (values []T, measured int, err error) {
	if len(names) != len(inputs) {
		return nil, 0, fmt.Errorf("keep: %d names, but inputs of %d values", len(names), len(inputs))
	}
	code, err := codehash.Caller(self)
	if err != nil {
		return nil, 0, fmt.Errorf("keep: %w", err)
	}
	var aged []string
	for i, name := range names {
		text, err := json.Marshal(inputs[i])
		if err != nil {
			return nil, 0, fmt.Errorf("keep: the inputs of %s do not survive JSON: %w", name, err)
		}
		_, kept, older, err := lookUp[T](name, file{Inputs: text, Code: code})
		if err != nil {
			return nil, 0, err
		}
		if !kept && older != nil && os.Getenv(MeasureEnv) == "" {
			values, aged = append(values, *older), append(aged, name)
			continue
		}
		value, fromDisk, err := one(name, inputs[i], code, func() (T, error) { return measure(i) })
		if err != nil {
			return nil, 0, err
		}
		if !fromDisk {
			measured++
		}
		values = append(values, value)
	}
	if len(aged) > 0 {
		fmt.Printf("%d of %d values, such as %s, are as they were measured by other code than today's: $%s measures them anew\n",
			len(aged), len(names), aged[len(aged)-1], MeasureEnv)
	}
	return values, measured, nil
}

// one is results for a single value.
func one[T any](name string, inputs any, code string, measure func() (T, error)) (value T, fromDisk bool, err error) {
	values, missing, err := results([]string{name}, []any{inputs}, code, func([]int) ([]T, error) {
		value, err := measure()
		return []T{value}, err
	})
	if err != nil {
		return value, false, err
	}
	return values[0], missing == 0, nil
}

// Results is [Result] for several values that are cheaper to measure together: measure is given the
// indices of those not kept and returns their values in that order. The second result is how many
// were measured.
func Results[T any](names []string, inputs []any, measure func(missing []int) ([]T, error)) ([]T, int, error) {
	if len(names) != len(inputs) {
		return nil, 0, fmt.Errorf("keep: %d names, but inputs of %d values", len(names), len(inputs))
	}
	code, err := codehash.Caller(self)
	if err != nil {
		return nil, 0, fmt.Errorf("keep: %w", err)
	}
	return results(names, inputs, code, measure)
}

func results[T any](names []string, inputs []any, code string, measure func(missing []int) ([]T, error)) ([]T, int, error) {
	values, wants, older := make([]T, len(names)), make([]file, len(names)), make([]*T, len(names))
	var missing []int
	for i, name := range names {
		inputs, err := json.Marshal(inputs[i])
		if err != nil {
			return nil, 0, fmt.Errorf("keep: the inputs of %s do not survive JSON: %w", name, err)
		}
		wants[i] = file{Inputs: inputs, Code: code}
		var kept bool
		if values[i], kept, older[i], err = lookUp[T](name, wants[i]); err != nil {
			return nil, 0, err
		}
		if !kept {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return values, 0, nil
	}
	measured, err := measure(missing)
	if errors.Is(err, local.ErrAbsent) {
		return values, 0, fallBack(names, missing, older, values, err)
	}
	if err != nil {
		return nil, 0, err
	}
	if len(measured) != len(missing) {
		return nil, 0, fmt.Errorf("keep: %d values were measured where %d were missing", len(measured), len(missing))
	}
	for j, i := range missing {
		if err := write(names[i], wants[i], measured[j]); err != nil {
			return nil, 0, err
		}
		values[i] = measured[j]
	}
	return values, len(missing), nil
}

// lookUp finds the value of a name: as measured here, then as it comes with the checkout. older is
// one of the same inputs by other code, nil if there is none.
func lookUp[T any](name string, want file) (value T, kept bool, older *T, err error) {
	own, err := place(name)
	if err != nil {
		return value, false, nil, err
	}
	shipped, err := local.ShippedResult(name)
	if err != nil {
		return value, false, nil, err
	}
	for _, path := range []string{own, shipped} {
		// A damaged or older file is measured again rather than reported: nothing is lost.
		var v T
		f, err := read(path)
		if err != nil || !bytes.Equal(f.Inputs, want.Inputs) || !whole(f.Value, &v) {
			continue
		}
		if f.Code != want.Code && older != nil {
			continue
		}
		if path == shipped { // Load, which asks for no inputs, finds it as well
			if err := put(own, name, f); err != nil {
				return value, false, nil, err
			}
		}
		if f.Code == want.Code {
			return v, true, nil, nil
		}
		older = &v
	}
	return value, false, older, nil
}

// fallBack fills in values by other code where what would measure them anew is absent.
func fallBack[T any](names []string, missing []int, older []*T, values []T, absent error) error {
	for _, i := range missing {
		if older[i] == nil {
			return fmt.Errorf("keep: %s cannot be measured here, and no value of these inputs comes with the checkout: %w", names[i], absent)
		}
		values[i] = *older[i]
	}
	for _, i := range missing {
		fmt.Printf("%s is as it was measured by other code than today's, because %v\n", names[i], absent)
	}
	return nil
}

// whole reads a value and reports whether it has the shape of T: one that was kept when T had fewer
// or other fields is not taken for one of today with zeros.
func whole[T any](text json.RawMessage, value *T) bool {
	if json.Unmarshal(text, value) != nil {
		return false
	}
	again, err := json.Marshal(value)
	return err == nil && bytes.Equal(again, text)
}

// Save keeps a value that is not worth asking for twice, such as the names of runs, for the cells
// that plot.
func Save[T any](name string, value T) error {
	return write(name, file{Inputs: json.RawMessage("null")}, value)
}

// write keeps a value under a name.
func write(name string, f file, value any) error {
	path, err := place(name)
	if err != nil {
		return err
	}
	if f.Value, err = json.Marshal(value); err != nil {
		return fmt.Errorf("keep: the value of %s does not survive JSON (is a number NaN or infinite?): %w", name, err)
	}
	return put(path, name, f)
}

func put(path, name string, f file) error {
	data, err := json.Marshal(f)
	if err == nil {
		err = renameio.WriteFile(path, data, 0o644)
	}
	if err != nil {
		return fmt.Errorf("keep: %s: %w", name, err)
	}
	return nil
}

// Load returns what was last kept under a name, or comes with the checkout.
func Load[T any](name string) (T, error) {
	var value T
	path, err := place(name)
	if err != nil {
		return value, err
	}
	f, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		if path, err = local.ShippedResult(name); err != nil {
			return value, err
		}
		f, err = read(path)
	}
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
