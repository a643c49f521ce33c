// Package away does the work of a bundle on a machine that has neither Go nor a network: is the
// arithmetic right, how fast is it, and then the grids, each part bounded in time. What is done is
// kept in a folder at once and not done again: called again, after any end, it goes on.
//
// Each part runs in a process of its own, so that what breaks one (memory that runs out inside XLA
// ends a process) leaves the others alone, and one that is late can be ended. The folder:
//
//	right.json speed.json  what parts 1 and 2 found
//	plan.json              what was chosen from them: how updates are cut up, the budgets of the grids
//	grids/NAME.json        the grids with these choices, as cmd/sweep reads them
//	runs/                  the store of runs
//	tokenizers/            of the runs
//	report.md              all of it in words and tables
//	log/                   what the processes said
//	SHA256SUMS             of results, for the way home
package away

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/gomlx/compute"

	"firsttoken/train/bundle"
	"firsttoken/train/local"
)

// Options say where and for how long to work.
type Options struct {
	Bundle    string // the bundle's root
	Out       string // the folder of results
	Time      time.Duration
	Index, Of int  // this process's share of the runs, counted from 0; Of 0: all of them
	Bench     bool // parts 1 and 2 alone
	Log       io.Writer
}

// Command is the command line of Run.
func Command(ctx context.Context, args []string, out io.Writer) error {
	root, err := local.Root()
	if err != nil {
		return err
	}
	o := Options{Bundle: root, Log: out}
	flags := flag.NewFlagSet("run.sh", flag.ContinueOnError)
	minutes := flags.Float64("minutes", 10, "how long to work")
	flags.StringVar(&o.Out, "out", "", "folder of the results")
	shard := flags.String("shard", "", "i/n: this process's share of the runs, i from 0, on GPU i")
	flags.BoolVar(&o.Bench, "bench", false, "say whether it is right and how fast it is, and train nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: options begin with -", flags.Arg(0))
	case o.Out == "":
		return errors.New("say where results go: -out FOLDER")
	case !(*minutes > 0):
		return fmt.Errorf("-minutes %g: must be above 0", *minutes)
	}
	o.Time = time.Duration(*minutes * float64(time.Minute))
	if *shard != "" {
		if n, err := fmt.Sscanf(*shard, "%d/%d", &o.Index, &o.Of); n != 2 || err != nil || o.Index < 0 || o.Index >= o.Of {
			return fmt.Errorf("-shard %s: must be i/n with 0 ≤ i < n", *shard)
		}
	}
	return Run(ctx, o)
}

// site is the work of one call.
type site struct {
	Options
	list     *bundle.List
	backend  string // for $GOMLX_BACKEND
	began    time.Time
	deadline time.Time
	broken   []string // what failed, a line each
}

// Run works until all is done or the time is up, and returns an error if anything failed. An
// interrupt stops it at a checkpoint.
func Run(ctx context.Context, o Options) error {
	s := &site{Options: o, began: time.Now()}
	s.deadline = s.began.Add(o.Time)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.open(); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	for _, part := range []func(context.Context) error{s.right, s.speed, s.grids} {
		err := part(ctx)
		if errors.Is(err, errNoTime) {
			if ctx.Err() == nil {
				s.say("the time is up: run it again to go on")
				break
			}
			err = nil
		}
		if err != nil {
			_ = s.record() // as far as it can be
			return err
		}
		if ctx.Err() != nil {
			s.say("stopped: run it again to go on")
			break
		}
	}
	if err := s.record(); err != nil {
		return err
	}
	if len(s.broken) > 0 {
		return fmt.Errorf("%d parts failed (%s): %s", len(s.broken), filepath.Join(s.Out, "log"), s.broken[0])
	}
	return nil
}

// open checks the bundle, finds the plugin and makes the folder of results.
func (s *site) open() error {
	sums, err := bundle.ReadSums(s.Bundle)
	if err != nil {
		return fmt.Errorf("%s is no whole bundle: %w", s.Bundle, err)
	}
	if err := sums.Check(s.Bundle, ""); err != nil {
		return fmt.Errorf("this bundle is damaged, unpack it again: %s", oneLine(err))
	}
	if s.list, err = bundle.Read(s.Bundle); err != nil {
		return err
	}
	if s.Out, err = filepath.Abs(s.Out); err != nil {
		return err
	}
	for _, dir := range []string{"log", "runs", "grids"} {
		if err := os.MkdirAll(filepath.Join(s.Out, dir), 0o755); err != nil {
			return unwritten(err)
		}
	}
	if s.backend, err = findPlugin(s.Bundle, filepath.Join(s.Out, ".plugin"), os.Getenv); err != nil {
		return err
	}
	s.say("XLA plugin: %s", strings.TrimPrefix(s.backend, "xla:"))
	return s.keepTokenizers()
}

// lock keeps two calls of one share out of one folder.
func (s *site) lock() (func(), error) {
	l := flock.New(filepath.Join(s.Out, fmt.Sprintf(".lock-%d-%d", s.Index, s.Of)))
	// Processes of a call that was just killed write their checkpoints and end, and do not hold
	// this.
	got, err := l.TryLock()
	if err == nil && !got {
		err = errors.New("another call works there")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Out, err)
	}
	return func() { _ = l.Close() }, nil
}

// alone runs what only one of the processes that share the folder may do at a time.
func (s *site) alone(name string, f func() error) error {
	l := flock.New(filepath.Join(s.Out, "."+name+".lock"))
	if err := l.Lock(); err != nil {
		return fmt.Errorf("%s: %w", s.Out, err)
	}
	defer l.Close()
	return f()
}

// say tells the user how it goes, with the time since the start.
func (s *site) say(format string, args ...any) {
	since := time.Since(s.began).Round(time.Second)
	fmt.Fprintf(s.Log, "[%2d:%02d] %s\n", int(since.Minutes()), int(since.Seconds())%60, fmt.Sprintf(format, args...))
}

// fail remembers and tells what failed.
func (s *site) fail(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	s.broken = append(s.broken, line)
	s.say("%s", line)
}

// left is the time until the deadline.
func (s *site) left() time.Duration { return time.Until(s.deadline) }

// environment is that of all processes of the work.
func (s *site) environment() []string {
	env := append(os.Environ(), local.HomeEnv+"="+s.Bundle, compute.ConfigEnvVar+"="+s.backend)
	if s.Of > 1 && os.Getenv("CUDA_VISIBLE_DEVICES") == "" {
		env = append(env, fmt.Sprintf("CUDA_VISIBLE_DEVICES=%d", s.Index))
	}
	return env
}

// oneLine puts an error's lines into one.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
