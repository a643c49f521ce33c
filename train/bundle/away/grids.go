package away

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"firsttoken/train"
	"firsttoken/train/store"
)

var background = context.Background()

// grids is part 3: the first seed of each grid, then the second, as far as time goes.
func (s *site) grids(ctx context.Context) error {
	if s.Bench {
		return nil
	}
	var done []finished
	failures := 0
	for wave := 0; ; wave++ {
		more := false
		for i := range s.list.Grids {
			e := &s.list.Grids[i]
			g, err := s.plan(e, done)
			if err != nil {
				return err
			}
			configs, err := g.Configs()
			if err != nil {
				return err
			}
			all := waves(configs)
			if wave >= len(all) {
				continue
			}
			more = true
			for _, c := range all[wave] {
				if !s.mine(slices.IndexFunc(configs, func(x train.Config) bool { return x.ID() == c.ID() })) {
					continue
				}
				f, err := s.run(ctx, e, c, describe(configs, c))
				switch {
				case errors.Is(err, errNoTime):
					return err
				case errors.Is(err, errStopped), errors.Is(err, errTimeUp):
					if ctx.Err() == nil {
						s.say("the time is up, run %s is put aside: run it again to go on", c.ID())
					}
					return nil
				case errors.Is(err, errDisk):
					return err
				case err != nil:
					s.fail("run %s of grid %s failed: %v", c.ID(), e.Name, err)
					// What breaks every run will not get better.
					if failures++; failures == 3 {
						return errors.New("three runs in a row failed")
					}
				default:
					failures = 0
					if f != nil {
						done = append(done, *f)
					}
				}
			}
		}
		if !more {
			s.say("all runs are done")
			return nil
		}
	}
}

// mine reports whether a run is of this process's share.
func (s *site) mine(i int) bool { return s.Of == 0 || i%s.Of == s.Index }

// plan returns the grid with its choices, which it makes if the grid has not begun.
func (s *site) plan(e *entry, done []finished) (g train.Grid, err error) {
	err = s.alone("plan", func() error {
		var p Plan
		had := s.read("plan.json", &p)
		var known []Speed
		s.read("speed.json", &known)
		if !had {
			p.Way = choose(s.list.Ways, known)
		}
		if _, ok := p.Budgets[e.Name]; !ok && e.Adapts() {
			g := p.resolved(e)
			configs, err := g.Configs()
			if err != nil {
				return err
			}
			first, err := withVocabulary(waves(configs)[0])
			if err != nil {
				return err
			}
			share := time.Duration(float64(s.left()) * e.Share * float64(max(1, s.Of)))
			if p.Budgets == nil {
				p.Budgets = map[string]int64{}
			}
			p.Budgets[e.Name] = paceOf(known, done).budget(e, first, share)
			s.say("grid %s: %d runs of each seed, %.0f M tokens a run", e.Name, len(first), float64(p.Budgets[e.Name])/1e6)
		}
		g = p.resolved(e)
		if err := s.write("plan.json", p); err != nil {
			return err
		}
		return s.write("grids/"+e.Name+".json", g)
	})
	return g, err
}

var (
	errNoTime = errors.New("no time is left")
	errDisk   = errors.New("the disk is full")
)

// margin is how long before the deadline a run is told to stop, to be there at the deadline.
func (s *site) margin() time.Duration { return min(grace/2, s.Time/10) }

// least is the time, besides the margin, under which no run is begun.
const least = 5 * time.Second

// run trains one run as far as time goes. It returns how long that took if all of it was trained in
// this call, nil if it was done.
func (s *site) run(ctx context.Context, e *entry, c train.Config, what string) (*finished, error) {
	states, err := train.Status([]train.Config{c}, s.path("runs"))
	if err != nil {
		return nil, err
	}
	if states[0].Result != nil {
		return nil, nil
	}
	if ctx.Err() != nil || s.left() < s.margin()+least {
		return nil, errNoTime
	}
	if err := s.room(c); err != nil {
		return nil, err
	}
	s.say("grid %s, run %s: %s", e.Name, c.ID(), what)
	file := s.path("log", c.ID()+".json")
	text, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		return nil, unwritten(err)
	}
	began := time.Now()
	// With -wait, since the process of a call that was killed may be writing its checkpoint.
	out, err := s.child(ctx, s.deadline.Add(-s.margin()), c.ID(), "train", "-config", file, "-store", s.path("runs"), "-progress", "lines", "-wait", "-json")
	if err != nil {
		if strings.Contains(err.Error(), "disk is full") {
			return nil, fmt.Errorf("%w in run %s: the last checkpoint is kept, make room and run it again", errDisk, c.ID())
		}
		return nil, err
	}
	whole := time.Since(began)
	var r train.Result
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, fmt.Errorf("its result: %w", err)
	}
	s.say("  held-out loss %.4f, sink rate %.1f %%, %.0f s", r.ValLoss, 100*r.SinkRate, whole.Seconds())
	if err := s.record(); err != nil {
		return nil, err
	}
	if states[0].Step > 0 {
		return nil, nil
	}
	records, err := store.At(s.path("runs"), c.ID()).Curves()
	if err != nil || len(records) == 0 {
		return nil, err
	}
	full, err := withVocabulary([]train.Config{c})
	if err != nil {
		return nil, err
	}
	return &finished{r.Tokens, full[0].Model.FLOPsPerToken(c.Model.Context), records[len(records)-1].Seconds, whole}, nil
}

// room returns an error unless the disk has room for the run's checkpoints: weights and two
// moments, three times over, and its weights.
func (s *site) room(c train.Config) error {
	var free syscall.Statfs_t
	if err := syscall.Statfs(s.Out, &free); err != nil {
		return nil // it will show
	}
	full, err := withVocabulary([]train.Config{c})
	if err != nil {
		return err
	}
	need := uint64(full[0].Model.Parameters())*4*10 + 1<<20
	if have := free.Bavail * uint64(free.Bsize); have < need {
		return fmt.Errorf("%w: %s has %d MB, a run of this size needs %d MB: make room and run it again", errDisk, s.Out, have/1e6, need/1e6)
	}
	return nil
}

// describe names a run by the fields in which the grid's runs differ.
func describe(configs []train.Config, c train.Config) string {
	var names []string
	for _, other := range configs {
		for _, change := range configs[0].Changes(other) {
			name, _, _ := strings.Cut(change, "=")
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		if value, ok := c.Field(name); ok {
			parts = append(parts, name+"="+value)
		}
	}
	return strings.Join(parts, " ")
}
