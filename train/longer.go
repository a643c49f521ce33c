package train

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"firsttoken/train/store"
)

// prolong gives a run that has not begun the last state of a finished one in its store that differs
// from it in a smaller budget alone: the more tokens a run is given, the less of it is trained
// twice. With a constant rate no update depends on how many follow, so the weights end as they
// would have from the start (same machine and backend). Its curves keep the shorter run's records,
// the conditions measured at its end included.
func prolong(c Config, run *store.Run) error {
	if !c.prolongs() {
		return nil
	}
	if own, err := run.Checkpoints(); err != nil || len(own) > 0 {
		return err
	}
	shorter, from, err := longestBefore(c, filepath.Dir(run.Dir))
	if err != nil || shorter == nil {
		return err
	}
	// The curves first: without a checkpoint the run begins anew and drops them.
	if err := run.CopyCurves(shorter); err != nil {
		return err
	}
	dir, err := run.Saving()
	if err == nil {
		// A folder that is there and empty: CopyFS makes files, and never over others.
		err = os.CopyFS(dir, os.DirFS(from.Dir))
	}
	if err == nil {
		origin := Provenance{From: &Origin{shorter.ID, from.Step}}
		var of Provenance
		if _, err := shorter.Provenance(&of); err == nil {
			origin.Data = of.Data // to be compared with today's
		}
		err = run.WriteProvenance(origin)
	}
	if err == nil {
		_, err = run.Commit(from.Step)
	}
	if err != nil {
		run.Discard()
		return fmt.Errorf("run %s: going on from run %s: %w", run.ID, shorter.ID, err)
	}
	slog.Info(fmt.Sprintf("run %s goes on from step %d of run %s, which had a smaller budget", run.ID, from.Step, shorter.ID))
	return nil
}

// prolongs reports whether a run's updates are the first of any run of a larger budget.
func (c Config) prolongs() bool { return c.Optimizer.Schedule == "constant" }

// longestBefore finds the finished run of a store that differs from c in a smaller budget alone and
// still has its last checkpoint; of several the longest. A folder it cannot read is no candidate.
func longestBefore(c Config, dir string) (longest *store.Run, last store.Checkpoint, err error) {
	runs, err := store.List(dir)
	if err != nil {
		return nil, last, err
	}
	for _, r := range runs {
		other, err := configOf(r)
		if err != nil {
			continue
		}
		as := other
		as.BudgetTokens = c.BudgetTokens
		if as.ID() != c.ID() || other.Steps() >= c.Steps() || other.Steps() <= last.Step {
			continue
		}
		if result, err := done(r); err != nil || result == nil {
			continue
		}
		if all, err := r.Checkpoints(); err == nil && len(all) > 0 && all[0].Step == other.Steps() {
			longest, last = r, all[0]
		}
	}
	return longest, last, nil
}
