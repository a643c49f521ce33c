package claims

import (
	"fmt"

	"firsttoken/sinks/stats"
)

// List gathers figures for a rule, and the first error on the way. The zero List is empty.
type List struct {
	figures []Figure
	err     error
}

// Add takes a figure, or the error that it ended in, and returns it, so that more can be said of it.
func (l *List) Add(name, unit string, e stats.Estimate, err error) *Figure {
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("%s: %w", name, err)
	}
	l.figures = append(l.figures, Figure{Name: name, Unit: unit, Estimate: e})
	return &l.figures[len(l.figures)-1]
}

// Mean adds the mean of x with its interval, which stays within a range if one is given.
func (l *List) Mean(name, unit string, x []float64, within stats.Range) {
	o := stats.DefaultOptions()
	o.Range = within
	e, err := stats.Mean(x, o)
	l.Add(name, unit, e, err)
}

// Paired adds the mean of a − b, paired one by one.
func (l *List) Paired(name, unit string, a, b []float64) *Figure {
	e, err := stats.Paired(a, b, stats.DefaultOptions())
	return l.Add(name, unit, e, err)
}

// Figures are all that were added, in order, or the first error.
func (l *List) Figures() ([]Figure, error) {
	if l.err != nil {
		return nil, l.err
	}
	return l.figures, nil
}
