package quantize

import (
	"errors"
	"fmt"

	"firsttoken/sinks/stats"
)

// ByDraw is the mean of a − b of each draw, for losses of texts that are n draws in order.
func ByDraw(a, b []float64, n int) ([]float64, error) {
	if len(a) != len(b) || n < 1 || len(a)%n != 0 {
		return nil, fmt.Errorf("quantize: %d losses against %d: %d draws share them evenly", len(a), len(b), n)
	}
	out := make([]float64, n)
	for i := range a {
		out[i/(len(a)/n)] += (a[i] - b[i]) * float64(n) / float64(len(a))
	}
	return out, nil
}

// Cost is the mean over draws of what scheme a loses more than scheme b, in nats.
func (c *Compared) Cost(a, b string, draws int, o stats.Options) (stats.Estimate, error) {
	by, err := ByDraw(c.Loss[a], c.Loss[b], draws)
	if err != nil {
		return stats.Estimate{}, fmt.Errorf("%s against %s: %w", a, b, err)
	}
	return stats.Mean(by, o)
}

// Figure is a number under the name that rule S4 knows it by.
type Figure struct {
	Name, Unit string
	stats.Estimate
}

// Removals are what rule S4 is about, and the share that goes with all outlier tokens kept: the
// cost of static steps over dynamic ones, the sink rates with the sink on and off, and what share
// of the cost goes by each remedy, and by how much more than by its control.
func (c *Compared) Removals(draws int, o stats.Options) (list []Figure, err error) {
	by := func(a, b string) []float64 {
		d, e := ByDraw(c.Loss[a], c.Loss[b], draws)
		err = errors.Join(err, e)
		return d
	}
	cost, first, all := by(SchemeStatic, SchemeDynamic), by(SchemeFirst, SchemeDynamic), by(SchemeOutliers, SchemeDynamic)
	other, off, elsewhere := by(SchemeOther, SchemeDynamic), by(SchemeOffStatic, SchemeOffDynamic), by(SchemeElsewhereS, SchemeElsewhereD)
	if err != nil {
		return nil, err
	}
	add := func(name, unit string, e stats.Estimate, problem error) {
		list, err = append(list, Figure{name, unit, e}), errors.Join(err, problem)
	}
	share := func(name string, more, less []float64) {
		gone := make([]float64, len(more))
		for i := range gone {
			gone[i] = more[i] - less[i]
		}
		e, problem := ShareOf(gone, cost, o)
		add(name, "%", e.Scale(100), problem)
	}
	mean := func(name, unit string, x []float64, o stats.Options) {
		e, problem := stats.Mean(x, o)
		add(name, unit, e, problem)
	}
	rate := o
	rate.Range = stats.Percent
	mean("loss, static − dynamic", "nats", cost, o)
	mean("sink rate of the sink's blocks, intact", "%", c.Rate, rate)
	mean("sink rate of the sink's blocks, sink off", "%", c.RateOff, rate)
	share("share of that removed, token 1 kept", cost, first)
	share("share removed, token 1 kept − another token kept", other, first)
	share("share of that removed, sink off", cost, off)
	share("share removed, sink off − the same at another token", elsewhere, off)
	share("share of that removed, all outlier tokens kept", cost, all)
	return list, err
}

// ShareOf is Σ part / Σ whole over draws, with the interval of stats.Bootstrap: what part of a cost
// goes, for part = cost − what is left. A draw may have a cost below 0; the sum must not be 0.
func ShareOf(part, whole []float64, o stats.Options) (stats.Estimate, error) {
	if len(part) != len(whole) {
		return stats.Estimate{}, fmt.Errorf("quantize: parts of %d draws, wholes of %d", len(part), len(whole))
	}
	return stats.Bootstrap(len(part), o, func(draw []int) float64 {
		a, b := 0.0, 0.0
		for _, i := range draw {
			a, b = a+part[i], b+whole[i]
		}
		return a / b
	})
}
