package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/store"
)

// stopped carries out a run that is interrupted in each of the given updates, and
// returns how it ended.
func stopped(t *testing.T, c Config, dir string, at ...int) *Result {
	t.Helper()
	for _, step := range at {
		ctx, cancel := context.WithCancel(context.Background())
		_, run, err := start(t, ctx, c, dir, Options{}, func(s int, b corpus.Batch) {
			if s == step {
				cancel()
			}
		})
		require.ErrorIs(t, err, ErrStopped)
		all, err := run.Checkpoints()
		require.NoError(t, err)
		require.NotEmpty(t, all)
		cancel()
	}
	result, _, err := start(t, context.Background(), c, dir, Options{}, nil)
	require.NoError(t, err)
	return result
}

// A run that was stopped ends with the bits of one that was not, and its curves
// show no trace.
func TestResumeIsBitIdentical(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	for change, stops := range map[string][]int{"accumulate=1": {3, 7}, "accumulate=2": {5}} {
		t.Run(change, func(t *testing.T) {
			if change != "accumulate=1" {
				fullOnly(t, "one way to accumulate will do")
			}
			c, err := tiny(t).Set(change)
			require.NoError(t, err)
			want, reference := whole(t, c)
			dir := t.TempDir()
			require.Equal(t, want, stopped(t, c, dir, stops...))
			run, err := store.Find(dir, "")
			require.NoError(t, err)
			require.Equal(t, curves(t, reference), curves(t, run))
		})
	}
}

// curves are a run's records without the time they took.
func curves(t *testing.T, run *store.Run) []store.Record {
	t.Helper()
	records, err := run.Curves()
	require.NoError(t, err)
	for i := range records {
		records[i].Seconds = 0
	}
	return records
}

// A checkpoint that cannot be read is passed over for the one before it.
func TestDamagedCheckpoint(t *testing.T) {
	fullOnly(t, "three trainings")
	c, dir := tiny(t), t.TempDir()
	want, _ := whole(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	_, run, err := start(t, ctx, c, dir, Options{}, func(s int, _ corpus.Batch) {
		if s == 8 {
			cancel()
		}
	})
	require.ErrorIs(t, err, ErrStopped)
	all, err := run.Checkpoints()
	require.NoError(t, err)
	require.Len(t, all, 2)
	files, err := filepath.Glob(filepath.Join(all[0].Dir, "*.bin"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.Truncate(files[0], 100))
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	result, _, err := start(t, context.Background(), c, dir, Options{}, nil)
	slog.SetDefault(before)
	require.NoError(t, err)
	require.Equal(t, want, result)
	require.Contains(t, log.String(), "an older checkpoint than its last")
	require.Contains(t, log.String(), filepath.Base(all[0].Dir))

	// With none left to read, the run says so instead of starting over.
	other := t.TempDir()
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	_, run, err = start(t, ctx, c, other, Options{}, nil)
	require.ErrorIs(t, err, ErrStopped)
	all, err = run.Checkpoints()
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NoError(t, os.Remove(filepath.Join(all[0].Dir, tallyFile)))
	_, _, err = start(t, context.Background(), c, other, Options{}, nil)
	require.ErrorContains(t, err, "remove the folder to start over")
}

// childEnv names the folder in which a test process carries out a run.
const childEnv = "FIRSTTOKEN_TEST_RUN"

// killed is the run that the child processes work on.
func killed(t *testing.T) Config {
	c, err := tiny(t).Set("budget_tokens=1920", "checkpoint_steps=1", "monitor.steps=7")
	require.NoError(t, err)
	return c
}

// TestChild is the run of TestKill in a process of its own.
func TestChild(t *testing.T) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		t.Skip("is started by TestKill")
	}
	result, _, err := start(t, context.Background(), killed(t), dir, Options{}, func(step int, _ corpus.Batch) {
		fmt.Println("batch", step)
	})
	require.NoError(t, err)
	fmt.Println("weights", result.WeightsSHA256)
}

// A run goes on only with the text that it began with: a configuration names the user's toolchain,
// not what is in it.
func TestOtherTextIsRefused(t *testing.T) {
	fullOnly(t, "trains and tokenises")
	c, err := tiny(t).Set("optimizer.schedule=constant")
	require.NoError(t, err)
	text := func(digest string, onBatch func(int, corpus.Batch)) *data {
		d := source(c, onBatch)
		d.provenance = json.RawMessage(fmt.Sprintf(`{"tokenizer":"bytes","training":{"recipe":"comments of go1.%[1]s","digest":%[1]q},"held_out":{"digest":"h"}}`, digest))
		return d
	}
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	_, run, err := startOn(t, ctx, c, dir, Options{}, text("26", func(step int, _ corpus.Batch) {
		if step == 5 {
			stop()
		}
	}))
	require.ErrorIs(t, err, ErrStopped)
	_, _, err = startOn(t, context.Background(), c, dir, Options{}, text("27", nil))
	require.ErrorContains(t, err, "its text was another (comments of go1.26 then, comments of go1.27 now); bring that text back, or remove "+run.Dir)
	_, _, err = startOn(t, context.Background(), c, dir, Options{}, text("26", nil))
	require.NoError(t, err)

	longer := c
	longer.BudgetTokens *= 2
	_, _, err = startOn(t, context.Background(), longer, dir, Options{}, text("27", nil))
	require.ErrorContains(t, err, "its text was another", "nor does one that is longer")
}

// Ten times a process is killed at a random moment of training and saving, with a
// signal it cannot catch. The run goes on each time, and ends as it should.
func TestKill(t *testing.T) {
	fullOnly(t, "starts a dozen processes")
	want, _ := whole(t, killed(t))
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("moments drawn with seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for kills := 0; ; {
		child := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
		child.Env = append(os.Environ(), childEnv+"="+dir)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		var kill sync.Once
		batches, after := 0, 2+rng.IntN(6)
		sum := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "batch") && kills < 10 {
				if batches++; batches == after {
					time.Sleep(time.Duration(rng.IntN(5000)) * time.Microsecond)
					kill.Do(func() { kills++; _ = child.Process.Kill() })
				}
			}
			sum, _ = strings.CutPrefix(lines.Text(), "weights ")
			if len(sum) == 64 {
				break
			}
		}
		_ = child.Wait()
		if len(sum) == 64 {
			require.Equal(t, 10, kills)
			require.Equal(t, want.WeightsSHA256, sum)
			return
		}
	}
}
