package perturb

import (
	"fmt"
	"math"
)

// CalibrateWithin finds the size, between lo and hi, at which a measure that grows with it is
// within tolerance of target: how much noise costs as much loss as an intervention does. It goes by
// secants over log size (false position, after Illinois), which takes few measurements where the
// measure is smooth, and returns the size at which it was measured to be. An error says so where
// target does not lie between the ends, or 20 measurements do not get there.
func CalibrateWithin(target, tolerance, lo, hi float64, measure func(size float64) (float64, error)) (size float64, err error) {
	if !(tolerance > 0) || !(lo > 0) || !(hi > lo) || math.IsInf(hi, 0) {
		return 0, fmt.Errorf("perturb: calibration from %g to %g within %g: sizes must be positive and ascend, the tolerance be positive", lo, hi, tolerance)
	}
	x, y := [2]float64{math.Log(lo), math.Log(hi)}, [2]float64{}
	for end, size := range []float64{lo, hi} {
		at, err := measure(size)
		if err != nil {
			return 0, err
		}
		if y[end] = at - target; math.Abs(y[end]) <= tolerance {
			return size, nil
		}
	}
	if !(y[0] < 0 && y[1] > 0) {
		return 0, fmt.Errorf("perturb: calibration to %g: size %g gives %g and size %g gives %g: widen the range", target, lo, y[0]+target, hi, y[1]+target)
	}
	last := -1 // the end that moved last
	for range 18 {
		mid := (x[0]*y[1] - x[1]*y[0]) / (y[1] - y[0])
		at, err := measure(math.Exp(mid))
		if err != nil {
			return 0, err
		}
		off := at - target
		if math.Abs(off) <= tolerance {
			return math.Exp(mid), nil
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
	return 0, fmt.Errorf("perturb: calibration to %g: not within %g after 20 measurements: the measure does not change evenly, allow more", target, tolerance)
}
