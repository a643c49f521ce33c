package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/local"
	"firsttoken/train/store"
)

// git runs git in a folder and returns what it prints.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// Weights that have left the tree come back from its history, from that of the repository it was
// cloned from, or not at all.
func TestFetch(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git: ", err)
	}
	root := t.TempDir()
	git(t, root, "init", "--quiet", "--initial-branch=main")
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, ".gitignore"), []byte("/.data/\n/runs/\n"), 0o644))
	shipped := filepath.Join(root, "notebooks", "results", "runs")
	base := tiny(t)
	var archive Archive
	var points []store.Point
	for i, seed := range []string{"seed=1", "seed=2", "seed=3"} {
		c, err := base.Set(seed)
		require.NoError(t, err)
		r := store.At(shipped, c.ID())
		require.NoError(t, r.Create())
		require.NoError(t, r.WriteConfig(c.canonical()))
		weights := []byte("weights of " + seed)
		sum := sha256.Sum256(weights)
		require.NoError(t, r.Finish(Result{Run: r.ID, WeightsSHA256: hex.EncodeToString(sum[:])}))
		points = append(points, store.Point{ID: r.ID, Dir: r.Dir})
		if i == 2 {
			continue // it never came with any
		}
		require.NoError(t, os.WriteFile(r.Weights(), weights, 0o644))
		archive.Files = append(archive.Files, ArchivedWeights{
			Run: r.ID, Path: "notebooks/results/runs/" + r.ID + "/weights.safetensors", SHA256: hex.EncodeToString(sum[:])})
	}
	git(t, root, "add", "--all")
	git(t, root, "commit", "--quiet", "--message", "with weights")
	archive.Commit = git(t, root, "rev-parse", "HEAD")
	text, err := json.Marshal(archive)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "notebooks", "results", "weights.json"), text, 0o644))
	for _, f := range archive.Files {
		require.NoError(t, os.Remove(filepath.Join(root, f.Path)))
	}
	git(t, root, "add", "--all")
	git(t, root, "commit", "--quiet", "--message", "without")

	fetch := func(root string, runs ...string) (string, error) {
		t.Setenv(local.HomeEnv, root)
		var log strings.Builder
		err := Fetch(context.Background(), runs, &log)
		return log.String(), err
	}
	t.Setenv(local.HomeEnv, root)
	err = HaveWeights(points[:2])
	require.ErrorIs(t, err, local.ErrAbsent)
	require.ErrorContains(t, err, "the weights of 2 of 2 runs")

	log, err := fetch(root, points[0].ID[:9])
	require.NoError(t, err)
	require.Equal(t, "1 runs: weights of 0 were here, of 1 fetched, of 0 are absent\n", log)
	log, err = fetch(root)
	require.NoError(t, err)
	require.Equal(t, "2 runs: weights of 1 were here, of 1 fetched, of 0 are absent\n", log)
	require.NoError(t, HaveWeights(points[:2]))
	require.Empty(t, git(t, root, "status", "--porcelain"), "the tree stays as it is")
	log, err = fetch(root, points[2].ID)
	require.ErrorContains(t, err, "never came with weights")
	require.ErrorContains(t, err, "go run ./train/cmd/train -config notebooks/results/runs/"+points[2].ID+"/config.json -store runs")
	require.Contains(t, log, "of 1 are absent")

	// A clone of the last commit asks for the one it lacks.
	shallow := filepath.Join(t.TempDir(), "clone")
	git(t, root, "clone", "--quiet", "--depth", "1", "file://"+root, shallow)
	log, err = fetch(shallow)
	require.NoError(t, err)
	require.Contains(t, log, "of 2 fetched")

	// And says so if that is in vain, or if there is no repository at all.
	alone := filepath.Join(t.TempDir(), "clone")
	git(t, root, "clone", "--quiet", "--depth", "1", "file://"+root, alone)
	git(t, alone, "remote", "set-url", "origin", filepath.Join(root, "moved"))
	_, err = fetch(alone)
	require.ErrorContains(t, err, "this clone lacks commit "+archive.Commit)
	require.ErrorContains(t, err, "git fetch --unshallow")
	require.NoError(t, os.RemoveAll(filepath.Join(alone, ".git")))
	_, err = fetch(alone)
	require.ErrorContains(t, err, "is no git clone")

	// What the history holds must be what the list says.
	require.NoError(t, os.RemoveAll(filepath.Join(root, ".data")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "notebooks", "results", "weights.json"),
		[]byte(strings.Replace(string(text), archive.Files[0].Path, archive.Files[1].Path, 1)), 0o644))
	_, err = fetch(root, points[0].ID)
	require.ErrorContains(t, err, "is not what notebooks/results/weights.json lists")
}

// A run that was trained here anew comes before the one that comes with the checkout, once it is
// done.
func TestOwnRunsComeFirst(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module firsttoken\n"), 0o644))
	t.Setenv(local.HomeEnv, root)
	c := tiny(t)
	make := func(dir string, done bool) *store.Run {
		r := store.At(dir, c.ID())
		require.NoError(t, r.Create())
		require.NoError(t, r.WriteConfig(c.canonical()))
		if done {
			require.NoError(t, r.Finish(Result{Run: r.ID}))
		}
		return r
	}
	shipped := make(filepath.Join(root, "notebooks", "results", "runs"), true)
	own := make(filepath.Join(root, "runs"), false)
	for _, want := range []*store.Run{shipped, own} {
		for what, look := range map[string]func() (*store.Run, error){
			"by name":          func() (*store.Run, error) { return find("", c.ID()[:5]) },
			"by configuration": func() (*store.Run, error) { return at(c, "") },
		} {
			got, err := look()
			require.NoError(t, err)
			require.Equal(t, want, got, what)
		}
		require.NoError(t, own.Finish(Result{Run: own.ID}))
	}
}
