package train

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/gomlx/compute"

	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/store"
)

// Options say how a run is carried out. They do not change its result, so they are
// no part of its configuration. The zero value is usable.
type Options struct {
	// Store is the folder of runs; "" for runs/ in the checkout, and the finished runs that come
	// with it.
	Store string
	// Devices share each batch; 0 for as many of the backend's GPUs as the batch can be shared out
	// to (see Config.Accumulate), or one CPU.
	Devices int
	// Wait until another process that works on the run is done, instead of
	// returning store.ErrBusy.
	Wait bool
	// Progress shows how the run goes; "" for what suits the output.
	Progress Progress
	// Backend to train on; nil for the one of package backend.
	Backend compute.Backend
}

// Result is what a finished run comes to.
type Result struct {
	Run      string  `json:"run"`       // its name, the hash of its configuration
	Steps    int     `json:"steps"`     // updates
	Tokens   int64   `json:"tokens"`    // input tokens read
	Loss     float64 `json:"loss"`      // mean training loss since the last but one record, nats
	ValLoss  float64 `json:"val_loss"`  // held-out loss, packed as in training
	SinkRate float64 `json:"sink_rate"` // at the first ε, on the same windows
	// WeightsSHA256 is the hash of the file weights.safetensors.
	WeightsSHA256 string `json:"weights_sha256"`
}

// ErrStopped is returned by a run that was interrupted after a checkpoint: started
// again, it goes on from there.
var ErrStopped = errors.New("stopped")

// NotFiniteError says that training broke down.
type NotFiniteError struct {
	Step       int     // the update that gave it, counted from 1
	Loss, Norm float64 // the loss and, if that is finite, the gradient's norm
	Good       int     // step of the last good checkpoint; 0 for none
}

func (e *NotFiniteError) Error() string {
	what := fmt.Sprintf("loss is %g", e.Loss)
	if e.Norm != 0 {
		what = fmt.Sprintf("gradient norm is %g", e.Norm)
	}
	kept := "there is no checkpoint before it"
	if e.Good > 0 {
		kept = fmt.Sprintf("the checkpoint of step %d is kept", e.Good)
	}
	return fmt.Sprintf("step %d: the %s: %s; try a lower learning_rate, a longer warm-up or clip", e.Step, what, kept)
}

// Run trains what the configuration asks for and returns the result. A run that is
// done returns at once; one that was stopped goes on from its last checkpoint and
// ends with the weights it would have had without the stop (on the same machine
// and backend, and on GPUs as far as their kernels are deterministic). At a
// constant rate one that only has a larger budget than a finished run of the store
// goes on from that one's end. An interrupt signal or an end of
// ctx stops it after the current update, with a checkpoint and ErrStopped.
func Run(ctx context.Context, c Config, o Options) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	run, err := at(c, o.Store)
	if err != nil {
		return nil, err
	}
	if result, err := done(run); result != nil || err != nil {
		return result, err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	if err := run.Create(); err != nil {
		return nil, err
	}
	unlock, err := run.Lock(ctx, o.Wait)
	if err != nil {
		return nil, err
	}
	defer unlock()
	// The process that had the lock may have finished it.
	if result, err := done(run); result != nil || err != nil {
		return result, err
	}
	if err := run.WriteConfig(c.canonical()); err != nil {
		return nil, err
	}
	if err := prolong(c, run); err != nil {
		return nil, err
	}
	if o.Backend == nil {
		var warnings []string
		if o.Backend, warnings, err = backend.Open(); err != nil {
			return nil, err
		}
		for _, w := range warnings {
			slog.Warn(w)
		}
	}
	data, err := c.open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w before its first update: run it again to go on", ErrStopped)
		}
		return nil, err
	}
	defer data.close()
	result, err := runOn(ctx, c, o, run, data)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", run.ID, err)
	}
	return result, nil
}

// at is where the run of a configuration is, or will be. Without a store, one that was trained here
// comes before the one that comes with the checkout: it was asked for by name, -store runs.
func at(c Config, dir string) (*store.Run, error) {
	if dir != "" {
		return store.At(dir, c.ID()), nil
	}
	dir, err := local.RunsDir()
	if err != nil {
		return nil, err
	}
	own := store.At(dir, c.ID())
	if result, err := done(own); result != nil || err != nil {
		return own, err
	}
	shipped, err := local.ShippedRuns()
	if err != nil {
		return nil, err
	}
	run := store.At(shipped, c.ID())
	if result, err := done(run); result != nil || err != nil {
		return run, err
	}
	return own, nil
}

// done returns the result of a finished run, nil if it is not.
func done(run *store.Run) (*Result, error) {
	var result Result
	finished, err := run.Result(&result)
	if err != nil || !finished {
		return nil, err
	}
	return &result, nil
}
