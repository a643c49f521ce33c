package atlas

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"

	"github.com/google/renameio/v2"
)

// Atlas is the file: rows in the order of their list. It is written after each model, so that a run
// that is stopped goes on where it was.
type Atlas struct {
	Config
	// Code is the hash of the code that measured; rows of other code are measured again.
	Code string `json:"code"`
	Rows []Row  `json:"rows"`
}

// Read returns the atlas in a file; one without rows if there is no file.
func Read(path string) (*Atlas, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Atlas{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("atlas: %w", err)
	}
	var a Atlas
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("atlas: %s is no atlas: %w: name another file, or remove it", path, err)
	}
	return &a, nil
}

// Write replaces a file as a whole.
func (a *Atlas) Write(path string) error {
	text, err := json.MarshalIndent(a, "", " ")
	if err == nil {
		err = renameio.WriteFile(path, append(text, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("atlas: %w", err)
	}
	return nil
}

// Measured looks up the row of an entry whose model has this version, measured as c says by this
// code.
func (a *Atlas) Measured(c Config, code string, e Entry, version []string) (Row, bool) {
	if a.Config != c || a.Code != code {
		return Row{}, false
	}
	for _, r := range a.Rows {
		if r.Model == e.Model && r.BOS == e.BOS && reflect.DeepEqual(r.Version, version) {
			r.Entry = e // another label is no other measurement
			return r, true
		}
	}
	return Row{}, false
}
