package sinks

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// MeanCosine is the mean of cos(v_i, v_j) over all pairs i ≠ j of rows of V
// [n][D]. It fails on a row of zeros, which has no direction.
func MeanCosine[F Float](V [][]F) (float64, error) {
	unit, err := UnitRows(V)
	if err != nil {
		return 0, err
	}
	n := float64(len(unit))
	if n < 2 {
		return 0, errors.New("sinks: a mean cosine needs two tokens")
	}
	// ‖Σ u_i‖² = n + Σ_{i≠j} u_i·u_j saves forming all pairs.
	sum := make([]float64, len(unit[0]))
	for _, u := range unit {
		floats.Add(sum, u)
	}
	return (floats.Dot(sum, sum) - n) / (n * (n - 1)), nil
}

// UnitRows divides each row of V [n][D] by its norm. It fails on a row of zeros.
func UnitRows[F Float](V [][]F) ([][]float64, error) {
	if err := rectangular(V); err != nil {
		return nil, err
	}
	unit := make([][]float64, len(V))
	for t, row := range V {
		size := norm(row)
		if size == 0 {
			return nil, fmt.Errorf("sinks: hidden state %d is zero and has no direction", t)
		}
		unit[t] = make([]float64, len(row))
		for d, x := range row {
			unit[t][d] = float64(x) / size
		}
	}
	return unit, nil
}

// SingularValues are those of V [n][D], falling, min(n, D) of them. It fails on
// V = 0, whose spectrum has no shape to measure.
//
// With a massive activation at token 1 the raw V is dominated by one row and so
// is every measure below; leave token 1 out (V[1:]), or pass UnitRows(V) to
// measure directions alone.
func SingularValues[F Float](V [][]F) ([]float64, error) {
	if err := rectangular(V); err != nil {
		return nil, err
	}
	dense := mat.NewDense(len(V), len(V[0]), nil)
	for t, row := range V {
		for d, x := range row {
			dense.Set(t, d, float64(x))
		}
	}
	var svd mat.SVD
	if !svd.Factorize(dense, mat.SVDNone) {
		return nil, errors.New("sinks: the singular value decomposition did not converge")
	}
	sigma := svd.Values(nil)
	if sigma[0] == 0 {
		return nil, errors.New("sinks: the hidden states are all zero and have no spectrum")
	}
	return sigma, nil
}

// EffectiveRank is exp(H(p)) with p_i = σ_i / Σσ, from 1 (all rows parallel) to
// the number of singular values (all equal). σ are the values of SingularValues.
// Source: Roy and Vetterli 2007, "The effective rank".
func EffectiveRank(sigma []float64) float64 {
	return math.Exp(RowEntropy(sigma))
}

// MatrixEntropy is H(p) in nats with p_i = σ_i² / Σσ², the entropy of the
// eigenvalues of VVᵀ ("compression valley", arXiv 2510.06477).
func MatrixEntropy(sigma []float64) float64 {
	return RowEntropy(squares(sigma))
}

// ParticipationRatio is (Σσ²)² / Σσ⁴, the number of directions that share the
// variance evenly.
func ParticipationRatio(sigma []float64) float64 {
	s := squares(sigma)
	sum := floats.Sum(s)
	return sum * sum / floats.Dot(s, s)
}

// squares are σ_i².
func squares(sigma []float64) []float64 {
	s := make([]float64, len(sigma))
	return floats.MulTo(s, sigma, sigma)
}
