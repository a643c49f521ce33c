package trained

import (
	"errors"
	"math"
	"math/rand/v2"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/probe"
	"firsttoken/train/transformer"
)

// hide is the bias that hides a key.
var hide = math.Inf(-1)

// influence estimates Σ_{1<i<j} ‖∂v_j/∂v_i‖²_F and ‖∂v_j/∂v_j‖²_F for each output j (0-based): the
// model's own derivative of the last block's output by the embeddings, as C5 has it. For a vector u
// of random signs E‖uᵀJ‖² is ‖J‖²_F; the same directions serve both sums. With hidden, ⟨bos⟩'s key
// is hidden from all later queries.
//
// It differentiates the block as it is, whatever makes its patterns and with a gate behind its
// heads: sinks/squash/jacobian, which has the constants of Theorem 3.2 too, refuses gates, whose
// factor they lack. A test holds the two equal where both are defined.
func influence(m *transformer.Model, ids []int32, outputs []int, directions int, hidden bool, rng *rand.Rand) (others, own []float64, err error) {
	c, t, d := &m.Config, len(ids), m.Config.Width
	var interventions []probe.Intervention
	bias := make([]float32, c.Heads*t)
	if hidden {
		interventions = append(interventions, probe.MaskKey{})
		for h := range c.Heads {
			bias[h*t] = float32(hide)
		}
	}
	stream, err := probe.Residuals(m, ids, interventions...)
	if err != nil {
		return nil, nil, err
	}
	flat := make([]float32, len(outputs)*directions*t*d)
	for n := range len(outputs) * directions {
		row := flat[(n*t+outputs[n/directions])*d:][:d]
		for k := range row {
			row[k] = float32(2*rng.IntN(2) - 1)
		}
	}
	edits := &transformer.Edits{KeyBias: tensors.FromFlatDataAndDimensions(bias, 1, c.Heads, t)}
	cotangents := tensors.FromFlatDataAndDimensions(flat, len(outputs)*directions, t, d)
	defer func() { transformer.Free(edits.KeyBias, cotangents) }()
	for l := c.Layers - 1; l >= 0; l-- {
		resid, geometry := tensors.FromValue([][][]float32{stream[l]}), c.Geometry(l, transformer.Ascending(t))
		outs, err := m.Run(transformer.Call{Layer: l, Geometry: geometry, Edits: edits, Args: []*tensors.Tensor{resid, cotangents}, Name: "influence", Build: pull})
		transformer.Free(resid)
		geometry.Free()
		if err != nil {
			return nil, nil, err
		}
		transformer.Free(cotangents)
		cotangents = outs[0]
	}
	gradients, err := tensors.CopyFlatData[float32](cotangents)
	if err == nil && !transformer.Finite(gradients) {
		err = errors.New("a gradient is NaN or infinite")
	}
	if err != nil {
		return nil, nil, err
	}
	others, own = make([]float64, len(outputs)), make([]float64, len(outputs))
	for n := range len(outputs) * directions {
		o := n / directions
		for i := 1; i <= outputs[o]; i++ {
			to := &others[o]
			if i == outputs[o] {
				to = &own[o]
			}
			for _, x := range gradients[(n*t+i)*d:][:d] {
				*to += float64(x) * float64(x) / float64(directions)
			}
		}
	}
	return others, own, nil
}

// pull: stream [1, T, D] and cotangents of the block's output [N, T, D] → those of its input. Each
// direction has a copy of the text, so that one gradient of a sum gives them all.
func pull(c *transformer.Config, args []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
	n, t := args[1].Shape().Dim(0), args[1].Shape().Dim(1)
	in.Resid, in.QueryChunk = BroadcastToShape(args[0], args[1].Shape()), t
	in.Edits.KeyBias = BroadcastToDims(in.Edits.KeyBias, n, c.Heads, t)
	out := transformer.Block(c, w, in).ResidOut
	return Gradient(ReduceAllSum(Mul(out, args[1])), in.Resid)
}
