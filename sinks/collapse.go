package sinks

import (
	"errors"
	"math"
)

// RankCollapse measures how near the rows of V [n][D] are to one common vector:
// ‖V − (1/n)11ᵀV‖_F, and the same divided by ‖V‖_F, which lies in [0, 1] and
// does not change with the scale of V (0 for V = 0). Small means collapsed.
func RankCollapse[F Float](V [][]F) (absolute, relative float64, err error) {
	if err := rectangular(V); err != nil {
		return 0, 0, err
	}
	mean := make([]float64, len(V[0]))
	for _, row := range V {
		for d, x := range row {
			mean[d] += float64(x) / float64(len(V))
		}
	}
	residual, total := 0.0, 0.0
	for _, row := range V {
		for d, x := range row {
			r := float64(x) - mean[d]
			residual += r * r
			total += float64(x) * float64(x)
		}
	}
	absolute = math.Sqrt(residual)
	return absolute, ratio(absolute, math.Sqrt(total)), nil
}

// RepresentationalCollapse is ‖v_n − v_{n−1}‖₂, the distance between the last
// two rows of V [n][D]. Small means that the model can no longer tell them apart.
func RepresentationalCollapse[F Float](V [][]F) (float64, error) {
	if err := rectangular(V); err != nil {
		return 0, err
	}
	if len(V) < 2 {
		return 0, errors.New("sinks: representational collapse needs two tokens")
	}
	last, before := V[len(V)-1], V[len(V)-2]
	sum := 0.0
	for d := range last {
		diff := float64(last[d]) - float64(before[d])
		sum += diff * diff
	}
	return math.Sqrt(sum), nil
}

// Prop31 holds both sides of Proposition 3.1: rank collapse implies
// representational collapse.
type Prop31 struct {
	Rank             float64 `json:"rank"`             // ‖V − (1/n)11ᵀV‖_F
	Representational float64 `json:"representational"` // ‖v_n − v_{n−1}‖₂
}

// CheckProp31 measures both sides on V [n][D].
func CheckProp31[F Float](V [][]F) (Prop31, error) {
	distance, err := RepresentationalCollapse(V)
	if err != nil {
		return Prop31{}, err
	}
	rank, _, err := RankCollapse(V)
	return Prop31{Rank: rank, Representational: distance}, err
}

// Bound is √2·‖V − (1/n)11ᵀV‖_F, the sharp form of the proposition. With c_i the
// centred rows, ‖v_n − v_{n−1}‖ = ‖c_n − c_{n−1}‖ ≤ √2·√(‖c_n‖² + ‖c_{n−1}‖²),
// with equality where c_n = −c_{n−1} and the other rows lie at the mean. The
// paper states the factor 2, which follows.
func (p Prop31) Bound() float64 { return math.Sqrt2 * p.Rank }

// Holds reports ‖v_n − v_{n−1}‖₂ ≤ √2·‖V − (1/n)11ᵀV‖_F up to rounding. False
// means an error of arithmetic, for the inequality is a theorem.
func (p Prop31) Holds() bool { return p.Representational <= p.Bound()*(1+1e-9) }
