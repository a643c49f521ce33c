package stats

import (
	"errors"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Repeats estimates the mean over a few repetitions of one experiment, such as training runs that differ in their seed, with
// Student's t interval x̄ ± t·s/√n. With three or five values the bootstrap's interval would be far too narrow: it only ever
// sees the values drawn. Resamples and Seed of the options are not used.
func Repeats(x []float64, o Options) (Estimate, error) {
	if err := errors.Join(o.Validate(), finite("x", x)); err != nil {
		return Estimate{}, err
	}
	if len(x) == 0 {
		return Estimate{}, errors.New("stats: no values: an estimate needs at least one repetition")
	}
	mean, sd := stat.MeanStdDev(x, nil)
	e := Estimate{Value: mean, N: len(x)}
	if len(x) == 1 {
		return e, nil
	}
	level := o.withDefaults().Level
	se := stat.StdErr(sd, float64(len(x)))
	half := se * distuv.StudentsT{Sigma: 1, Nu: float64(len(x) - 1)}.Quantile((1+level)/2)
	e.CI = &Interval{Lo: mean - half, Hi: mean + half, SE: se, Level: level}
	return e, nil
}
