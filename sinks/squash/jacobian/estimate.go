package jacobian

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"firsttoken/sinks/squash"
)

// Sampling says how Frobenius norms are estimated.
type Sampling struct {
	// Directions is P, the random directions an output position; from 2, which a
	// standard error needs, to D, with which the estimate is exact.
	Directions int    `json:"directions"`
	Seed       uint64 `json:"seed,omitempty"`
	// FullOnly leaves the frozen derivative out of a Sketch, which halves its cost.
	FullOnly bool `json:"full_only,omitempty"`
}

// Estimate estimates ‖∂v_j^(L)/∂v_i^(0)‖_F for the given j and every i ≤ j:
// [len(outputs)][j+1]. It costs P reverse passes an output position.
//
// For orthonormal directions u_p, uniformly distributed, D·‖u_pᵀJ‖² has the
// expectation ‖J‖_F², and the D values of a whole basis add up to D·‖J‖_F². So P of
// them are a sample without replacement: their mean is unbiased, with the squared
// standard error s²/P · (1 − P/D). The error of the norm follows to first order,
// SE(‖J‖_F) = SE(‖J‖_F²) / 2‖J‖_F. With few directions the error is skewed: at P = 6
// of D = 12, two standard errors cover the exact norm in 83 to 91 % of cases.
func (p *Point) Estimate(kind Kind, outputs []int, s Sampling) ([][]squash.Estimate, error) {
	d := p.d.m.Config.Width
	if s.Directions < 2 || s.Directions > d {
		return nil, fmt.Errorf("jacobian: %d random directions: must be between 2 and the width %d", s.Directions, d)
	}
	var list []cotangent
	for _, j := range outputs {
		if err := p.checkOutput(j); err != nil {
			return nil, err
		}
		for _, u := range orthonormal(d, s.Directions, rand.New(rand.NewPCG(s.Seed, uint64(j)))) {
			list = append(list, cotangent{j, u})
		}
	}
	squares := make([][][]float64, len(outputs)) // [outputs][i][P] of D·‖uᵀJ‖²
	for o, j := range outputs {
		squares[o] = make([][]float64, j+1)
	}
	err := p.reverse(kind, list, func(n int, gradient []float32) {
		o := n / s.Directions
		for i := range squares[o] {
			sum := 0.0
			for _, x := range gradient[i*d:][:d] {
				sum += float64(x) * float64(x)
			}
			squares[o][i] = append(squares[o][i], float64(d)*sum)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("jacobian: %w", err)
	}
	out := make([][]squash.Estimate, len(outputs))
	for o := range out {
		out[o] = make([]squash.Estimate, len(squares[o]))
		for i, x := range squares[o] {
			out[o][i] = estimate(x, d)
		}
	}
	return out, nil
}

// estimate turns P values of D·‖uᵀJ‖² into an estimate of ‖J‖_F.
func estimate(x []float64, d int) squash.Estimate {
	n := float64(len(x))
	mean, variance := stat.MeanVariance(x, nil)
	e := squash.Estimate{Norm: math.Sqrt(mean)}
	if e.Norm > 0 {
		e.SE = math.Sqrt(variance/n*(1-n/float64(d))) / (2 * e.Norm)
	}
	return e
}

// orthonormal draws count ≤ d orthonormal vectors of d components, uniformly: the
// factor Q of a Gaussian matrix, whose signs make no difference to a norm.
func orthonormal(d, count int, rng *rand.Rand) [][]float64 {
	gaussian := mat.NewDense(d, count, nil)
	for r := range d {
		for c := range count {
			gaussian.Set(r, c, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(gaussian)
	var q mat.Dense
	qr.QTo(&q)
	out := make([][]float64, count)
	for c := range out {
		out[c] = mat.Col(nil, c, &q)
	}
	return out
}
