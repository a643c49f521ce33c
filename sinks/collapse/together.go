package collapse

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Together is Spearman's rank correlation over blocks of Relative and Apart, what blocks 1 … L hand
// on: whether the last two tokens draw together where all tokens do. The embedding, which no block
// has mixed, is left out. Both numbers have no unit, so that residuals that grow from block to
// block do not make them agree. It is an error where one of them is the same in all blocks.
func (d *Depth) Together() (float64, error) {
	if len(d.Relative) < 3 {
		return 0, fmt.Errorf("collapse: a rank correlation over %d blocks: it needs two at least", max(0, len(d.Relative)-1))
	}
	r := stat.Correlation(ranks(d.Relative[1:]), ranks(d.Apart[1:]), nil)
	if math.IsNaN(r) {
		return 0, fmt.Errorf("collapse: no rank correlation: relative spread or distance is the same in all %d blocks", len(d.Relative)-1)
	}
	return r, nil
}

// ranks of numbers, from 1; equal ones share the mean of theirs.
func ranks(x []float64) []float64 {
	sorted := slices.Sorted(slices.Values(x))
	out := make([]float64, len(x))
	for i, v := range x {
		first, _ := slices.BinarySearch(sorted, v)
		after := first
		for after < len(sorted) && sorted[after] == v {
			after++
		}
		out[i] = float64(first+after+1) / 2
	}
	return out
}
