package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"firsttoken/train/local"
	"firsttoken/train/store"
)

// weights is the file of a finished run's weights: in its folder, or where [Fetch] keeps those that
// have left the checkout, by their hash. They must be what the result says.
func weights(r *store.Run, result *Result) (string, error) {
	fetched, err := fetchedPath(result.WeightsSHA256)
	if err != nil {
		return "", err
	}
	for _, path := range []string{r.Weights(), fetched} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		sum, err := local.FileSHA256(path)
		if err != nil {
			return "", fmt.Errorf("run %s: its weights: %w", r.ID, err)
		}
		if sum != result.WeightsSHA256 {
			return "", fmt.Errorf("run %s: the weights in %s are not those of its result: their SHA-256 is %s instead of %s: bring the file back, or train the run again",
				r.ID, path, sum, result.WeightsSHA256)
		}
		return path, nil
	}
	return "", fmt.Errorf("the weights of run %s are %w, only its curves: `go run ./train/cmd/runs fetch %[1]s` brings them or says what does", r.ID, local.ErrAbsent)
}

// fetchedPath is where weights of that hash lie once they are fetched.
func fetchedPath(sum string) (string, error) {
	dir, err := local.DataDir("weights")
	return filepath.Join(dir, sum+".safetensors"), err
}

// HaveWeights returns nil if LoadModel can read all of these runs, and else an error that wraps
// [local.ErrAbsent], says how many it cannot, and names the command that brings them: ask before an
// hour of measuring ends at the last one.
func HaveWeights(points []store.Point) error {
	var absent []string
	for _, p := range points {
		r := &store.Run{ID: p.ID, Dir: p.Dir}
		result, err := done(r)
		if err == nil && result == nil {
			err = fmt.Errorf("run %s is not done: train it first", r.ID)
		}
		if err != nil {
			return err
		}
		if _, err := weights(r, result); errors.Is(err, local.ErrAbsent) {
			absent = append(absent, r.ID)
		} else if err != nil {
			return err
		}
	}
	if len(absent) == 0 {
		return nil
	}
	return fmt.Errorf("the weights of %d of %d runs are %w: `go run ./train/cmd/runs fetch` brings them, or says what does", len(absent), len(points), local.ErrAbsent)
}
