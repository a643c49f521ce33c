package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func newRun(t *testing.T) *Run {
	t.Helper()
	r := At(t.TempDir(), "abc")
	require.NoError(t, r.Create())
	return r
}

// save makes a checkpoint that holds one file.
func save(t *testing.T, r *Run, step int, text string) {
	t.Helper()
	dir, err := r.Saving()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state"), []byte(text), 0o644))
	_, err = r.Commit(step)
	require.NoError(t, err)
}

func stepsOf(t *testing.T, r *Run) []int {
	t.Helper()
	all, err := r.Checkpoints()
	require.NoError(t, err)
	var steps []int
	for _, c := range all {
		steps = append(steps, c.Step)
	}
	return steps
}

func TestCheckpoints(t *testing.T) {
	r := newRun(t)
	require.Empty(t, stepsOf(t, r))
	require.Empty(t, stepsOf(t, At(t.TempDir(), "none")))
	for _, step := range []int{5, 90, 100} {
		save(t, r, step, "first")
	}
	require.Equal(t, []int{100, 90}, stepsOf(t, r), "the newest first, two are kept")

	// What is being written is no checkpoint, and does not outlast the process.
	dir, err := r.Saving()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "half"), nil, 0o644))
	require.Equal(t, []int{100, 90}, stepsOf(t, r))
	save(t, r, 100, "again")
	all, err := r.Checkpoints()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(all[0].Dir, "state"))
	require.NoError(t, err)
	require.Equal(t, "again", string(text))
	require.NoFileExists(t, filepath.Join(all[0].Dir, "half"))

	require.NoError(t, r.KeepCheckpoints(1))
	require.Equal(t, []int{100}, stepsOf(t, r))
	require.NoError(t, r.KeepCheckpoints(0))
	require.Empty(t, stepsOf(t, r))
}

func TestCurves(t *testing.T) {
	r := newRun(t)
	for step := range 4 {
		require.NoError(t, r.Append(Record{Step: step, Loss: float64(step)}))
	}
	f, err := os.OpenFile(r.path(curvesFile), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"step": 4, "lo`) // as a power cut leaves it
	require.NoError(t, err)
	require.NoError(t, f.Close())
	records, err := r.Curves()
	require.NoError(t, err)
	require.Len(t, records, 4)

	require.NoError(t, r.Rewind(1))
	require.NoError(t, r.Append(Record{Step: 7}))
	records, err = r.Curves()
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 7}, []int{records[0].Step, records[1].Step, records[2].Step})

	require.NoError(t, os.WriteFile(r.path(curvesFile), []byte("{}\nnonsense\n"), 0o644))
	_, err = r.Curves()
	require.ErrorContains(t, err, "line 2")
}

// Curves that come with the checkout are compressed.
func TestCompressedCurves(t *testing.T) {
	r := newRun(t)
	for step := range 3 {
		require.NoError(t, r.Append(Record{Step: step}))
	}
	want, err := r.Curves()
	require.NoError(t, err)
	text, err := os.ReadFile(r.path(curvesFile))
	require.NoError(t, err)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err = z.Write(text)
	require.NoError(t, errors.Join(err, z.Close()))
	require.NoError(t, os.WriteFile(r.path(curvesFile+".gz"), packed.Bytes(), 0o644))
	require.NoError(t, os.Remove(r.path(curvesFile)))
	got, err := r.Curves()
	require.NoError(t, err)
	require.Equal(t, want, got)

	longer := newRun(t)
	require.NoError(t, longer.CopyCurves(r))
	got, err = longer.Curves()
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, os.Truncate(r.path(curvesFile+".gz"), int64(packed.Len()/2)))
	_, err = r.Curves()
	require.ErrorContains(t, err, "curves.jsonl: unexpected EOF")
}

func TestVersions(t *testing.T) {
	r := newRun(t)
	points := []Point{{ID: r.ID, Dir: r.Dir}}
	_, err := Versions(points)
	require.ErrorContains(t, err, "is not done")
	require.NoError(t, r.Finish(map[string]string{"weights_sha256": "1234"}))
	versions, err := Versions(points)
	require.NoError(t, err)
	require.Equal(t, []string{"abc sha256:1234"}, versions, "no folder in it")
}

func TestConfigAndResult(t *testing.T) {
	r := newRun(t)
	require.NoError(t, r.WriteConfig([]byte("{}\n")))
	require.NoError(t, r.WriteConfig([]byte("{}\n")))
	require.ErrorContains(t, r.WriteConfig([]byte("{1}\n")), "not what the run was started with")
	var result map[string]int
	done, err := r.Result(&result)
	require.NoError(t, err)
	require.False(t, done)
	require.NoError(t, r.Finish(map[string]int{"steps": 3}))
	done, err = r.Result(&result)
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, 3, result["steps"])
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"abc", "abd", "xyz"} {
		r := At(dir, id)
		require.NoError(t, r.Create())
		require.NoError(t, r.WriteConfig([]byte("{}")))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "other"), 0o755))
	runs, err := List(dir)
	require.NoError(t, err)
	require.Len(t, runs, 3)
	r, err := Find(dir, "x")
	require.NoError(t, err)
	require.Equal(t, "xyz", r.ID)
	_, err = Find(dir, "ab")
	require.ErrorContains(t, err, "2 runs")
	_, err = Find(dir, "q")
	require.ErrorContains(t, err, "no run")

	// In two folders, one run in both.
	more := t.TempDir()
	for _, id := range []string{"xyz", "qrs", "abe"} {
		r := At(more, id)
		require.NoError(t, r.Create())
		require.NoError(t, r.WriteConfig([]byte("{}")))
	}
	r, err = FindIn([]string{dir, more}, "x")
	require.NoError(t, err)
	require.Equal(t, At(dir, "xyz"), r, "the first folder's")
	_, err = FindIn([]string{dir, more}, "q")
	require.NoError(t, err)
	_, err = FindIn([]string{dir, more}, "ab")
	require.ErrorContains(t, err, "3 runs in "+dir+" or "+more)
}

func TestLock(t *testing.T) {
	r := newRun(t)
	unlock, err := r.Lock(context.Background(), false)
	require.NoError(t, err)
	_, err = r.Lock(context.Background(), false)
	require.ErrorIs(t, err, ErrBusy)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = r.Lock(ctx, true)
	require.ErrorIs(t, err, context.Canceled)

	got := make(chan error)
	go func() {
		again, err := r.Lock(context.Background(), true)
		if err == nil {
			again()
		}
		got <- err
	}()
	unlock()
	require.NoError(t, <-got)
}
