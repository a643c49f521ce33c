package perturb

import (
	"fmt"
	"math"
)

// Search says how [Calibrate] looks for a size.
type Search struct {
	Lo, Hi float64 // the size lies between them
	Few    int     // texts on which the size is looked for at first; 0 or more than there are: all
	// Tolerance is how near the mean over all texts must come.
	Tolerance float64
}

// Validate refuses sizes that have no logarithm and a tolerance that nothing meets.
func (s Search) Validate() error {
	if !(s.Tolerance > 0) || !(s.Lo > 0) || !(s.Hi > s.Lo) || math.IsInf(s.Hi, 0) || s.Few < 0 {
		return fmt.Errorf("perturb: calibration from %g to %g within %g on %d texts first: sizes must be positive and ascend, the tolerance be positive, texts not negative", s.Lo, s.Hi, s.Tolerance, s.Few)
	}
	return nil
}

// How near the few texts must come, in tolerances, and how far apart two sizes of a slope are.
const (
	roughly = 10
	apart   = 0.05 // of log size
)

// Calibrate finds the size at which a measure that grows with it is target by text, on the mean
// over texts and within a tolerance: how much noise costs as much loss as an intervention does.
// measure gives the first n texts' values at a size. It returns the size at which all texts were
// measured to come near enough.
//
// To ask all texts every time would be dear where each is a pass of a model. So the size is looked
// for on a few texts, by false position over log size, and what these leave to do is a step or two
// on all, by secants of which the few texts give the first slope; where these go astray, the whole
// search is made on all.
func Calibrate(target []float64, s Search, measure func(size float64, n int) ([]float64, error)) (size float64, err error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	if len(target) == 0 {
		return 0, fmt.Errorf("perturb: calibration to no text")
	}
	off := func(x float64, n int) (d float64, err error) {
		values, err := measure(math.Exp(x), n)
		if err != nil {
			return 0, err
		}
		if len(values) != n {
			return 0, fmt.Errorf("perturb: calibration: %d values of %d texts were measured", len(values), n)
		}
		for i, v := range values {
			d += (v - target[i]) / float64(n)
		}
		return d, nil
	}
	few := s.Few
	if few == 0 || few > len(target) {
		few = len(target)
	}
	ends := [2]float64{math.Log(s.Lo), math.Log(s.Hi)}
	x, y, err := falsePosition(ends, roughly*s.Tolerance, func(x float64) (float64, error) { return off(x, few) })
	if err != nil {
		return 0, err
	}
	beside := x + apart
	if beside > ends[1] {
		beside = x - apart
	}
	at, err := off(beside, few)
	if err != nil {
		return 0, err
	}
	all := func(x float64) (float64, error) { return off(x, len(target)) }
	x, found, err := secants(x, (at-y)/(beside-x), ends, s.Tolerance, all)
	if err == nil && !found {
		x, _, err = falsePosition(ends, s.Tolerance, all)
	}
	return math.Exp(x), err
}

// falsePosition finds where a function is 0 within a tolerance, after Illinois, and its value
// there. An error says so where 0 does not lie between the ends, or 20 calls do not get there.
func falsePosition(x [2]float64, tolerance float64, f func(float64) (float64, error)) (at, value float64, err error) {
	var y [2]float64
	for end := range x {
		if y[end], err = f(x[end]); err != nil || math.Abs(y[end]) <= tolerance {
			return x[end], y[end], err
		}
	}
	if !(y[0] < 0 && y[1] > 0) {
		return 0, 0, fmt.Errorf("perturb: calibration: size %g is %g off and size %g is %g off: widen the range", math.Exp(x[0]), y[0], math.Exp(x[1]), y[1])
	}
	last := -1 // the end that moved last
	for range 18 {
		mid := (x[0]*y[1] - x[1]*y[0]) / (y[1] - y[0])
		off, err := f(mid)
		if err != nil || math.Abs(off) <= tolerance {
			return mid, off, err
		}
		end := 0
		if off > 0 {
			end = 1
		}
		if end == last { // else the other end would never move
			y[1-end] /= 2
		}
		x[end], y[end], last = mid, off, end
	}
	return 0, 0, fmt.Errorf("perturb: calibration: not within %g after 20 measurements: the measure does not change evenly, allow more", tolerance)
}

// secants goes from x, with a slope to begin with, to where a function is 0 within a tolerance, and
// says whether it got there in a few steps.
func secants(x, slope float64, ends [2]float64, tolerance float64, f func(float64) (float64, error)) (at float64, found bool, err error) {
	y, err := f(x)
	for range 5 {
		if err != nil || math.Abs(y) <= tolerance {
			return x, true, err
		}
		to := min(max(x-y/slope, ends[0]), ends[1])
		if !(slope > 0) || to == x {
			return x, false, nil
		}
		var next float64
		if next, err = f(to); err == nil {
			slope = (next - y) / (to - x)
		}
		x, y = to, next
	}
	return x, false, err
}
