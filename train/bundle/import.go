package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"firsttoken/train"
	"firsttoken/train/store"
)

// Import adds the finished runs of a folder of results to a store, and says of each on out what
// became of it. A run that is damaged (see [train.Verify], and the folder's sums) is refused, the
// others are taken; the error names those refused. One that is in the store already stays as it is.
// Runs that were put aside remain where they are.
func Import(from, into string, out io.Writer) error {
	sums, err := ReadSums(from)
	if err != nil {
		return fmt.Errorf("import: %s is no folder of results: %w", from, err)
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	// What is no run: grids, speeds, the report.
	var refused []error
	for name := range sums {
		if filepath.Dir(filepath.Dir(name)) != "runs" {
			if err := sums.Check(from, name); err != nil {
				refused = append(refused, err)
			}
		}
	}
	runs, err := store.List(filepath.Join(from, "runs"))
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	listed := map[string]bool{}
	for name := range sums {
		if dir := filepath.Dir(name); filepath.Dir(dir) == "runs" {
			listed[filepath.Base(dir)] = true
		}
	}
	for _, r := range runs {
		whole := listed[r.ID]
		delete(listed, r.ID)
		var result train.Result
		done, err := r.Result(&result)
		if err == nil && !done && !whole {
			all, _ := r.Checkpoints()
			step := 0
			if len(all) > 0 {
				step = all[0].Step
			}
			fmt.Fprintf(out, "run %s: not taken, it is put aside at step %d: run the bundle again to go on\n", r.ID, step)
			continue
		}
		what, err := take(r, sums, from, into)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		fmt.Fprintf(out, "run %s: %s\n", r.ID, what)
	}
	for id := range listed {
		refused = append(refused, fmt.Errorf("run %s is missing", id))
	}
	if err := grids(from, into, out); err != nil {
		refused = append(refused, err)
	}
	for _, err := range refused {
		fmt.Fprintf(out, "refused: %s\n", err)
	}
	if len(refused) > 0 {
		return fmt.Errorf("import: %d refused: %w", len(refused), errors.Join(refused...))
	}
	return nil
}

// grids says how far the grids of a folder of results are in a store.
func grids(from, into string, out io.Writer) error {
	files, err := filepath.Glob(filepath.Join(from, "grids", "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		g, err := train.ReadGrid(file)
		if err != nil {
			return err
		}
		configs, err := g.Configs()
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		states, err := train.Status(configs, into)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		done := 0
		for _, s := range states {
			if s.Result != nil {
				done++
			}
		}
		fmt.Fprintf(out, "grid %s: %d of %d runs are done\n", file, done, len(states))
	}
	return nil
}

// take checks a run and copies it, and says what it did.
func take(r *store.Run, sums Sums, from, into string) (string, error) {
	if err := sums.Check(from, "runs/"+r.ID+"/"); err != nil {
		return "", fmt.Errorf("run %s: %w", r.ID, err)
	}
	result, err := train.Verify(r)
	if err != nil {
		return "", err
	}
	to := store.At(into, r.ID)
	if _, err := os.Stat(to.Dir); err == nil {
		have, err := train.Verify(to)
		switch {
		case err != nil:
			return "", fmt.Errorf("%w: that is in %s: remove it to take the new one", err, to.Dir)
		case *have != *result:
			return "", fmt.Errorf("run %s: another result is in %s (held-out loss %.4f there, %.4f here): remove it to take this one", r.ID, to.Dir, have.ValLoss, result.ValLoss)
		}
		return "was there", nil
	}
	partial, err := os.MkdirTemp(into, ".import-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	for _, name := range r.Files() {
		if err := copyFile(filepath.Join(r.Dir, name), filepath.Join(partial, name)); err != nil {
			return "", fmt.Errorf("run %s: %w", r.ID, err)
		}
	}
	if err := errors.Join(os.Chmod(partial, 0o755), os.Rename(partial, to.Dir)); err != nil {
		return "", fmt.Errorf("run %s: %w", r.ID, err)
	}
	return fmt.Sprintf("taken, %.1f M tokens, held-out loss %.4f, sink rate %.1f %%", float64(result.Tokens)/1e6, result.ValLoss, 100*result.SinkRate), nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// ImportTokenizers adds the tokenizers of a folder of results to another folder of them.
func ImportTokenizers(from, into string) error {
	entries, err := os.ReadDir(filepath.Join(from, "tokenizers"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		to := filepath.Join(into, e.Name())
		if _, err := os.Stat(to); err == nil {
			continue
		}
		if err := os.CopyFS(to, os.DirFS(filepath.Join(from, "tokenizers", e.Name()))); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	return err
}
