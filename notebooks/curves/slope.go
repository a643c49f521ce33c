package curves

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/gonum/stat"
)

// Slopes are, seed by seed, how much a number at the end of training changes when a field's value
// doubles: least squares over the values, by log₂. Each value must have been trained with each
// seed.
func (s *Set) Slopes(field string, number Number) ([]float64, error) {
	var x []float64
	var sets []*Set
	for _, value := range s.Values(field) {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || v <= 0 {
			return nil, fmt.Errorf("curves: %s = %q has no logarithm", field, value)
		}
		x, sets = append(x, math.Log2(v)), append(sets, s.Where(field, value))
	}
	pairs, err := PairsAtEnd(number, sets...)
	if err != nil {
		return nil, err
	}
	slopes := make([]float64, len(pairs[0]))
	for k := range slopes {
		y := make([]float64, len(x))
		for i := range y {
			y[i] = pairs[i][k]
		}
		_, slopes[k] = stat.LinearRegression(x, y, nil, false)
	}
	return slopes, nil
}
