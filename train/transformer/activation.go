package transformer

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
)

// Activation names the function of an MLP's gate or, without one, of its hidden numbers.
type Activation string

const (
	// ActivationSiLU: x σ(x), Llama's. The empty name means it too.
	ActivationSiLU Activation = "silu"
	// ActivationGELUTanh: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), Gemma's; Hugging
	// Face calls it gelu_pytorch_tanh. It is the approximation of Hendrycks and Gimpel
	// (arXiv 1606.08415), up to 5·10⁻⁴ away from the exact form.
	ActivationGELUTanh Activation = "gelu-tanh"
	// ActivationGELU: x Φ(x), Φ the normal distribution's; GPT-NeoX's.
	ActivationGELU Activation = "gelu"
	// ActivationReLU: max(x, 0), OPT's.
	ActivationReLU Activation = "relu"
)

// Validate names the functions that there are if a is none of them.
func (a Activation) Validate() error {
	switch a {
	case "", ActivationSiLU, ActivationGELUTanh, ActivationGELU, ActivationReLU:
		return nil
	}
	return fmt.Errorf("activation = %q: must be %s, %s, %s or %s", string(a), ActivationSiLU, ActivationGELUTanh, ActivationGELU, ActivationReLU)
}

// Apply builds the function of each element of x, in the type of x.
func (a Activation) Apply(x *Node) *Node {
	switch a {
	case ActivationGELUTanh:
		return activation.GeluApproximate(x)
	case ActivationGELU:
		return Mul(x, MulScalar(AddScalar(Erf(MulScalar(x, 1/math.Sqrt2)), 1), 0.5))
	case ActivationReLU:
		return MaxScalar(x, 0)
	}
	return Mul(x, Logistic(x))
}

// embedFactor is what embeddings are multiplied by under ScaleEmbed.
func (c *Config) embedFactor() float64 {
	root := math.Sqrt(float64(c.Width))
	if c.Compute == "bfloat16" {
		return float64(roundBFloat16(float32(root)))
	}
	return float64(float32(root))
}
