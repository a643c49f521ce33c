package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/sinks/probe"
	"firsttoken/train/corpus"
	"firsttoken/train/local"
	"firsttoken/train/store"
)

// task is a tiny run on a synthetic task, which needs no files.
func task(t *testing.T) Config {
	t.Helper()
	c, err := tiny(t).Set(`data={"kind": "backcopy"}`, "model.vocab=0", "budget_tokens=64", "monitor.steps=2")
	require.NoError(t, err)
	return c
}

// Two at once on one run: one trains, the other says so or waits for the result.
func TestTwoOnOneRun(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	c, dir := task(t), t.TempDir()
	o := Options{Store: dir, Progress: ProgressNone, Backend: openBackend(t)}
	run, err := at(c, dir)
	require.NoError(t, err)
	require.NoError(t, run.Create())
	unlock, err := run.Lock(context.Background(), false)
	require.NoError(t, err)
	_, err = Run(context.Background(), c, o)
	require.ErrorIs(t, err, store.ErrBusy)

	waiting := o
	waiting.Wait = true
	type outcome struct {
		result *Result
		err    error
	}
	results := make(chan outcome)
	for range 2 {
		go func() {
			result, err := Run(context.Background(), c, waiting)
			results <- outcome{result, err}
		}()
	}
	unlock()
	first, second := <-results, <-results
	require.NoError(t, errors.Join(first.err, second.err))
	require.Equal(t, first.result, second.result)
	records, err := run.Curves()
	require.NoError(t, err)
	require.Len(t, records, 2, "trained once: steps 0 and 2")

	// Done: at once, and without touching the backend.
	again, err := Run(context.Background(), c, Options{Store: dir})
	require.NoError(t, err)
	require.Equal(t, first.result, again)
}

func TestSweep(t *testing.T) {
	fullOnly(t, "three trainings")
	dir := t.TempDir()
	base := task(t)
	var configs []Config
	for _, change := range []string{"seed=1", "seed=2", "seed=3"} {
		c, err := base.Set(change)
		require.NoError(t, err)
		configs = append(configs, c)
	}
	var log strings.Builder
	o := SweepOptions{Options: Options{Store: dir, Progress: ProgressNone, Backend: openBackend(t)}, Index: 1, Of: 2, Log: &log}
	states, err := Sweep(context.Background(), configs, o)
	require.NoError(t, err)
	require.Len(t, states, 1, "job 1 of 2 has the second run alone")
	require.Equal(t, uint64(2), states[0].Config.Seed)

	o.Index, o.Of = 0, 0
	log.Reset()
	busy, err := at(configs[2], dir)
	require.NoError(t, err)
	require.NoError(t, busy.Create())
	unlock, err := busy.Lock(context.Background(), false)
	require.NoError(t, err)
	states, err = Sweep(context.Background(), configs, o)
	unlock()
	require.NoError(t, err)
	require.Contains(t, log.String(), "1 of 3 runs done, 2 remain")
	require.NotContains(t, log.String(), "seed=2", "that run is done")
	require.Equal(t, []bool{true, true, false}, []bool{states[0].Result != nil, states[1].Result != nil, states[2].Result != nil})
	require.True(t, states[2].Busy)
	_, err = Points(states)
	require.ErrorContains(t, err, "run 3 of 3")
	points, err := Points(states[:2])
	require.NoError(t, err)
	require.Equal(t, []map[string]string{{"seed": "1"}, {"seed": "2"}}, []map[string]string{points[0].Fields, points[1].Fields})
	records, err := (&store.Run{ID: points[1].ID, Dir: points[1].Dir}).Curves()
	require.NoError(t, err)
	require.NotEmpty(t, records)

	// A run that fails leaves the others alone; an end of the context stops all.
	bad := configs[2]
	bad.Optimizer.LearningRate, bad.Optimizer.WeightDecay, bad.Optimizer.WarmupSteps = math.MaxFloat32, 0, 0
	states, err = Sweep(context.Background(), []Config{bad, configs[0]}, o)
	var broken *NotFiniteError
	require.ErrorAs(t, err, &broken)
	require.NotNil(t, states[1].Result)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Sweep(ctx, configs, o)
	require.ErrorIs(t, err, ErrStopped)

	_, err = Sweep(context.Background(), configs, SweepOptions{Index: 2, Of: 2, Log: io.Discard})
	require.ErrorContains(t, err, "job 2 of 2")
}

// logged is called with each line of a sweep's log.
type logged func(line string)

func (l logged) Write(p []byte) (int, error) { l(string(p)); return len(p), nil }

// An interrupt stops a sweep between two runs, and while it waits for another process, as it does
// in one.
func TestSweepInterrupted(t *testing.T) {
	fullOnly(t, "a training a run")
	base, dir := task(t), t.TempDir()
	configs := []Config{base, base}
	configs[1].Seed++
	interrupt := func(at string) logged {
		return func(line string) {
			if strings.Contains(line, at) {
				require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGINT))
				time.Sleep(200 * time.Millisecond) // the runtime hands it over in its own time
			}
		}
	}
	o := SweepOptions{Options: Options{Store: dir, Progress: ProgressNone, Backend: openBackend(t)}, Log: interrupt("held-out loss")}
	states, err := Sweep(context.Background(), configs, o)
	require.ErrorIs(t, err, ErrStopped)
	require.ErrorContains(t, err, "before run 2 of 2")
	require.Equal(t, []bool{true, false}, []bool{states[0].Result != nil, states[1].Result != nil})

	busy, err := at(configs[1], dir)
	require.NoError(t, err)
	require.NoError(t, busy.Create())
	unlock, err := busy.Lock(context.Background(), false)
	require.NoError(t, err)
	o.Log = interrupt("run 2 of 2")
	states, err = Sweep(context.Background(), configs, o)
	unlock()
	require.ErrorIs(t, err, ErrStopped)
	require.NoError(t, states[1].Err, "it has not failed")

	// One that fails while it is stopped has failed: here its folder cannot be made.
	blocked, err := base.Set("seed=99")
	require.NoError(t, err)
	place := filepath.Join(dir, blocked.ID())
	stop := interrupt("run 2 of 2")
	o.Log = logged(func(line string) {
		if strings.Contains(line, "run 2 of 2") {
			require.NoError(t, os.WriteFile(place, nil, 0o644))
		}
		stop(line)
	})
	states, err = Sweep(context.Background(), []Config{base, blocked}, o)
	require.NotErrorIs(t, err, ErrStopped)
	require.ErrorContains(t, err, blocked.ID())
	require.Equal(t, err.Error(), states[1].Err.Error())
	require.NoError(t, os.Remove(place))

	o.Log = io.Discard
	states, err = Sweep(context.Background(), configs, o)
	require.NoError(t, err)
	require.NotNil(t, states[1].Result)
}

// The model of a finished run, loaded and probed as any other, has the loss and the
// sink scores that the run's own monitor measured.
func TestLoadedModelEqualsMonitor(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a training")
	}
	c, dir := task(t), t.TempDir()
	backend := openBackend(t)
	result, err := Run(context.Background(), c, Options{Store: dir, Progress: ProgressNone, Backend: backend})
	require.NoError(t, err)
	m, loaded, err := LoadModel(backend, dir, result.Run[:4])
	require.NoError(t, err)
	defer m.Close()
	require.Equal(t, m.Config.Vocab, loaded.Model.Vocab)

	run, err := store.Find(dir, "")
	require.NoError(t, err)
	records, err := run.Curves()
	require.NoError(t, err)
	e := records[len(records)-1].Eval(evalPacked)
	require.Equal(t, result.ValLoss, e.Loss)

	text, err := corpus.Load(context.Background(), c.Data, "")
	require.NoError(t, err)
	windows, err := text.HeldOut(c.Packing, c.Model.Context)
	require.NoError(t, err)
	b, err := windows.Batch(0, e.Texts)
	require.NoError(t, err)
	var docs [][]int32
	for i := range b.B {
		docs = append(docs, b.Row(i).Tokens)
	}
	traces, err := probe.Run(m, docs, probe.Options{Metrics: []ondevice.Metric{ondevice.FirstMass, ondevice.ValueNorm, ondevice.RowEntropy}})
	require.NoError(t, err)
	score, ratio, entropy := 0.0, 0.0, 0.0
	for _, trace := range traces {
		scores, err := trace.SinkScore(sinks.Options{})
		require.NoError(t, err)
		ratios, err := trace.ValueNormRatio()
		require.NoError(t, err)
		entropies, err := trace.MeanRowEntropy(false)
		require.NoError(t, err)
		score += scores[0][1] / float64(len(traces))
		ratio += ratios[0][0] / float64(len(traces))
		entropy += (entropies[0][0] + entropies[0][1]) / 2 / float64(len(traces))
	}
	require.InDelta(t, score, e.SinkScore[0][1], 1e-5)
	require.InDelta(t, ratio, e.ValueRatio[0][0], 1e-5)
	require.InDelta(t, entropy, e.Entropy[0], 1e-5)
	// The probe knows no target after the last token; leave it out on both sides.
	all, last := 0.0, *e.LossAt[len(e.LossAt)-1]
	for _, trace := range traces {
		mean, err := trace.MeanLoss()
		require.NoError(t, err)
		all += mean * float64(b.T-1) / float64(len(traces))
	}
	require.InDelta(t, (all+last)/float64(b.T), e.Loss, 1e-4)

	_, _, err = LoadModel(backend, dir, "zz")
	require.ErrorContains(t, err, "no run")

	// Weights are those of the result, or none.
	file, err := os.ReadFile(run.Weights())
	require.NoError(t, err)
	file[len(file)-1] ^= 1
	require.NoError(t, os.WriteFile(run.Weights(), file, 0o644))
	_, _, err = LoadModel(backend, dir, result.Run)
	require.ErrorContains(t, err, "are not those of its result")
	require.NoError(t, os.Remove(run.Weights()))
	_, _, err = LoadModel(backend, dir, result.Run)
	require.ErrorIs(t, err, local.ErrAbsent)
	require.ErrorContains(t, err, "runs fetch "+result.Run)
	require.NoError(t, os.Remove(filepath.Join(dir, result.Run, "result.json")))
	_, _, err = LoadModel(backend, dir, result.Run)
	require.ErrorContains(t, err, "not done")
}

func TestVocabularyMustFit(t *testing.T) {
	c, err := task(t).Set("model.vocab=9999")
	require.NoError(t, err)
	_, err = Run(context.Background(), c, Options{Store: t.TempDir(), Backend: openBackend(t)})
	require.ErrorContains(t, err, "model.vocab is 9999, the tokenizer has")
}

// Single documents begin where a document does, and end before it does.
func TestSingles(t *testing.T) {
	w := walk{t: 40, v: 17, seed: 2}
	alone, err := singles(w, 4, -1, 50)
	require.NoError(t, err)
	led, err := singles(w, 4, 16, 50)
	require.NoError(t, err)
	require.Equal(t, 50, alone.Windows())
	a, err := alone.Batch(0, 50)
	require.NoError(t, err)
	b, err := led.Batch(0, 50)
	require.NoError(t, err)
	for i := range 50 {
		row, withBOS := a.Row(i), b.Row(i)
		require.Equal(t, row.Tokens[1:], row.Targets[:3])
		stride := (row.Tokens[1] - row.Tokens[0] + 17) % 17
		for p := 1; p < 4; p++ {
			require.Equal(t, stride, (row.Tokens[p]-row.Tokens[p-1]+17)%17, "one document")
		}
		require.Equal(t, int32(16), withBOS.Tokens[0])
		require.Equal(t, row.Tokens[:3], withBOS.Tokens[1:])
		require.Equal(t, row.Tokens, withBOS.Targets)
	}
	none, err := singles(w, 39, -1, 5)
	require.NoError(t, err)
	require.Nil(t, none)
	_, err = alone.Batch(1, 50)
	require.ErrorContains(t, err, "there are 50")
}

// A run with the bar on ends as one without, and the bar is whole; with -race, nothing of it reads
// what the loop writes.
func TestProgressBar(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: a training")
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	stdout := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = stdout }()
	c, err := task(t).Set("budget_tokens=640") // so that the bar is drawn while the run goes on
	require.NoError(t, err)
	result, err := Run(context.Background(), c, Options{Store: t.TempDir(), Progress: ProgressBar, Backend: openBackend(t)})
	require.NoError(t, err)
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	require.Contains(t, string(text), fmt.Sprintf("(%d/%d)", result.Steps, result.Steps))
	require.Contains(t, string(text), "loss ")
	require.Contains(t, string(text), "% (ε = 0.3)")
	require.True(t, strings.HasSuffix(string(text), "\n"))
}

// silenced is a stream without a counted target at token 1, or at any.
type silenced struct {
	corpus.Stream
	all bool
}

func (s silenced) Batch(step, b int) (corpus.Batch, error) {
	batch, err := s.Stream.Batch(step, b)
	for i := range batch.Weights {
		if s.all || i%batch.T == 0 {
			batch.Weights[i] = 0
		}
	}
	return batch, err
}

// Positions without a counted target have no loss: not 0, which would be a perfect one.
func TestLossOfEmptyBins(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: evaluates in several ways")
	}
	c := tiny(t)
	held := source(c, nil)
	measured := func(all bool) (*store.Eval, error) {
		d := *held
		d.held = func(as condition) (corpus.Stream, error) {
			s, err := held.held(as)
			if s == nil || err != nil {
				return nil, err
			}
			return silenced{s, all}, nil
		}
		_, run, err := startOn(t, context.Background(), c, t.TempDir(), Options{}, &d)
		if err != nil {
			return nil, err
		}
		records, err := run.Curves()
		require.NoError(t, err)
		return records[len(records)-1].Eval(evalPacked), nil
	}
	e, err := measured(false)
	require.NoError(t, err)
	require.Nil(t, e.LossAt[0])
	_, ok := e.LossIn(0)
	require.False(t, ok)
	for bin := 1; bin < len(e.LossAt); bin++ {
		loss, ok := e.LossIn(bin)
		require.True(t, ok && loss > 0, "bin %d", bin)
	}
	_, err = measured(true)
	require.ErrorContains(t, err, "no target of the held-out text counts")
}
