package transformer

import . "github.com/gomlx/gomlx/core/graph"

// RMSNorm is x / √(mean(x²) + ε) · gain along the last axis, in the type of x.
func RMSNorm(x, gain *Node, eps float64) *Node { return rmsNorm(x, gain, eps, false) }

// rmsNorm is RMSNorm, with the divisor a constant to gradients if frozen.
func rmsNorm(x, gain *Node, eps float64, frozen bool) *Node {
	variance := ReduceAndKeep(Mul(x, x), ReduceMean, -1)
	// Div by Sqrt, because GoMLX has no gradient for Rsqrt.
	rms := Sqrt(AddScalar(variance, eps))
	if frozen {
		rms = StopGradient(rms)
	}
	return Mul(Div(x, rms), along(gain, x))
}

// layerNorm is (x − mean(x)) / √(variance + ε) · gain + bias: RMSNorm of what deviates
// from the mean. Frozen keeps the divisor, not the mean.
func layerNorm(x, gain, bias *Node, eps float64, frozen bool) *Node {
	deviation := Sub(x, ReduceAndKeep(x, ReduceMean, -1))
	return Add(rmsNorm(deviation, gain, eps, frozen), along(bias, x))
}

// along shapes a vector for x's last axis.
func along(v, x *Node) *Node { return ExpandLeftToRank(ConvertDType(v, x.DType()), x.Rank()) }

// norm is the configuration's norm of the residual stream; bias is nil for RMSNorm.
func (c *Config) norm(x, gain, bias *Node, frozen bool) *Node {
	if c.Norm == NormLayer {
		return layerNorm(x, gain, bias, c.NormEps, frozen)
	}
	return rmsNorm(x, gain, c.NormEps, frozen)
}
