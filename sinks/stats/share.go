package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson estimates the probability of an event seen k times in n independent trials, with the score
// interval of Wilson (1927): on average over probabilities it covers what it says, near 0 and 1
// sometimes less. For right answers of many independent questions; events of one document are not
// independent, for these take [Ratio]. Only Level of the options is used.
func Wilson(k, n int, o Options) (Estimate, error) {
	if err := trials(k, n, o); err != nil {
		return Estimate{}, err
	}
	level := o.withDefaults().Level
	z := distuv.UnitNormal.Quantile((1 + level) / 2)
	N, p := float64(n), float64(k)/float64(n)
	middle := (p + z*z/(2*N)) / (1 + z*z/N)
	half := z / (1 + z*z/N) * math.Sqrt(p*(1-p)/N+z*z/(4*N*N))
	ci := &Interval{Lo: max(0, middle-half), Hi: min(1, middle+half), SE: math.Sqrt(p * (1 - p) / N), Level: level}
	if k == 0 { // exactly, not up to rounding
		ci.Lo = 0
	}
	if k == n {
		ci.Hi = 1
	}
	return Estimate{Value: p, N: n, CI: ci}, nil
}

// ClopperPearson is [Wilson] with the interval of Clopper and Pearson (1934), which covers at least
// what it says for every probability. For few trials, such as training runs that have a sink or
// have none: 0 of 5 is 0 [0, 0.52].
func ClopperPearson(k, n int, o Options) (Estimate, error) {
	if err := trials(k, n, o); err != nil {
		return Estimate{}, err
	}
	level := o.withDefaults().Level
	tail := (1 - level) / 2
	p := float64(k) / float64(n)
	ci := &Interval{Lo: 0, Hi: 1, SE: math.Sqrt(p * (1 - p) / float64(n)), Level: level}
	if k > 0 {
		ci.Lo = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(tail)
	}
	if k < n {
		ci.Hi = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(1 - tail)
	}
	return Estimate{Value: p, N: n, CI: ci}, nil
}

// Scale multiplies value, interval and standard error, for another unit: by 100 for %.
func (e Estimate) Scale(by float64) Estimate {
	e.Value *= by
	if e.CI != nil {
		lo, hi := e.CI.Lo*by, e.CI.Hi*by
		e.CI = &Interval{Lo: min(lo, hi), Hi: max(lo, hi), SE: e.CI.SE * math.Abs(by), Level: e.CI.Level}
	}
	return e
}

// trials refuses counts that cannot be.
func trials(k, n int, o Options) error {
	if n < 1 || k < 0 || k > n {
		return fmt.Errorf("stats: %d events in %d trials", k, n)
	}
	return o.Validate()
}
