package transformer

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// The output layer runs on real rows only, gathered over documents, a fixed
// number at a time: it compiles once for any T, and T·V logits never exist at
// once unless asked for. A large vocabulary has fewer rows at a time.
var headRows = []int{1, 16, 64, 128}

// headFloats bounds the logits of one call, unless the fewest rows are more: 64 MiB.
const headFloats = 16 << 20

// heads computes what the pass asks of the final residual stream, and refuses to
// return numbers made of NaN or infinity.
func (m *Model) heads(batch Batch, in *inputs, resid *tensors.Tensor, pass Pass) (*Output, error) {
	x, err := tensors.CopyFlatData[float32](resid)
	if err != nil {
		return nil, fmt.Errorf("reading the residual stream: %w", err)
	}
	d := m.Config.Width
	row := func(doc, t int) []float32 { return x[(doc*in.t+t)*d:][:d] }
	for b, ids := range batch.IDs {
		for t := range ids {
			if !Finite(row(b, t)) {
				// Not necessarily the token to blame: as a value, NaN reaches earlier ones.
				return nil, m.notFinite("document %d: the last residual stream is", b+1)
			}
		}
	}

	out := &Output{}
	documents := batch.IDs
	if n := pass.Documents; n > 0 && n < len(documents) {
		documents = documents[:n]
	}
	if pass.Predict {
		var rows [][]float32
		var targets []int32
		for b, ids := range documents {
			for t := range ids {
				rows = append(rows, row(b, t))
				target := int32(0) // the last token has none; its loss is dropped
				if t+1 < len(ids) {
					target = ids[t+1]
				}
				targets = append(targets, target)
			}
		}
		loss, top1, err := m.predict(rows, targets, headFloats)
		if err != nil {
			return nil, err
		}
		for _, ids := range documents {
			n := len(ids)
			out.Loss = append(out.Loss, loss[:n-1:n-1])
			out.Top1 = append(out.Top1, top1[:n:n])
			loss, top1 = loss[n:], top1[n:]
		}
	}
	if pass.Last {
		rows := make([][]float32, len(documents))
		for b, ids := range documents {
			rows[b] = row(b, len(ids)-1)
		}
		if out.LogitsLast, err = m.logits(rows); err != nil {
			return nil, err
		}
	}
	if pass.Logits {
		for b, ids := range documents {
			from := 0
			if pass.Tail > 0 {
				from = len(ids) - pass.Tail
			}
			var rows [][]float32
			for t := from; t < len(ids); t++ {
				rows = append(rows, row(b, t))
			}
			logits, err := m.logits(rows)
			if err != nil {
				return nil, err
			}
			out.Logits = append(out.Logits, logits)
		}
	}
	return out, nil
}

// output are the weights of the output layer, as outputNodes takes them.
func (m *Model) output() []*tensors.Tensor {
	p, list := m.params, []*tensors.Tensor{m.params.Norm, m.params.Embed}
	if !m.Config.TiedOutput {
		list[1] = p.Output
	}
	if m.Config.Norm == NormLayer {
		list = append(list, p.NormBias)
	}
	return list
}

// outputNodes are Logits of x with those weights.
func outputNodes(c *Config, x *Node, weights []*Node) *Node {
	p := Params[*Node]{Norm: weights[0], Embed: weights[1], Output: weights[1]}
	if c.Norm == NormLayer {
		p.NormBias = weights[2]
	}
	return Logits(c, &p, x)
}

// predict returns each row's loss against its target and its most probable token, with at most so
// many logits at once.
func (m *Model) predict(rows [][]float32, targets []int32, floats int) (loss []float32, top1 []int32, err error) {
	err = m.chunks(rows, floats, func(x *tensors.Tensor, n int) error {
		padded := make([]int32, x.Shape().Dim(0))
		copy(padded, targets[:n])
		targets = targets[n:]
		t := tensors.FromFlatDataAndDimensions(padded, len(padded))
		defer Free(t)
		outs, err := m.call("predict", func(a []*Node) []*Node {
			l, top := NextToken(outputNodes(&m.Config, a[0], a[2:]), a[1])
			return []*Node{l, top}
		}, append([]*tensors.Tensor{x, t}, m.output()...)...)
		if err != nil {
			return err
		}
		defer Free(outs...)
		ls, err := tensors.CopyFlatData[float32](outs[0])
		if err != nil {
			return err
		}
		ts, err := tensors.CopyFlatData[int32](outs[1])
		if err != nil {
			return err
		}
		if !Finite(ls[:n]) {
			return m.notFinite("the logits are")
		}
		loss, top1 = append(loss, ls[:n]...), append(top1, ts[:n]...)
		return nil
	})
	return loss, top1, err
}

// NextToken reduces logits [N, V] to the loss −log softmax(logits)[target], in
// nats, and to the arg max (the lowest id among equals), both [N]. Targets are
// int32 in [0, V); one outside gives log Σ e^logits − max instead of an error.
func NextToken(logits, targets *Node) (loss, top1 *Node) {
	g := logits.Graph()
	ids := Iota(g, shapes.Make(dtypes.Int32, logits.Shape().Dimensions...), 1)
	m := StopGradient(ReduceAndKeep(logits, ReduceMax, -1)) // cancels in the loss
	z := Log(ReduceSum(Exp(Sub(logits, m)), -1))
	// Comparing ids instead of ArgMax and Gather: both passes vectorise.
	at := ReduceSum(Where(Equal(ids, InsertAxes(targets, -1)), Sub(logits, m), ZerosLike(logits)), -1)
	none := Scalar(g, dtypes.Int32, logits.Shape().Dim(1))
	top1 = ReduceMin(Where(Equal(logits, m), ids, BroadcastToShape(none, ids.Shape())), -1)
	return Sub(z, at), top1
}

// logits returns all V scores for each row.
func (m *Model) logits(rows [][]float32) ([][]float32, error) {
	var all [][]float32
	err := m.chunks(rows, headFloats, func(x *tensors.Tensor, n int) error {
		outs, err := m.call("logits", func(a []*Node) []*Node {
			return []*Node{outputNodes(&m.Config, a[0], a[1:])}
		}, append([]*tensors.Tensor{x}, m.output()...)...)
		if err != nil {
			return err
		}
		defer Free(outs...)
		ok, v := true, m.Config.Vocab
		err = tensors.ConstFlatData(outs[0], func(flat []float32) {
			ok = Finite(flat[:n*v])
			for i := range n {
				all = append(all, slices.Clone(flat[i*v:(i+1)*v]))
			}
		})
		if err == nil && !ok {
			err = m.notFinite("the logits are")
		}
		return err
	})
	return all, err
}

// chunks feeds rows of width D to a computation, in the fewest calls of a
// compiled size and at most so many logits; n of each chunk's rows are real, the rest zero.
func (m *Model) chunks(rows [][]float32, floats int, run func(x *tensors.Tensor, n int) error) error {
	d := m.Config.Width
	for len(rows) > 0 {
		size := headRows[0]
		for _, s := range headRows[1:] {
			if len(rows) > size && s*m.Config.Vocab <= floats {
				size = s
			}
		}
		n := min(len(rows), size)
		flat := make([]float32, size*d)
		for i, r := range rows[:n] {
			copy(flat[i*d:], r)
		}
		rows = rows[n:]
		x := tensors.FromFlatDataAndDimensions(flat, size, d)
		err := run(x, n)
		Free(x)
		if err != nil {
			return err
		}
	}
	return nil
}
