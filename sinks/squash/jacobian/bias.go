package jacobian

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// BiasFor finds, by bisection, the bias on key 1 at which the mean attention on
// token 1 over all documents (see FirstMass) is mass, within 0.001.
func (d *Differentiator) BiasFor(docs [][]int32, layers int, mass float64) (float64, error) {
	if len(docs) == 0 || !(mass > 0 && mass < 1) {
		return 0, fmt.Errorf("jacobian: a mass of %g over %d documents: need a mass between 0 and 1 and a document", mass, len(docs))
	}
	byLength := map[int][][]int32{} // documents of one length are run together
	for _, ids := range docs {
		byLength[len(ids)] = append(byLength[len(ids)], ids)
	}
	const tolerance, widest = 1e-3, 64.0
	lo, hi := -widest, widest
	for range 40 {
		bias := (lo + hi) / 2
		sum := 0.0
		for _, group := range byLength {
			x, err := d.firstMass(group, Condition{Layers: layers, FirstKeyBias: bias})
			if err != nil {
				return 0, err
			}
			sum += x * float64(len(group)) / float64(len(docs))
		}
		switch {
		case math.Abs(sum-mass) < tolerance:
			return bias, nil
		case sum < mass:
			lo = bias
		default:
			hi = bias
		}
	}
	return 0, fmt.Errorf("jacobian: no bias on key 1 within ±%g gives it a mean attention of %g: choose a mass nearer to the model's own", widest, mass)
}

// firstMass is the mean attention on token 1 of documents of one length, all run at once, of which
// no pattern leaves the device.
func (d *Differentiator) firstMass(docs [][]int32, at Condition) (float64, error) {
	for _, ids := range docs {
		if err := d.check(ids, &at); err != nil {
			return 0, err
		}
	}
	c, t := &d.m.Config, len(docs[0])
	list, positions := tensors.FromValue(docs), tensors.FromValue(transformer.Ascending(t))
	edits := d.keyBias(t, at.FirstKeyBias)
	defer transformer.Free(list, positions, edits.KeyBias)
	stream, err := d.m.Embed(list, positions)
	if err != nil {
		return 0, fmt.Errorf("jacobian: embedding: %w", err)
	}
	sum := 0.0
	for l := range at.Layers {
		geometry := c.Geometry(l, transformer.Ascending(t))
		outs, err := d.m.Run(transformer.Call{Layer: l, Geometry: geometry, Edits: edits, Args: []*tensors.Tensor{stream}, Name: "jacobian first mass", Build: firstMassGraph})
		transformer.Free(stream)
		geometry.Free()
		if err != nil {
			return 0, fmt.Errorf("jacobian: layer %d: %w", l+1, err)
		}
		stream = outs[0]
		masses, err := tensors.CopyFlatData[float32](outs[1])
		transformer.Free(outs[1])
		if err == nil && !transformer.Finite(masses) {
			err = errors.New("attention on token 1 is NaN or infinite")
		}
		if err != nil {
			transformer.Free(stream)
			return 0, fmt.Errorf("jacobian: layer %d: %w", l+1, err)
		}
		for _, x := range masses {
			sum += float64(x)
		}
	}
	transformer.Free(stream)
	return sum / float64(at.Layers*c.Heads*len(docs)*(t-1)), nil
}

// firstMassGraph: stream [N, T, D] → the stream after the block, and the attention on token 1 by
// document and head, summed over the queries after it, [N, H].
func firstMassGraph(c *transformer.Config, args []*Node, w *transformer.Layer[*Node], in transformer.Inputs) []*Node {
	b := block(c, w, in, args[0], Full)
	n, t := args[0].Shape().Dim(0), args[0].Shape().Dim(1)
	pattern := Reshape(b.Rows[0].Pattern, n, c.Heads, t, t)
	first := Slice(pattern, AxisRange(), AxisRange(), AxisRangeToEnd(1), AxisElem(0))
	return []*Node{b.ResidOut, ReduceSum(first, 2, 3)}
}
