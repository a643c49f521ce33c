// Package store keeps training runs on disk: one folder a run, with its
// configuration, curves, checkpoints, weights and provenance.
//
// Whatever stops a process, at whatever moment (a signal, a power cut, a full
// disk), the last good checkpoint stays loadable: a file or folder gets its name
// only once all of it has reached the disk. Several processes can work on one
// store: a run belongs to whoever holds its lock, which the system releases when
// that process ends, however it ends.
//
// The package imports no tensor library, so that a notebook cell that only draws
// curves links fast.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// The files of a run.
const (
	configFile     = "config.json"     // what was asked for; the run's name is its hash
	provenanceFile = "provenance.json" // what it ran on
	curvesFile     = "curves.jsonl"    // one Record a line; with .gz behind it, compressed
	resultFile     = "result.json"     // there once the run is done
	weightsFile    = "weights.safetensors"
	lockFile       = "lock"
)

// Run is the folder of one run.
type Run struct {
	ID  string // hash of the configuration
	Dir string // the folder, Store/ID
}

// At returns the run of that id in a store, whether or not it is there.
func At(dir, id string) *Run { return &Run{ID: id, Dir: filepath.Join(dir, id)} }

// Create makes the run's folder.
func (r *Run) Create() error {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return fmt.Errorf("run store: %w", err)
	}
	return nil
}

// Find returns the run whose id starts with prefix; "" finds the only one.
func Find(dir, prefix string) (*Run, error) { return FindIn([]string{dir}, prefix) }

// FindIn is Find in several folders: a run that is in more than one counts once, as it is in the
// first.
func FindIn(dirs []string, prefix string) (*Run, error) {
	var found []*Run
	for _, dir := range dirs {
		runs, err := List(dir)
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			known := slices.ContainsFunc(found, func(f *Run) bool { return f.ID == r.ID })
			if strings.HasPrefix(r.ID, prefix) && !known {
				found = append(found, r)
			}
		}
	}
	in := strings.Join(dirs, " or ")
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, fmt.Errorf("run store: no run in %s starts with %q", in, prefix)
	}
	return nil, fmt.Errorf("run store: %d runs in %s start with %q: give more of the name", len(found), in, prefix)
}

// List returns the runs of a store that have a configuration, by id.
func List(dir string) ([]*Run, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("run store: %w", err)
	}
	var runs []*Run
	for _, e := range entries {
		r := At(dir, e.Name())
		if _, err := os.Stat(r.path(configFile)); err == nil {
			runs = append(runs, r)
		}
	}
	return runs, nil
}

func (r *Run) path(elem ...string) string { return filepath.Join(append([]string{r.Dir}, elem...)...) }

// Weights is the path of the final weights.
func (r *Run) Weights() string { return r.path(weightsFile) }

// WriteConfig stores the configuration as it is hashed. If one is there already
// and differs, the store is damaged, or two configurations share a hash.
func (r *Run) WriteConfig(text []byte) error {
	old, err := os.ReadFile(r.path(configFile))
	switch {
	case err == nil && !slices.Equal(old, text):
		return fmt.Errorf("run %s: %s is not what the run was started with: remove the folder %s, or restore the file", r.ID, configFile, r.Dir)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("run %s: %w", r.ID, err)
	}
	return r.write(configFile, text)
}

// Config returns the stored configuration.
func (r *Run) Config() ([]byte, error) { return r.read(configFile) }

// WriteProvenance stores what the run runs on: backend, versions, data.
func (r *Run) WriteProvenance(v any) error { return r.writeJSON(provenanceFile, v) }

// Provenance reads what WriteProvenance wrote; false if there is none.
func (r *Run) Provenance(v any) (found bool, err error) { return r.readJSON(provenanceFile, v) }

// Finish stores the result, after everything else: a run with a result is done.
func (r *Run) Finish(result any) error { return r.writeJSON(resultFile, result) }

// Result reads the result into v and reports whether there is one.
func (r *Run) Result(v any) (done bool, err error) { return r.readJSON(resultFile, v) }

// Done reports whether the run has a result.
func (r *Run) Done() bool {
	_, err := os.Stat(r.path(resultFile))
	return err == nil
}

// readJSON reports whether there is a file of that name.
func (r *Run) readJSON(name string, v any) (bool, error) {
	text, err := os.ReadFile(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return false, fmt.Errorf("run %s: %s: %w", r.ID, name, err)
	}
	return true, nil
}

func (r *Run) read(name string) ([]byte, error) {
	text, err := os.ReadFile(r.path(name))
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	return text, nil
}

func (r *Run) writeJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("run %s: %s: %w", r.ID, name, err)
	}
	return r.write(name, append(text, '\n'))
}

// write replaces a file as a whole.
func (r *Run) write(name string, text []byte) error {
	if err := renameio.WriteFile(r.path(name), text, 0o644, renameio.WithTempDir(r.Dir)); err != nil {
		return fmt.Errorf("run %s: writing %s: %w", r.ID, name, err)
	}
	return syncFolder(r.Dir)
}

// syncFolder makes names given in a folder survive a power cut.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("run store: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("run store: %w", err)
	}
	return nil
}
