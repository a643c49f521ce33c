// Package stats gives the spread that belongs to a number measured over
// documents: standard errors and percentile bootstrap confidence intervals.
//
// The unit that is resampled is the document (or another cluster), never the
// token or the head: heads of one model on one text are not independent, so an
// interval over them would be far too narrow.
//
// The percentile bootstrap (Efron and Tibshirani, An Introduction to the
// Bootstrap, 1993, chapter 13) draws n units with replacement R times, computes
// the statistic on each draw, and reports the (1−level)/2 and (1+level)/2
// quantiles of these R values. The same seed gives the same interval.
package stats

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Options of the bootstrap. The zero value stands for DefaultOptions.
type Options struct {
	Resamples int     `json:"resamples,omitempty"` // number of bootstrap draws; 0 means 2000
	Level     float64 `json:"level,omitempty"`     // coverage of the interval, in (0, 1); 0 means 0.95
	Seed      uint64  `json:"seed,omitempty"`      // seed of the draws
}

// DefaultOptions are 2000 draws, a 95 % interval and seed 0.
func DefaultOptions() Options { return Options{Resamples: 2000, Level: 0.95} }

// withDefaults replaces zero fields by those of DefaultOptions.
func (o Options) withDefaults() Options {
	d := DefaultOptions()
	if o.Resamples == 0 {
		o.Resamples = d.Resamples
	}
	if o.Level == 0 {
		o.Level = d.Level
	}
	return o
}

// Validate reports a number of draws or a level that cannot give an interval.
func (o Options) Validate() error {
	o = o.withDefaults()
	if o.Resamples < 100 {
		return fmt.Errorf("stats: %d bootstrap draws are too few for an interval: use at least 100", o.Resamples)
	}
	if !(o.Level > 0 && o.Level < 1) {
		return fmt.Errorf("stats: level %g is not between 0 and 1: use 0.95 for a 95 %% interval", o.Level)
	}
	return nil
}

// Interval is the spread of an Estimate.
type Interval struct {
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
	SE    float64 `json:"se"`    // standard error: standard deviation of the bootstrap values
	Level float64 `json:"level"` // coverage, e.g. 0.95
}

// Estimate is a number measured over N units and its spread.
type Estimate struct {
	Value float64   `json:"value"`
	N     int       `json:"n"`            // units resampled: documents, or clusters of them
	CI    *Interval `json:"ci,omitempty"` // nil with fewer than two units: one unit has no spread
}

// String formats the estimate as "0.722 [0.690, 0.754] (n=100)".
func (e Estimate) String() string {
	if e.CI == nil {
		return fmt.Sprintf("%.4g (n=%d)", e.Value, e.N)
	}
	return fmt.Sprintf("%.4g [%.4g, %.4g] (n=%d)", e.Value, e.CI.Lo, e.CI.Hi, e.N)
}

// Mean estimates the mean of x, one value a document.
// It fails on an empty x and on values that are not finite.
func Mean(x []float64, o Options) (Estimate, error) {
	if err := finite("x", x); err != nil {
		return Estimate{}, err
	}
	return Bootstrap(len(x), o, func(draw []int) float64 {
		sum := 0.0
		for _, i := range draw {
			sum += x[i]
		}
		return sum / float64(len(draw))
	})
}

// Paired estimates the mean of a[i] − b[i], where a[i] and b[i] were measured
// on the same document under two conditions. Resampling the pairs removes the
// differences between documents from the interval.
func Paired(a, b []float64, o Options) (Estimate, error) {
	if len(a) != len(b) {
		return Estimate{}, fmt.Errorf("stats: %d values against %d: pairs need the same documents on both sides", len(a), len(b))
	}
	if err := errors.Join(finite("a", a), finite("b", b)); err != nil {
		return Estimate{}, err
	}
	diff := make([]float64, len(a))
	for i := range a {
		diff[i] = a[i] - b[i]
	}
	return Mean(diff, o)
}

// Clustered estimates the mean of x where x[i] belongs to the document
// cluster[i]: whole documents are drawn, each with all its values, so values
// that share a document do not count as independent. N is the number of
// documents.
func Clustered(x []float64, cluster []string, o Options) (Estimate, error) {
	if len(x) != len(cluster) {
		return Estimate{}, fmt.Errorf("stats: %d values but %d cluster names", len(x), len(cluster))
	}
	if err := finite("x", x); err != nil {
		return Estimate{}, err
	}
	members := Clusters(cluster)
	return Bootstrap(len(members), o, func(draw []int) float64 {
		sum, n := 0.0, 0
		for _, c := range draw {
			for _, i := range members[c] {
				sum += x[i]
			}
			n += len(members[c])
		}
		return sum / float64(n)
	})
}

// Clusters lists, in order of first appearance, the indices that carry each name.
func Clusters(names []string) [][]int {
	at := map[string]int{}
	var members [][]int
	for i, name := range names {
		c, seen := at[name]
		if !seen {
			c = len(members)
			at[name] = c
			members = append(members, nil)
		}
		members[c] = append(members[c], i)
	}
	return members
}

// Bootstrap estimates statistic over n units. The statistic gets the indices
// of the units drawn, in [0, n), with repetitions; its value on 0, 1, …, n−1 is
// the estimate. It must not keep the slice.
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
	if n == 1 {
		return e, nil
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	values := make([]float64, o.Resamples)
	for r := range values {
		for i := range draw {
			draw[i] = rng.IntN(n)
		}
		values[r] = statistic(draw)
	}
	slices.Sort(values)
	tail := (1 - o.Level) / 2
	e.CI = &Interval{
		Lo:    stat.Quantile(tail, stat.LinInterp, values, nil),
		Hi:    stat.Quantile(1-tail, stat.LinInterp, values, nil),
		SE:    stat.StdDev(values, nil),
		Level: o.Level,
	}
	return e, nil
}

// finite refuses NaN and infinities, which would silently become the estimate.
func finite(name string, x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("stats: %s[%d] is %g: leave that document out or find out why", name, i, v)
		}
	}
	return nil
}
