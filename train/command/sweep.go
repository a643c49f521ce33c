package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"firsttoken/train"
)

// Sweep carries out a grid of training runs: see cmd/sweep.
func Sweep(ctx context.Context, args []string, out io.Writer) error {
	return sweep(ctx, args, os.Getenv, out)
}

func sweep(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("sweep", flag.ContinueOnError)
	file := flags.String("grid", "", "file with a grid: {\"preset\", \"set\", \"axes\"}")
	var g train.Grid
	flags.StringVar(&g.Preset, "preset", "", "configuration to start from: "+strings.Join(train.Presets(), ", "))
	flags.Func("set", "change a field of all runs, such as model.layers=4 (repeat for more)", func(s string) error {
		g.Set = append(g.Set, s)
		return nil
	})
	flags.Func("axis", "points of an axis, such as 'seed=1; seed=2' (repeat for more)", func(s string) error {
		g.Axes = append(g.Axes, strings.Split(s, ";"))
		return nil
	})
	status := flags.Bool("status", false, "say how far each run is and do nothing else")
	var o train.SweepOptions
	o.Flags(flags)
	index := flags.Int("index", -1, "which job of an array this is, counted from 0")
	of := flags.Int("of", 0, "how many jobs the array has (default: one a run)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: options begin with -", flags.Arg(0))
	}
	if *file != "" {
		if g.Preset != "" {
			return errors.New("give one of -grid and -preset")
		}
		own, err := train.ReadGrid(*file)
		if err != nil {
			return err
		}
		g = train.Grid{Preset: own.Preset, Set: append(own.Set, g.Set...), Axes: append(own.Axes, g.Axes...)}
	}
	configs, err := g.Configs()
	if err != nil {
		return err
	}
	if o.Index, o.Of, err = job(*index, *of, len(configs), env); err != nil {
		return err
	}
	if *status {
		states, err := train.Status(configs, o.Store)
		if err != nil {
			return err
		}
		return table(out, states)
	}
	states, err := train.Sweep(ctx, configs, o)
	return errors.Join(table(out, states), err)
}

// job is this process's share of n runs: index −1 stands for what the array's
// environment says, and for all runs outside of an array.
func job(index, of, n int, env func(string) string) (int, int, error) {
	first, step := 0, 1
	if index < 0 {
		text := env("JOB_COMPLETION_INDEX")
		if text == "" {
			text = env("SLURM_ARRAY_TASK_ID")
			if lowest := env("SLURM_ARRAY_TASK_MIN"); lowest != "" {
				var err error
				if first, err = strconv.Atoi(lowest); err != nil {
					return 0, 0, fmt.Errorf("$SLURM_ARRAY_TASK_MIN: %w", err)
				}
			}
			if every := env("SLURM_ARRAY_TASK_STEP"); every != "" {
				var err error
				if step, err = strconv.Atoi(every); err != nil || step < 1 {
					return 0, 0, fmt.Errorf("$SLURM_ARRAY_TASK_STEP: %q is no step", every)
				}
			}
			if count := env("SLURM_ARRAY_TASK_COUNT"); of == 0 && count != "" {
				var err error
				if of, err = strconv.Atoi(count); err != nil {
					return 0, 0, fmt.Errorf("$SLURM_ARRAY_TASK_COUNT: %w", err)
				}
			}
		}
		if text == "" {
			if of != 0 {
				return 0, 0, errors.New("-of says how many jobs there are: give -index too")
			}
			return 0, 0, nil
		}
		var err error
		if index, err = strconv.Atoi(text); err != nil {
			return 0, 0, fmt.Errorf("index of the job: %w", err)
		}
	}
	if of == 0 {
		of = n
	}
	if (index-first)%step != 0 {
		return 0, 0, fmt.Errorf("job %d is not one of the array's, which counts from %d by %d", index, first, step)
	}
	return (index - first) / step, of, nil
}

func table(out io.Writer, states []train.State) error {
	for _, s := range states {
		what := "not begun"
		switch {
		case s.Result != nil:
			what = fmt.Sprintf("done, held-out loss %.4f, sink rate %.2f %%", s.Result.ValLoss, 100*s.Result.SinkRate)
		case s.Err != nil:
			what = "failed"
		case s.Busy:
			what = "another process works on it"
		case s.Step > 0:
			what = fmt.Sprintf("step %d of %d", s.Step, s.Config.Steps())
		}
		if _, err := fmt.Fprintln(out, s.Run, what); err != nil {
			return err
		}
	}
	return nil
}
