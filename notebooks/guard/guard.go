// Package guard draws what notebook 15 measures, edits of the first token and forced answers
// (packages sinks/security and sinks/security/measure), and takes from it what S5a to S5c are
// judged by.
package guard

import (
	"firsttoken/sinks/stats"
)

// panelWidth is that of two figures side by side, in inches: small files, and still to be read.
const panelWidth = 5.2

// positionNames are where S5a exchanges tokens, in order.
var positionNames = []string{"first", "second", "fifth", "twentieth"}

// mean is the mean of lists of one length, number by number.
func mean(lists [][]float64) []float64 {
	out := make([]float64, len(lists[0]))
	for _, list := range lists {
		for i, x := range list {
			out[i] += x / float64(len(lists))
		}
	}
	return out
}

// less is a − b, number by number.
func less(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// each is the mean of each list.
func each(lists [][]float64) (out []float64) {
	for _, list := range lists {
		sum := 0.0
		for _, x := range list {
			sum += x
		}
		out = append(out, sum/float64(len(list)))
	}
	return out
}

// Mean is the mean of x with its 95 % interval.
func Mean(x []float64) (stats.Estimate, error) { return stats.Mean(x, stats.DefaultOptions()) }
