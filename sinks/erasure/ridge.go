package erasure

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Moments are sums over rows x [D], with a 1 behind it for the intercept, and targets y [K].
type Moments struct {
	D, K int
	N    int       // rows
	XX   []float64 // [D+1][D+1] Σ x xᵀ
	XY   []float64 // [D+1][K] Σ x yᵀ
}

// NewMoments are of no rows.
func NewMoments(d, k int) *Moments {
	return &Moments{D: d, K: k, XX: make([]float64, (d+1)*(d+1)), XY: make([]float64, (d+1)*k)}
}

// Add adds the sums over n more rows.
func (m *Moments) Add(n int, xx, xy []float32) {
	m.N += n
	for i, v := range xx {
		m.XX[i] += float64(v)
	}
	for i, v := range xy {
		m.XY[i] += float64(v)
	}
}

// Ridge returns W [D+1][K], row D the intercept, that minimises Σ ‖y − Wᵀx‖² + λ‖W‖², the intercept
// free, where λ is ridge times the mean of Σ x² over channels.
func (m *Moments) Ridge(ridge float64) ([]float64, error) {
	if m.N == 0 || !(ridge > 0) {
		return nil, fmt.Errorf("erasure: ridge regression on %d rows with %g times their mean square: both must be positive", m.N, ridge)
	}
	n := m.D + 1
	a := mat.NewSymDense(n, nil)
	trace := 0.0
	for i := range m.D {
		trace += m.XX[i*n+i]
	}
	for i := range n {
		for j := i; j < n; j++ {
			v := m.XX[i*n+j]
			if i == j && i < m.D {
				v += ridge * trace / float64(m.D)
			}
			a.SetSym(i, j, v)
		}
	}
	var c mat.Cholesky
	if !c.Factorize(a) {
		return nil, fmt.Errorf("erasure: the moments of %d rows are singular: take a larger ridge than %g", m.N, ridge)
	}
	w := mat.NewDense(n, m.K, nil)
	if err := c.SolveTo(w, mat.NewDense(n, m.K, m.XY)); err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	return w.RawMatrix().Data, nil
}
