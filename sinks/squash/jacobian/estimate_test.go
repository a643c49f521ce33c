package jacobian

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"firsttoken/sinks/squash"
)

// A whole basis leaves nothing to chance.
func TestEstimateOfAllDirectionsIsExact(t *testing.T) {
	p := tinyPoint(t, 0)
	for _, kind := range []Kind{Full, Frozen} {
		got, err := p.Estimate(kind, []int{6, 3}, Sampling{Directions: 12, Seed: 1})
		require.NoError(t, err)
		for o, j := range []int{6, 3} {
			want, err := p.Norms(kind, j)
			require.NoError(t, err)
			require.Len(t, got[o], j+1)
			for i := range want {
				require.InEpsilon(t, want[i].Frobenius, got[o][i].Norm, 1e-4)
				require.Zero(t, got[o][i].SE)
				require.LessOrEqual(t, want[i].Spectral, want[i].Frobenius)
				require.LessOrEqual(t, want[i].Frobenius, math.Sqrt(12)*want[i].Spectral)
			}
		}
	}
}

// The standard error is as large as the errors are. Over many seeds, the estimate of
// the square is unbiased and its variance is the one reported; with so few directions
// two standard errors cover the exact norm less often than in the Gaussian limit.
func TestEstimateIsCalibrated(t *testing.T) {
	p := tinyPoint(t, 0)
	const j, directions, seeds = 6, 6, 300
	exact, err := p.Norms(Full, j)
	require.NoError(t, err)
	bias, variance, reported, covered := make([]float64, j+1), make([]float64, j+1), make([]float64, j+1), make([]float64, j+1)
	for seed := range uint64(seeds) {
		got, err := p.Estimate(Full, []int{j}, Sampling{Directions: directions, Seed: seed})
		require.NoError(t, err)
		for i, e := range got[0] {
			square := exact[i].Frobenius * exact[i].Frobenius
			off := e.Norm*e.Norm/square - 1
			bias[i] += off / seeds
			variance[i] += off * off / seeds
			reported[i] += math.Pow(2*e.Norm*e.SE/square, 2) / seeds
			if math.Abs(e.Norm-exact[i].Frobenius) < 2*e.SE {
				covered[i] += 1.0 / seeds
			}
		}
	}
	for i := range exact {
		t.Logf("token %d: bias %.3f, error %.3f, reported %.3f, %.0f %% within two standard errors",
			i+1, bias[i], math.Sqrt(variance[i]), math.Sqrt(reported[i]), 100*covered[i])
		require.InDelta(t, 0, bias[i], 4*math.Sqrt(variance[i]/seeds))
		require.InEpsilon(t, variance[i], reported[i], 0.3)
		require.Greater(t, covered[i], 0.8)
	}
}

// The formula of the standard error, on a matrix whose sampling can be repeated at will.
func TestEstimateStandardErrorIsUnbiased(t *testing.T) {
	const d, n, draws = 10, 4, 4000
	rng := rand.New(rand.NewPCG(5, 6))
	m := mat.NewDense(d, d, nil)
	m.Apply(func(r, _ int, _ float64) float64 { return rng.NormFloat64() * math.Exp(-float64(r)/3) }, m)
	square := math.Pow(mat.Norm(m, 2), 2)
	var means, variances []float64
	for range draws {
		x := make([]float64, n)
		for k, u := range orthonormal(d, n, rng) {
			var row mat.VecDense
			row.MulVec(m.T(), mat.NewVecDense(d, u))
			x[k] = d * mat.Dot(&row, &row)
		}
		e := estimate(x, d)
		means = append(means, e.Norm*e.Norm)
		variances = append(variances, math.Pow(e.SE*2*e.Norm, 2))
	}
	require.InEpsilon(t, square, stat.Mean(means, nil), 0.02)
	require.InEpsilon(t, stat.Variance(means, nil), stat.Mean(variances, nil), 0.06)
}

func TestEstimateSeeds(t *testing.T) {
	p := tinyPoint(t, 0)
	estimates := func(outputs []int, seed uint64) [][]squash.Estimate {
		got, err := p.Estimate(Full, outputs, Sampling{Directions: 3, Seed: seed})
		require.NoError(t, err)
		return got
	}
	both, one := estimates([]int{4, 6}, 7), estimates([]int{6}, 7)
	for i := range one[0] { // an output's directions do not depend on the others
		require.InEpsilon(t, one[0][i].Norm, both[1][i].Norm, 1e-4)
	}
	require.NotEqual(t, one, estimates([]int{6}, 8))
}
