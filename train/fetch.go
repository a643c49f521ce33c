package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"firsttoken/train/local"
	"firsttoken/train/store"
)

// Archive names the weights that came with the checkout once and now lie in its history alone:
// notebooks/results/weights.json.
type Archive struct {
	// Commit holds all of them.
	Commit string            `json:"commit"`
	Files  []ArchivedWeights `json:"files"`
}

// ArchivedWeights are the weights of one run.
type ArchivedWeights struct {
	Run    string `json:"run"`
	Path   string `json:"path"`   // in that commit
	SHA256 string `json:"sha256"` // of the file
}

// ReadArchive reads the list that comes with the checkout.
func ReadArchive() (a Archive, err error) {
	shipped, err := local.ShippedRuns()
	if err != nil {
		return a, err
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(shipped), "weights.json"))
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return a, fmt.Errorf("list of archived weights: %w", err)
	}
	return a, nil
}

// Fetch brings the weights of runs from the history of the checkout into .data/weights, where
// LoadModel finds them. runs are beginnings of their names; without any, all that the archive has
// are meant. It says on log what it did. What cannot be brought is an error that says how to train
// it.
func Fetch(ctx context.Context, runs []string, log io.Writer) error {
	a, err := ReadArchive()
	if err != nil {
		return err
	}
	root, err := local.Root()
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		for _, f := range a.Files {
			runs = append(runs, f.Run)
		}
	}
	here, fetched := 0, 0
	var absent []string
	var why error
	for _, run := range runs {
		r, err := find("", run)
		if err != nil {
			return err
		}
		result, err := done(r)
		if err == nil && result == nil {
			err = fmt.Errorf("run %s is not done: train it first", r.ID)
		}
		if err != nil {
			return err
		}
		_, err = weights(r, result)
		switch {
		case err == nil:
			here++
			continue
		case !errors.Is(err, local.ErrAbsent):
			return err
		}
		if err := a.fetch(ctx, root, r, result.WeightsSHA256); err != nil {
			absent, why = append(absent, r.ID), err
			continue
		}
		fetched++
	}
	fmt.Fprintf(log, "%d runs: weights of %d were here, of %d fetched, of %d are absent\n", len(runs), here, fetched, len(absent))
	if len(absent) == 0 {
		return nil
	}
	return fmt.Errorf("%w\nTraining gives the weights of these runs anew, on another machine others, which then are measured anew too:\n%s", why, retrain(absent))
}

// retrain are the commands that train runs which come with the checkout.
func retrain(runs []string) string {
	var b strings.Builder
	for _, run := range runs {
		fmt.Fprintf(&b, "go run ./train/cmd/train -config notebooks/results/runs/%s/config.json -store runs\n", run)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// fetch brings the weights of one run.
func (a Archive) fetch(ctx context.Context, root string, r *store.Run, sum string) error {
	for _, f := range a.Files {
		if f.Run != r.ID || f.SHA256 != sum {
			continue
		}
		text, err := a.read(ctx, root, f.Path)
		if err != nil {
			return err
		}
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != sum {
			return fmt.Errorf("%s of commit %s is not what %s lists: its SHA-256 is %x", f.Path, a.Commit, "notebooks/results/weights.json", got)
		}
		path, err := fetchedPath(sum)
		if err != nil {
			return err
		}
		return renameio.WriteFile(path, text, 0o644)
	}
	return errors.New("some of these runs never came with weights")
}

// read returns a file of the archive's commit. A clone without history asks where it was cloned
// from for that commit, once.
func (a Archive) read(ctx context.Context, root, path string) ([]byte, error) {
	git := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
		}
		return out, err
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no git clone, and so has no history with commit %s, which holds the weights", root, a.Commit)
	}
	if _, err := git("cat-file", "-e", a.Commit+"^{commit}"); err != nil {
		if _, err := git("fetch", "--quiet", "--depth", "1", "origin", a.Commit); err != nil {
			return nil, fmt.Errorf("this clone lacks commit %s, which holds the weights (%w): `git fetch --unshallow` may bring it", a.Commit, err)
		}
	}
	return git("cat-file", "blob", a.Commit+":"+path)
}
