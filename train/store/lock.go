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

// lockPoll is how often a waiting process asks again.
const lockPoll = 500 * time.Millisecond

// Lock takes the run for this process and returns what gives it back. If another
// process has it, Lock waits for it, or returns ErrBusy at once if wait is false.
// It is the system's own file lock: one of a process that was killed is free.
func (r *Run) Lock(ctx context.Context, wait bool) (unlock func(), err error) {
	lock := flock.New(r.path(lockFile))
	var got bool
	if wait {
		got, err = lock.TryLockContext(ctx, lockPoll)
	} else {
		got, err = lock.TryLock()
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
