package collapse

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes/bfloat16"

	"firsttoken/sinks"
)

// Length are the measures of the last two tokens of one layer by length of the text, each [N−1] for
// V [N][D]: entry i belongs to the text cut after n = i+2 tokens.
type Length struct {
	Distance []float64 `json:"distance"` // ‖v_n − v_{n−1}‖₂
	Relative []float64 `json:"relative"` // the same divided by ‖v_n‖₂; 0 where v_n = 0
	// Differing counts the components, of D, that differ after rounding to bfloat16 (nearest, ties
	// to even). 0: the same vector.
	Differing []int `json:"differing"`
	// Tightness is Distance / (√2 ‖V − (1/n)11ᵀV‖_F) of the first n rows, as in Depth. Of two rows
	// it is 1, whatever they are: they lie on either side of their mean.
	Tightness []float64 `json:"tightness"`
}

// ByLength measures V [N][D], N ≥ 2.
func ByLength(V [][]float32) (*Length, error) {
	if len(V) < 2 {
		return nil, fmt.Errorf("collapse: %d tokens: the last two need two at least", len(V))
	}
	norms := sinks.Norms(V)
	spread := newSpread(V[0])
	squares := norms[0] * norms[0] // ‖V‖²_F of the first n rows
	out := &Length{}
	for n := 2; n <= len(V); n++ {
		distance, err := sinks.RepresentationalCollapse(V[n-2 : n])
		if err != nil {
			return nil, err
		}
		relative := 0.0
		if norms[n-1] > 0 {
			relative = distance / norms[n-1]
		}
		out.Distance = append(out.Distance, distance)
		out.Relative = append(out.Relative, relative)
		out.Differing = append(out.Differing, differing(V[n-2], V[n-1]))
		spread.add(V[n-1])
		squares += norms[n-1] * norms[n-1]
		p := sinks.Prop31{Rank: math.Sqrt(spread.squares), Representational: distance}
		out.Tightness = append(out.Tightness, tightness(p, p.Rank/math.Sqrt(squares)))
	}
	return out, nil
}

// FirstEqual is the smallest n ≥ from at which the last two tokens are the same vector in bfloat16,
// and false if no length reaches it.
func (l *Length) FirstEqual(from int) (n int, ok bool) {
	for n := max(from, 2); n-2 < len(l.Differing); n++ {
		if l.Differing[n-2] == 0 {
			return n, true
		}
	}
	return 0, false
}

// spread is Σ‖v − x̄‖² over the rows added so far, row by row (Welford's recurrence: a difference
// of large sums would leave nothing of rows that are nearly equal).
type spread struct {
	n       float64
	mean    []float64
	squares float64
}

func newSpread(first []float32) *spread {
	s := &spread{mean: make([]float64, len(first))}
	s.add(first)
	return s
}

func (s *spread) add(row []float32) {
	s.n++
	for d, x := range row {
		before := float64(x) - s.mean[d]
		s.mean[d] += before / s.n
		s.squares += before * (float64(x) - s.mean[d])
	}
}

// differing counts components that are not equal in bfloat16.
func differing(a, b []float32) (n int) {
	for d := range a {
		if bfloat16.FromFloat32(a[d]) != bfloat16.FromFloat32(b[d]) {
			n++
		}
	}
	return n
}
