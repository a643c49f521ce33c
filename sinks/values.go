package sinks

import (
	"fmt"
	"math"
	"slices"
)

// Norms are the Euclidean norms ‖v_j‖₂ of the rows of values [S][Dh].
func Norms[F Float](values [][]F) []float64 {
	out := make([]float64, len(values))
	for j, v := range values {
		out[j] = norm(v)
	}
	return out
}

// norm is ‖v‖₂.
func norm[F Float](v []F) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// ValueNormRatio is ‖v_k‖ / mean_j ‖v_j‖ for norms[j] = ‖v_j‖, the mean over all
// positions, k's own included. It fails where every norm is 0.
func ValueNormRatio[F Float](norms []F, key int) (float64, error) {
	if key < 0 || key >= len(norms) {
		return 0, fmt.Errorf("sinks: key position %d is outside %d value norms", key, len(norms))
	}
	sum := RowSum(norms)
	if !(sum > 0) || math.IsInf(sum, 0) {
		return 0, fmt.Errorf("sinks: value norms sum to %g: the ratio to their mean is not defined", sum)
	}
	return float64(norms[key]) * float64(len(norms)) / sum, nil
}

// NOPClass says what a head does with the attention it sends to its sink.
type NOPClass int

// The classes of arXiv 2606.08105, by the value-norm ratio r = ‖v_s‖ / mean_j ‖v_j‖.
const (
	NoOp      NOPClass = iota // r ≤ 0.2: the sink's value is small, the head adds almost nothing
	Mixed                     // 0.2 < r < 0.5
	Broadcast                 // r ≥ 0.5: the sink's value reaches every position
)

// ClassifyNOP gives the class of a value-norm ratio.
func ClassifyNOP(ratio float64) NOPClass {
	switch {
	case ratio <= 0.2:
		return NoOp
	case ratio >= 0.5:
		return Broadcast
	}
	return Mixed
}

// String names the class: "no-op", "mixed" or "broadcast".
func (c NOPClass) String() string {
	switch c {
	case NoOp:
		return "no-op"
	case Mixed:
		return "mixed"
	case Broadcast:
		return "broadcast"
	}
	return fmt.Sprintf("NOPClass(%d)", int(c))
}

// MassiveOptions are the two bounds of a massive activation. The zero value
// stands for 100 and 1000.
type MassiveOptions struct {
	Magnitude float64 `json:"magnitude,omitempty"` // |a| must exceed this; 0 means 100
	Ratio     float64 `json:"ratio,omitempty"`     // and this many medians of |a|; 0 means 1000
}

// exceeded tells whether magnitude a is massive in a hidden state of that median.
func (o MassiveOptions) exceeded(a, median float64) bool {
	magnitude, ratio := o.Magnitude, o.Ratio
	if magnitude == 0 {
		magnitude = 100
	}
	if ratio == 0 {
		ratio = 1000
	}
	return a > magnitude && a > ratio*median
}

// Massive is one massive activation of a hidden state.
type Massive struct {
	Position int     `json:"position"` // 0-based token position
	Channel  int     `json:"channel"`  // 0-based index into the model width
	Value    float64 `json:"value"`
}

// MassiveActivations lists the entries a of hidden [T][D] with |a| > 100 and
// |a| > 1000 × the median magnitude of the whole hidden state, both strict, in
// reading order. Source: Sun et al. 2024 (arXiv 2402.17762).
func MassiveActivations[F Float](hidden [][]F, o MassiveOptions) ([]Massive, error) {
	median, err := MedianMagnitude(hidden)
	if err != nil {
		return nil, err
	}
	var found []Massive
	for t, row := range hidden {
		for d, a := range row {
			if o.exceeded(math.Abs(float64(a)), median) {
				found = append(found, Massive{t, d, float64(a)})
			}
		}
	}
	return found, nil
}

// MedianMagnitude is the median of |a| over all entries of hidden [T][D], the
// mean of the two middle ones where their number is even.
func MedianMagnitude[F Float](hidden [][]F) (float64, error) {
	if err := rectangular(hidden); err != nil {
		return 0, err
	}
	magnitudes := make([]float64, 0, len(hidden)*len(hidden[0]))
	for _, row := range hidden {
		for _, a := range row {
			magnitudes = append(magnitudes, math.Abs(float64(a)))
		}
	}
	slices.Sort(magnitudes)
	n := len(magnitudes)
	return (magnitudes[(n-1)/2] + magnitudes[n/2]) / 2, nil
}

// rectangular reports hidden states that are empty, ragged or not finite.
func rectangular[F Float](hidden [][]F) error {
	if len(hidden) == 0 || len(hidden[0]) == 0 {
		return fmt.Errorf("sinks: the hidden states are empty")
	}
	for t, row := range hidden {
		if len(row) != len(hidden[0]) {
			return fmt.Errorf("sinks: hidden state %d has width %d, the first has %d", t, len(row), len(hidden[0]))
		}
		for d, a := range row {
			if v := float64(a); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("sinks: hidden state [%d][%d] is %g", t, d, v)
			}
		}
	}
	return nil
}
