package optim

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

// NormPath is the variable that holds the global norm of the last step's
// gradients, before clipping.
const NormPath = "/optim/gradient_norm"

// AdamW is a GoMLX optimiser. It is GoMLX's Adam with its decay off, and around
// it what Adam does not have in v0.28.2:
//
//   - decay of matrices only: its WeightDecay has no parameter groups;
//   - clipping of the global norm: it clips step values one by one only;
//   - a rate that follows a schedule with a warm-up, which must be set before each
//     update: creating the learning-rate variable again does not change it.
type AdamW struct {
	config Config
	steps  int
	adam   optimizer.Interface
}

// New returns the optimiser for a run of that many steps. The configuration must
// be valid.
func New(c Config, steps int) *AdamW {
	return &AdamW{config: c, steps: steps, adam: optimizer.Adam().
		LearningRate(c.LearningRate).Betas(c.Beta1, c.Beta2).Epsilon(c.Epsilon).Done()}
}

// UpdateGraph implements GoMLX's optimizer.Interface.
func (o *AdamW) UpdateGraph(scope *model.Scope, _ *Graph, loss *Node) {
	o.UpdateGraphWithGradients(scope, scope.BuildTrainableVariablesGradientsGraph(loss), loss.DType())
}

// UpdateGraphWithGradients is what GoMLX's gradient accumulation calls.
func (o *AdamW) UpdateGraphWithGradients(scope *model.Scope, gradients []*Node, dtype dtypes.DType) {
	g := gradients[0].Graph()
	norm := globalNorm(gradients)
	scope.Store().VariableWithValue(NormPath, float32(0)).SetTrainable(false).SetNodeValue(ConvertDType(norm, dtypes.Float32))
	if o.config.Clip > 0 {
		// As PyTorch's clip_grad_norm_: the small constant keeps a zero gradient zero.
		scale := MinScalar(Div(Scalar(g, norm.DType(), o.config.Clip), AddScalar(norm, 1e-6)), 1)
		for i, d := range gradients {
			gradients[i] = Mul(d, scale)
		}
	}
	step := AddScalar(ConvertDType(optimizer.GetGlobalStepVar(scope).NodeValue(g), dtypes.Float32), 1)
	rate := ConvertDType(o.rate(step), dtype)
	optimizer.LearningRateVar(scope, dtype, o.config.LearningRate).SetNodeValue(rate)

	type matrix struct {
		v   *model.Variable
		old *Node
	}
	var matrices []matrix
	for v := range scope.IterVariables() {
		if v.Trainable && v.InUseByGraph(g) && v.Shape().Rank() > 1 {
			matrices = append(matrices, matrix{v, v.NodeValue(g)})
		}
	}
	o.adam.(interface {
		UpdateGraphWithGradients(*model.Scope, []*Node, dtypes.DType)
	}).UpdateGraphWithGradients(scope, gradients, dtype)
	if o.config.WeightDecay == 0 {
		return
	}
	shrink := MulScalar(rate, o.config.WeightDecay)
	for _, m := range matrices {
		m.v.SetNodeValue(Sub(m.v.NodeValue(g), Mul(m.old, ConvertDType(shrink, m.old.DType()))))
	}
}

// Clear implements GoMLX's optimizer.Interface.
func (o *AdamW) Clear(scope *model.Scope) error { return o.adam.Clear(scope) }

// globalNorm is √ Σ ‖g‖² over all gradients.
func globalNorm(gradients []*Node) *Node {
	sum := ReduceAllSum(Square(gradients[0]))
	for _, d := range gradients[1:] {
		sum = Add(sum, ReduceAllSum(Square(d)))
	}
	return Sqrt(sum)
}

// rate is Config.Rate of a float32 node that counts steps from 1.
func (o *AdamW) rate(t *Node) *Node {
	c, w := o.config, float64(o.config.WarmupSteps)
	after := Scalar(t.Graph(), t.DType(), 1)
	if c.Schedule == "cosine" {
		done := MinScalar(DivScalar(AddScalar(t, -w), math.Max(float64(o.steps)-w, 1)), 1)
		after = AddScalar(MulScalar(AddScalar(Cos(MulScalar(done, math.Pi)), 1), (1-c.MinRatio)/2), c.MinRatio)
	}
	if w > 0 {
		after = Where(LessOrEqual(t, Scalar(t.Graph(), t.DType(), w)), DivScalar(t, w), after)
	}
	return MulScalar(after, c.LearningRate)
}
