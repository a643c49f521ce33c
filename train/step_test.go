package train

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/store"
)

// On one batch again and again the loss goes to nearly nothing.
func TestOverfitsOneBatch(t *testing.T) {
	c, err := tiny(t).Set("model.width=32", "model.head_dim=16", "model.hidden=64", "budget_tokens=9600", "optimizer.learning_rate=0.01",
		"optimizer.schedule=constant", "optimizer.weight_decay=0", "monitor.steps=300", "checkpoint_steps=300", "packing.bos=none")
	require.NoError(t, err)
	fixed, err := walk{t: 8, v: 17, p: c.Packing, seed: 5}.Batch(0, 4)
	require.NoError(t, err)
	// The first token of a document cannot be known; ask for what follows from two.
	for i, segment := range fixed.Segments {
		fixed.Weights[i] = 0
		if i%8 > 1 && fixed.Segments[i-1] == segment && fixed.Segments[i-2] == segment {
			fixed.Weights[i] = 1
		}
	}
	// The last update's loss is the last record's: it is the only one since.
	c.Monitor.Steps = 299
	result, _, err := start(t, context.Background(), c, t.TempDir(), Options{}, func(_ int, b corpus.Batch) {
		if b.B == 4 {
			copy(b.Tokens, fixed.Tokens)
			copy(b.Targets, fixed.Targets)
			copy(b.Weights, fixed.Weights)
		}
	})
	require.NoError(t, err)
	require.Less(t, result.Loss, 0.01)
}

// The same updates, however a batch is cut up: over time, over devices, or with
// activations computed twice.
func TestUpdatesDoNotDependOnHowTheyAreComputed(t *testing.T) {
	fullOnly(t, "compiles an update a way")
	c := tiny(t)
	_, reference := whole(t, c)
	want, records := weightsOf(t, c, reference), curves(t, reference)
	same := func(t *testing.T, own Config, run *store.Run) {
		// Sums in another order differ in the last bits, which Adam's division by the
		// root of the second moment enlarges where gradients are tiny.
		requireClose(t, want, weightsOf(t, own, run), 2e-4)
		for i, r := range curves(t, run) {
			require.InDelta(t, records[i].Loss, r.Loss, 1e-4)
			require.InDelta(t, records[i].GradientNorm, r.GradientNorm, 1e-3)
		}
	}
	for _, change := range []string{"accumulate=2", "recompute=true"} {
		t.Run(change, func(t *testing.T) {
			own, err := c.Set(change)
			require.NoError(t, err)
			_, run := whole(t, own)
			same(t, own, run)
		})
	}
	t.Run("two devices", func(t *testing.T) {
		if openBackend(t).NumDevices() < 2 {
			t.Skip("the backend shows one device")
		}
		_, run, err := start(t, context.Background(), c, t.TempDir(), Options{Devices: 2}, nil)
		require.NoError(t, err)
		same(t, c, run)
	})
	t.Run("a device for each micro-batch", func(t *testing.T) {
		if openBackend(t).NumDevices() < 2 {
			t.Skip("the backend shows one device")
		}
		own, err := c.Set("accumulate=2")
		require.NoError(t, err)
		dir := t.TempDir()
		// Begun on one device, as after a move to a larger machine.
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		_, _, err = start(t, ctx, own, dir, Options{}, func(step int, b corpus.Batch) {
			if step == 7 && b.B == 4 {
				stop()
			}
		})
		require.ErrorIs(t, err, ErrStopped)
		_, run, err := start(t, context.Background(), own, dir, Options{Devices: 2}, nil)
		require.NoError(t, err)
		same(t, own, run)
	})
}

func TestOutOfMemorySaysWhatToDo(t *testing.T) {
	c, err := tiny(t).Set("accumulate=2")
	require.NoError(t, err)
	s := session{c: c, step: 3, piece: 2}
	cause := errors.New("PJRT error (code=8): Out of memory allocating 38352715844 bytes.")
	err = s.explain(cause)
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "step 4: the device's memory is too small for 2 windows at a time: set recompute=true, or accumulate to more than 2")
}

func TestDevices(t *testing.T) {
	backend := openBackend(t)
	c := tiny(t)
	n, err := c.devices(Options{Backend: backend})
	require.NoError(t, err)
	require.Equal(t, 1, n, "one CPU unless asked for more")
	_, err = c.devices(Options{Backend: backend, Devices: 3})
	require.ErrorContains(t, err, "do not divide")
	_, err = c.devices(Options{Backend: backend, Devices: 1 << 20})
	require.ErrorContains(t, err, "the backend has")
	c.Accumulate = 4
	if backend.NumDevices() > 1 {
		_, err = c.devices(Options{Backend: backend, Devices: 2})
		require.ErrorContains(t, err, "or 4 that take a micro-batch each")
	}
}

// All devices of a machine, if the update can be shared out to them.
func TestShare(t *testing.T) {
	c := tiny(t) // 4 windows
	for _, test := range []struct{ accumulate, most, want int }{
		{1, 1, 1}, {1, 2, 2}, {1, 3, 2}, {1, 8, 4}, {2, 1, 1}, {2, 2, 2}, {2, 8, 2}, {4, 3, 1}, {4, 4, 4},
	} {
		c.Accumulate = test.accumulate
		require.Equal(t, test.want, c.share(test.most), test)
	}
}

// Broken numbers stop the run, name the step, and leave the checkpoint before them.
func TestNaNStopsAndKeepsTheLastGoodCheckpoint(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: three trainings")
	}
	c, dir := tiny(t), t.TempDir()
	broken := 7
	_, run, err := start(t, context.Background(), c, dir, Options{}, func(step int, b corpus.Batch) {
		if step == broken-1 && b.B == 4 {
			b.Weights[0] = float32(math.NaN())
		}
	})
	var notFinite *NotFiniteError
	require.ErrorAs(t, err, &notFinite)
	require.Equal(t, broken, notFinite.Step)
	require.Equal(t, 6, notFinite.Good)
	require.ErrorContains(t, err, "step 7: the loss is NaN: the checkpoint of step 6 is kept")
	all, err := run.Checkpoints()
	require.NoError(t, err)
	require.Equal(t, 6, all[0].Step)

	// It is loadable: with good data the run goes on from there and ends as ever.
	var first int
	result, _, err := start(t, context.Background(), c, dir, Options{}, func(step int, b corpus.Batch) {
		if b.B == 4 && first == 0 {
			first = step + 1
		}
	})
	require.NoError(t, err)
	require.Equal(t, broken, first)
	reference, _ := whole(t, c)
	require.Equal(t, reference.WeightsSHA256, result.WeightsSHA256)
}
