package hidden_test

import (
	"fmt"

	"firsttoken/notebooks/contexts/hidden"
)

// A text of six tokens has losses at five queries: the range 4 to 7 ends with it, and the next one
// begins behind it.
func ExampleRange() {
	cost := []float64{9, 2, 2, 0.5, 0.25}
	for _, r := range hidden.Ranges[:3] {
		mean, ok := r.Mean(cost)
		fmt.Println(r, mean, ok)
	}
	// Output:
	// 2 to 3 2 true
	// 4 to 7 0.375 true
	// 8 to 15 0 false
}
