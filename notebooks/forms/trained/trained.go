// Package trained reads the runs that package forms compares.
package trained

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"

	"firsttoken/notebooks/forms"
	"firsttoken/train"
	"firsttoken/train/local"
	"firsttoken/train/local/backend"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// Grid lists the configurations of a grid by form, in the order of the grid, each form's by seed.
func Grid(path string) (names []string, byForm map[string][]train.Config, err error) {
	grid, err := train.ReadGrid(path)
	if err != nil {
		return nil, nil, err
	}
	configs, err := grid.Configs()
	if err != nil {
		return nil, nil, err
	}
	byForm = map[string][]train.Config{}
	for _, c := range configs {
		name := Name(c)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		byForm[name] = append(byForm[name], c)
	}
	return names, byForm, nil
}

// Name is what a configuration's form is called.
func Name(c train.Config) string { return Form(&c.Model) }

// Form is what a model's form is called: the pattern, or the gate where there is one.
func Form(c *transformer.Config) string {
	switch {
	case c.OutGate != "":
		return "gate-" + string(c.OutGate)
	case c.Pattern.Kind == "":
		return "softmax"
	}
	return string(c.Pattern.Kind)
}

// IDs are the names of runs.
func IDs(configs []train.Config) (ids []string) {
	for _, c := range configs {
		ids = append(ids, c.ID())
	}
	return ids
}

// absent says that runs of a form are not there.
func absent(c train.Config) error {
	return fmt.Errorf("runs of %s are %w: `go run ./train/cmd/sweep -grid notebooks/grids/patterns.json` trains them", Name(c), local.ErrAbsent)
}

// withModel measures the model of a run. The error names the run; it wraps local.ErrAbsent if it or
// its weights are not there.
func withModel(c train.Config, measure func(*transformer.Model) error) error {
	states, err := train.Status([]train.Config{c}, "")
	if err != nil {
		return err
	}
	if states[0].Result == nil {
		return absent(c)
	}
	on, _, err := backend.Open()
	if err != nil {
		return err
	}
	m, _, err := train.LoadModel(on, "", c.ID())
	if err != nil {
		return err
	}
	defer m.Close()
	if err := measure(m); err != nil {
		return fmt.Errorf("run %s: %w", c.ID(), err)
	}
	return nil
}

// Runs reads those of the configurations that are trained here or come with the checkout. Where
// curves were made before outliers were measured, the weights are measured again. The error wraps
// [local.ErrAbsent] if no run is there, or the weights of one are not.
func Runs(ctx context.Context, configs []train.Config) (runs []forms.Run, err error) {
	states, err := train.Status(configs, "")
	if err != nil {
		return nil, err
	}
	states = slices.DeleteFunc(states, func(s train.State) bool { return s.Result == nil })
	if len(states) == 0 {
		return nil, absent(configs[0])
	}
	var on compute.Backend
	for _, s := range states {
		points, err := train.Points([]train.State{s})
		if err != nil {
			return nil, err
		}
		records, err := (&store.Run{ID: points[0].ID, Dir: points[0].Dir}).Curves()
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, errors.New("run " + points[0].ID + " has no curves")
		}
		var end *store.Eval
		if last := records[len(records)-1].Eval(forms.Eval); last != nil && last.Kurtosis == nil {
			if on == nil {
				if on, _, err = backend.Open(); err != nil {
					return nil, err
				}
			}
			again, err := train.Measure(ctx, on, "", points[0].ID, forms.Eval)
			if err != nil {
				return nil, err
			}
			end = &again
		}
		r, err := forms.NewRun(points[0].ID, s.Config.Seed, records, end)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}
