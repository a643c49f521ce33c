package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gofrs/flock"
)

// ErrBusy is returned for a run that another process works on.
var ErrBusy = errors.New("another process works on this run")

const (
	lockPoll  = 100 * time.Millisecond // how often a waiting process asks again
	lockGrace = time.Second            // a process that was just killed has the lock for a moment yet
)

// Lock takes the run for this process and returns what gives it back. If another
// process has it, Lock waits for it, or returns ErrBusy if wait is false.
// It is the system's own file lock: one of a process that was killed is free.
func (r *Run) Lock(ctx context.Context, wait bool) (unlock func(), err error) {
	lock := flock.New(r.path(lockFile))
	patience := ctx
	if !wait {
		var cancel context.CancelFunc
		patience, cancel = context.WithTimeout(ctx, lockGrace)
		defer cancel()
	}
	got, err := lock.TryLockContext(patience, lockPoll)
	if !wait && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("run %s: lock: %w", r.ID, err)
	case !got:
		return nil, fmt.Errorf("run %s: %w", r.ID, ErrBusy)
	}
	// The file stays: removing it would let two processes lock two files of one name.
	return func() { _ = lock.Unlock() }, nil
}
