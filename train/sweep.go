package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"firsttoken/train/store"
)

// SweepOptions say how a list of runs is carried out. The zero value runs all of
// them, one after the other.
type SweepOptions struct {
	Options
	// Index and Of split the list between processes that know nothing of each
	// other, such as the jobs of an array: this one takes runs Index, Index+Of, … of
	// the list, counted from 0. Of 0: all runs.
	Index, Of int
	// Log gets a line before and after each run; nil for standard error.
	Log io.Writer
}

// State is how far a run is.
type State struct {
	Config Config
	Run    string
	Store  string  // the folder of runs that was asked for
	Result *Result // nil if it is not done
	Busy   bool    // another process works on it
	Step   int     // of the last checkpoint
	Err    error   // what ended it
}

// Sweep carries out the runs of a list that are not done, and returns how far each
// is. A run that another process works on is skipped, or waited for once nothing
// else is left if Options.Wait is set; one that fails does not keep the others
// from running, and the errors are returned together. An interrupt stops the sweep
// after the current update, with ErrStopped: started again, it goes on from there.
func Sweep(ctx context.Context, configs []Config, o SweepOptions) ([]State, error) {
	if o.Of < 0 || o.Index < 0 || (o.Of > 0 && o.Index >= o.Of) {
		return nil, fmt.Errorf("sweep: job %d of %d: jobs are counted from 0", o.Index, o.Of)
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	var mine []Config
	for i, c := range configs {
		if o.Of == 0 || i%o.Of == o.Index {
			mine = append(mine, c)
		}
	}
	states, err := Status(mine, o.Store)
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(o.Log, summary(states))
	// Of the whole sweep, not only of the run under way: an interrupt between two runs, or while
	// one waits, counts too.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	wait := o.Wait
	for _, o.Wait = range []bool{false, true} {
		for i := range states {
			s := &states[i]
			if s.Result != nil || s.Err != nil {
				continue
			}
			if ctx.Err() != nil {
				return states, fmt.Errorf("%w before run %d of %d: sweep again to go on", ErrStopped, i+1, len(states))
			}
			fmt.Fprintf(o.Log, "run %d of %d, %s: %s\n", i+1, len(states), s.Run, describe(mine, i))
			s.Result, s.Err = Run(ctx, s.Config, o.Options)
			s.Busy = errors.Is(s.Err, store.ErrBusy)
			switch {
			case s.Busy:
				s.Err = nil
				fmt.Fprintln(o.Log, "  another process works on it")
			case errors.Is(s.Err, ErrStopped):
				stopped := s.Err
				s.Err = s.look()
				return states, stopped
			case ctx.Err() != nil && errors.Is(s.Err, ctx.Err()): // it waited for something, and had no update to end
				s.Err = nil
				return states, fmt.Errorf("%w in run %d of %d: sweep again to go on", ErrStopped, i+1, len(states))
			case s.Err != nil:
				fmt.Fprintln(o.Log, " ", s.Err)
			default:
				fmt.Fprintf(o.Log, "  held-out loss %.4f, sink rate %.2f %%; %s\n", s.Result.ValLoss, 100*s.Result.SinkRate, summary(states))
			}
		}
		if !wait {
			break
		}
	}
	var errs []error
	for _, s := range states {
		errs = append(errs, s.Err)
	}
	return states, errors.Join(errs...)
}

// Status says how far each run of a list is, without working on any.
func Status(configs []Config, dir string) ([]State, error) {
	states := make([]State, len(configs))
	for i, c := range configs {
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("run %d: %w", i+1, err)
		}
		states[i] = State{Config: c, Run: c.ID(), Store: dir}
		if err := states[i].look(); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// look reads from the store how far the run is.
func (s *State) look() error {
	run, err := at(s.Config, s.Store)
	if err != nil {
		return err
	}
	if s.Result, err = done(run); err != nil {
		return err
	}
	all, err := run.Checkpoints()
	if len(all) > 0 {
		s.Step = all[0].Step
	}
	return err
}

// summary counts what is done and what remains.
func summary(states []State) string {
	finished, started := 0, 0
	for _, s := range states {
		switch {
		case s.Result != nil:
			finished++
		case s.Step > 0:
			started++
		}
	}
	return fmt.Sprintf("%d of %d runs done, %d remain, %d of them begun", finished, len(states), len(states)-finished, started)
}

// differing lists the fields in which configurations differ, in order.
func differing(configs []Config) []string {
	differ := map[string]bool{}
	for _, c := range configs[1:] {
		for _, change := range configs[0].Changes(c) {
			name, _, _ := strings.Cut(change, "=")
			differ[name] = true
		}
	}
	return slices.Sorted(maps.Keys(differ))
}

// describe names a run of a list by the fields in which runs differ.
func describe(configs []Config, i int) string {
	names := differing(configs)
	if len(names) == 0 {
		return "the only one"
	}
	fields := configs[i].fields()
	var parts []string
	for _, name := range names {
		parts = append(parts, name+"="+fields[name])
	}
	return strings.Join(parts, " ")
}
