package perturb

import (
	"fmt"
	"math"
)

// Calibrate finds the size at which a measure that grows with it reaches target,
// by bisection of log size between lo and hi: how much noise costs as much loss as
// an intervention does. Each of the steps halves the range of log size.
//
// It measures at both ends first; an error says so where target does not lie
// between them.
func Calibrate(target, lo, hi float64, steps int, measure func(size float64) (float64, error)) (size float64, err error) {
	if !(lo > 0) || !(hi > lo) || math.IsInf(hi, 0) || steps < 1 {
		return 0, fmt.Errorf("perturb: calibration from %g to %g in %d steps: sizes must be positive and ascend, with at least one step", lo, hi, steps)
	}
	low, err := measure(lo)
	if err != nil {
		return 0, err
	}
	high, err := measure(hi)
	if err != nil {
		return 0, err
	}
	if !(low <= target && target <= high) {
		return 0, fmt.Errorf("perturb: calibration to %g: size %g gives %g and size %g gives %g: widen the range", target, lo, low, hi, high)
	}
	for range steps {
		mid := math.Sqrt(lo * hi)
		at, err := measure(mid)
		if err != nil {
			return 0, err
		}
		if at < target {
			lo = mid
		} else {
			hi = mid
		}
	}
	return math.Sqrt(lo * hi), nil
}
