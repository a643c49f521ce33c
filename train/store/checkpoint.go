package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	checkpointPrefix = "checkpoint-"
	savingFolder     = "saving" // a checkpoint that is not yet one
	// keepCheckpoints are kept: the last, and the one before in case the last
	// cannot be read.
	keepCheckpoints = 2
)

// Checkpoint is a folder with the state of a run after a step.
type Checkpoint struct {
	Step int
	Dir  string
}

// Checkpoints lists the complete checkpoints, the newest first.
func (r *Run) Checkpoints() ([]Checkpoint, error) {
	entries, err := os.ReadDir(r.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run %s: %w", r.ID, err)
	}
	var all []Checkpoint
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), checkpointPrefix)
		step, err := strconv.Atoi(number)
		if !ok || err != nil || !e.IsDir() {
			continue
		}
		all = append(all, Checkpoint{step, r.path(e.Name())})
	}
	slices.SortFunc(all, func(a, b Checkpoint) int { return b.Step - a.Step })
	return all, nil
}

// Saving returns the folder in which the next checkpoint is to be written, empty.
// What an interrupted process left there is removed.
func (r *Run) Saving() (string, error) {
	dir := r.path(savingFolder)
	err := os.RemoveAll(dir)
	if err == nil {
		err = os.Mkdir(dir, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("run %s: %w", r.ID, err)
	}
	return dir, nil
}

// Commit makes the folder of [Run.Saving] the checkpoint of a step and removes the
// oldest ones. Until it returns, the checkpoints before stay as they are.
func (r *Run) Commit(step int) (Checkpoint, error) {
	c := Checkpoint{step, r.path(fmt.Sprintf("%s%08d", checkpointPrefix, step))}
	from := r.path(savingFolder)
	if err := syncFiles(from); err != nil {
		return c, fmt.Errorf("run %s: checkpoint of step %d: %w", r.ID, step, err)
	}
	// One of that step is there only if it could not be read.
	if err := r.remove(c.Dir); err != nil {
		return c, err
	}
	if err := os.Rename(from, c.Dir); err != nil {
		return c, fmt.Errorf("run %s: %w", r.ID, err)
	}
	if err := syncFolder(r.Dir); err != nil {
		return c, err
	}
	return c, r.KeepCheckpoints(keepCheckpoints)
}

// Discard removes what Saving began: on a full disk it is in the way.
func (r *Run) Discard() { _ = os.RemoveAll(r.path(savingFolder)) }

// KeepCheckpoints frees the space of all checkpoints but the n newest.
func (r *Run) KeepCheckpoints(n int) error {
	all, err := r.Checkpoints()
	for i, c := range all {
		if i >= n {
			err = errors.Join(err, r.remove(c.Dir))
		}
	}
	return err
}

// remove takes a checkpoint's name away before its files, so that half a
// checkpoint never has one.
func (r *Run) remove(dir string) error {
	away := r.path("removed")
	err := os.RemoveAll(away)
	if err == nil {
		err = os.Rename(dir, away)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.RemoveAll(away)
	}
	if err != nil {
		return fmt.Errorf("run %s: removing a checkpoint: %w", r.ID, err)
	}
	return nil
}

// syncFiles brings all files below a folder to the disk.
func syncFiles(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return f.Sync()
	})
}
