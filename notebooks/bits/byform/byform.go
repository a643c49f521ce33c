// Package byform compares what few bits cost trainings that differ in how scores become attention
// (package measure reads them), each with softmax of the same seed: claim S4t, in notebook 14b.
package byform

import (
	"fmt"
	"slices"

	"firsttoken/notebooks/bits/byform/measure"
	"firsttoken/sinks/stats"
)

// Form is a form of attention with the runs trained with it.
type Form struct {
	Name string
	Runs []measure.Run
}

// Validate refuses a form without runs, or runs that lack a scheme.
func (f Form) Validate() error {
	if len(f.Runs) == 0 {
		return fmt.Errorf("byform: no runs of %s", f.Name)
	}
	for _, r := range f.Runs {
		for _, s := range measure.Schemes() {
			if _, ok := r.Loss[s.String()]; !ok {
				return fmt.Errorf("byform: %s, run %s was not measured as %q: measure it again", f.Name, r.ID, s)
			}
		}
	}
	return nil
}

// Measured are the forms to compare, softmax first.
type Measured []Form

// Validate refuses forms of which one is not whole, or that softmax does not lead.
func (m Measured) Validate() error {
	if len(m) == 0 || m[0].Name != "softmax" {
		return fmt.Errorf("byform: softmax must come first of %d forms: all others are compared with it", len(m))
	}
	for _, f := range m {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Form finds one by its name.
func (m Measured) Form(name string) (Form, error) {
	i := slices.IndexFunc(m, func(f Form) bool { return f.Name == name })
	if i < 0 {
		return Form{}, fmt.Errorf("byform: %s was not measured", name)
	}
	return m[i], nil
}

// cost is what a run loses more under scheme a than under b, in nats.
func cost(r measure.Run, a, b measure.Scheme) float64 { return r.Loss[a.String()] - r.Loss[b.String()] }

// static is what static steps of so many bits cost a run over dynamic ones, a token kept or none.
func static(r measure.Run, bits, keep int) float64 {
	return cost(r, measure.Static(bits, keep), measure.Dynamic(bits))
}

// each reads a number of each run.
func (f Form) each(of func(measure.Run) float64) (x []float64) {
	for _, r := range f.Runs {
		x = append(x, of(r))
	}
	return x
}

// mean is the mean over runs of a number, with Student's t interval.
func (f Form) mean(of func(measure.Run) float64) (stats.Estimate, error) {
	return stats.Repeats(f.each(of), stats.Options{})
}

// paired is the mean of a number of the form's run and softmax's of the same seed, over the seeds
// that both have.
func (f Form) paired(softmax Form, of func(form, softmax measure.Run) float64) (stats.Estimate, error) {
	var x []float64
	for _, r := range f.Runs {
		if i := slices.IndexFunc(softmax.Runs, func(s measure.Run) bool { return s.Seed == r.Seed }); i >= 0 {
			x = append(x, of(r, softmax.Runs[i]))
		}
	}
	return stats.Repeats(x, stats.Options{})
}
