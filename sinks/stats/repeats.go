package stats

import "gonum.org/v1/gonum/stat"

// Repeats estimates the mean over a few repetitions of one experiment, such as training runs that
// differ in their seed, with Student's t interval x̄ ± t·s/√n from three repetitions on; two would
// give t with one degree of freedom, ± 12.7 standard errors from a single difference. It is [Mean]
// but for the interval of 30 values and more. Resamples and Seed of the options are not used.
//
// Equal values, such as rates of 0 % from runs without a sink, have an interval only with o.Range:
// see [Options].
func Repeats(x []float64, o Options) (Estimate, error) {
	if err := o.possible("x", x); err != nil {
		return Estimate{}, err
	}
	if len(x) < studentized {
		return Mean(x, o)
	}
	mean, sd := stat.MeanStdDev(x, nil)
	n := float64(len(x))
	return Estimate{Value: mean, N: len(x), CI: o.withDefaults().student(mean, stat.StdErr(sd, n), n-1)}, nil
}
