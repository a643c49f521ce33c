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

const (
	minimum     = 3  // units from which a mean has an interval
	studentized = 30 // units from which it is the studentized bootstrap's
)

// ratio estimates Σsum/Σsize over units. Its standard error is √(Σ(sumᵢ − v·sizeᵢ)²/(1 − hᵢ))/Σsize
// with hᵢ = sizeᵢ/Σsize, which makes good for residuals that are small because a large unit draws
// the ratio to itself (Bell and McCaffrey 2002); with sizes of 1 it is s/√n.
func ratio(sum, size []float64, o Options) (Estimate, error) {
	if err := o.Validate(); err != nil {
		return Estimate{}, err
	}
	o = o.withDefaults()
	n := len(sum)
	if n == 0 {
		return Estimate{}, errors.New("stats: no values: an estimate needs at least one document")
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	value, se := ratioOf(sum, size, all)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Estimate{}, fmt.Errorf("stats: a ratio over %d documents whose denominators sum to 0: nothing was counted in them", n)
	}
	e := Estimate{Value: value, N: n}
	switch {
	case n < minimum:
	case equal(sum, size, value):
		e.CI = o.constant(value, n)
	case math.IsNaN(se): // one unit has all the weight
	case n < studentized:
		e.CI = o.student(value, se, effective(size)-1)
	default:
		return e, o.resample(&e, sum, size, se)
	}
	return e, nil
}

// ratioOf is the ratio over the units drawn and its standard error.
func ratioOf(sum, size []float64, draw []int) (value, se float64) {
	a, b := 0.0, 0.0
	for _, i := range draw {
		a += sum[i]
		b += size[i]
	}
	value = a / b
	squares := 0.0
	for _, i := range draw {
		d := sum[i] - value*size[i]
		squares += d * d / (1 - size[i]/b)
	}
	return value, math.Sqrt(squares) / b
}

// effective is the number of units of one size that would weigh as these do, (Σsize)²/Σsize²: what
// few large ones leave to judge the spread by. At least 2.
func effective(size []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range size {
		sum += x
		squares += x * x
	}
	return max(2, sum*sum/squares)
}

// equal reports whether all units have the same ratio, up to rounding.
func equal(sum, size []float64, value float64) bool {
	for i, s := range sum {
		if math.Abs(s-value*size[i]) > 1e-12*max(math.Abs(s), math.Abs(value*size[i])) {
			return false
		}
	}
	return true
}

// constant is the interval of a mean of n equal values of a known range, nil if it is not known. A
// share p of other values stays unseen in n draws with probability (1−p)ⁿ, so p ≤ 1 − (α/2)^{1/n},
// and other values lie no farther than the ends of the range.
func (o Options) constant(value float64, n int) *Interval {
	if !o.Range.known() {
		return nil
	}
	p := 1 - math.Pow((1-o.Level)/2, 1/float64(n))
	return &Interval{Lo: value - p*(value-o.Range.Lo), Hi: value + p*(o.Range.Hi-value), Level: o.Level}
}

// student is value ± t·se, cut to the range.
func (o Options) student(value, se, freedom float64) *Interval {
	half := se * quantileT((1+o.Level)/2, freedom)
	return &Interval{Lo: o.Range.clip(value - half), Hi: o.Range.clip(value + half), SE: se, Level: o.Level}
}

// quantileT is a quantile of Student's t.
func quantileT(p, freedom float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(p)
}

// resample gives an estimate its studentized interval: the bootstrap distribution of (v* − v)/se*
// says how many standard errors v may lie off, to either side apart.
func (o Options) resample(e *Estimate, sum, size []float64, se float64) error {
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	draw := make([]int, e.N)
	ts := make([]float64, 0, o.Resamples)
	for range o.Resamples {
		for i := range draw {
			draw[i] = rng.IntN(e.N)
		}
		v, s := ratioOf(sum, size, draw)
		switch t := (v - e.Value) / s; {
		case s > 0 && !math.IsNaN(t):
			ts = append(ts, t)
		case v > e.Value: // equal values, all above
			ts = append(ts, math.Inf(1))
		case v < e.Value:
			ts = append(ts, math.Inf(-1))
		case !math.IsNaN(v):
			ts = append(ts, 0)
		}
	}
	if err := o.enough(len(ts)); err != nil {
		return err
	}
	slices.Sort(ts)
	tail := (1 - o.Level) / 2
	// Draws of rare events may show no spread at all; there t says more.
	low, high := quantile(1-tail, ts), quantile(tail, ts)
	if t := quantileT(1-tail, float64(e.N-1)); math.IsInf(low, 0) || math.IsInf(high, 0) || math.IsNaN(low+high) {
		low, high = t, -t
	}
	e.CI = &Interval{Lo: o.Range.clip(e.Value - low*se), Hi: o.Range.clip(e.Value - high*se), SE: se, Level: o.Level}
	return nil
}

// quantile of sorted values.
func quantile(p float64, sorted []float64) float64 {
	return stat.Quantile(p, stat.LinInterp, sorted, nil)
}
