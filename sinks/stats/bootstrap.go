package stats

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// MinBootstrap is the number of units from which Bootstrap gives an interval. Below it covers less
// than 93 % even on normal values.
const MinBootstrap = 8

// Bootstrap estimates any statistic over n units. The statistic gets the indices of the units
// drawn, in [0, n), with repetitions or with one left out; its value on 0, 1, …, n−1 is the
// estimate. It must not keep the slice. For means use [Mean] or [Ratio], whose intervals cover
// better.
//
// The interval is BCa: quantiles of the bootstrap values, chosen by how far their median lies off
// the estimate and by how its spread changes along with it (from the n values with a unit left
// out), at the quantiles of √(n/(n−1))·t instead of the normal's, for which few units would be too
// narrow (Hesterberg 2015, expanded percentiles).
//
// A statistic that is NaN or infinite on the units, with one left out, or on over 1 % of the draws
// has no interval that would mean anything: an error.
func Bootstrap(n int, o Options, statistic func(draw []int) float64) (Estimate, error) {
	if err := o.Validate(); err != nil {
		return Estimate{}, err
	}
	o = o.withDefaults()
	if n < 1 {
		return Estimate{}, errors.New("stats: no values: an estimate needs at least one document")
	}
	draw := make([]int, n)
	for i := range draw {
		draw[i] = i
	}
	e := Estimate{Value: statistic(draw), N: n}
	if !defined(e.Value) {
		return Estimate{}, fmt.Errorf("stats: the statistic of %d documents is %g: they lack what it is a ratio or mean of", n, e.Value)
	}
	if n < MinBootstrap {
		return e, nil
	}
	without := make([]float64, n)
	for i := range n {
		rest := make([]int, 0, n-1)
		for j := range n {
			if j != i {
				rest = append(rest, j)
			}
		}
		if without[i] = statistic(rest); !defined(without[i]) {
			return Estimate{}, fmt.Errorf("stats: the statistic is %g without document %d: it hangs on one document, and has no interval", without[i], i+1)
		}
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	values := make([]float64, 0, o.Resamples)
	for range o.Resamples {
		for i := range draw {
			draw[i] = rng.IntN(n)
		}
		if v := statistic(draw); defined(v) {
			values = append(values, v)
		}
	}
	if err := o.enough(len(values)); err != nil {
		return Estimate{}, err
	}
	slices.Sort(values)
	if values[0] == values[len(values)-1] {
		e.CI = o.constant(e.Value, n)
		return e, nil
	}
	at := accelerated(e.Value, values, without)
	half := quantileT((1+o.Level)/2, float64(n-1)) * math.Sqrt(float64(n)/float64(n-1))
	e.CI = &Interval{
		Lo:    o.Range.clip(quantile(at(-half), values)),
		Hi:    o.Range.clip(quantile(at(half), values)),
		SE:    stat.StdDev(values, nil),
		Level: o.Level,
	}
	return e, nil
}

// accelerated maps a normal quantile z to the share of bootstrap values below the end of the
// interval there.
func accelerated(value float64, sorted, without []float64) func(z float64) float64 {
	below, _ := slices.BinarySearch(sorted, value)
	above := len(sorted)
	for above > below && sorted[above-1] > value {
		above--
	}
	// Values equal to the estimate count half; never none or all, whose quantiles are infinite.
	share := (float64(below+above)/2 + 0.5) / float64(len(sorted)+1)
	bias := distuv.UnitNormal.Quantile(share)
	mean, squares, cubes := stat.Mean(without, nil), 0.0, 0.0
	for _, x := range without {
		d := mean - x
		squares += d * d
		cubes += d * d * d
	}
	acceleration := 0.0
	if squares > 0 {
		acceleration = cubes / (6 * math.Pow(squares, 1.5))
	}
	return func(z float64) float64 {
		z += bias
		if stretch := 1 - acceleration*z; stretch > 0 {
			return distuv.UnitNormal.CDF(bias + z/stretch)
		}
		return distuv.UnitNormal.CDF(math.Copysign(math.Inf(1), z))
	}
}

// defined reports a number that means something.
func defined(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// enough refuses draws of which over 1 % had no value.
func (o Options) enough(defined int) error {
	if lost := o.Resamples - defined; 100*lost > o.Resamples {
		return fmt.Errorf("stats: the statistic is not defined on %d of %d draws: too few documents have what it is a ratio or mean of", lost, o.Resamples)
	}
	return nil
}
