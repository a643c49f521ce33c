package train

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/corpus"
	"firsttoken/train/store"
	"firsttoken/train/transformer"
)

// evalTokens bounds the tokens evaluated at once: patterns of all layers are on
// the device together.
const evalTokens = 4096

// lossBins is how many bins of positions Eval.LossAt has, where T allows.
const lossBins = 16

// monitor measures a run's model on held-out windows, under one condition.
type monitor struct {
	condition
	d        *decoder
	exec     *model.Exec
	batches  []corpus.Batch
	epsilons []float64
}

// newMonitor reads windows of a stream, less the last one of packed windows if
// there are others, as it may end in padding.
func newMonitor(backend compute.Backend, vars *model.Store, as condition, d *decoder, stream corpus.Stream, c MonitorConfig) (*monitor, error) {
	n := stream.Windows()
	if !as.single {
		n--
	}
	n = max(1, min(n, c.Windows))
	rows := max(1, min(n, evalTokens/stream.T()))
	rows = n / ((n + rows - 1) / rows) // equal batches that leave out as few as can be
	m := &monitor{condition: as, d: d, epsilons: c.Epsilons}
	for i := range n / rows {
		b, err := stream.Batch(i, rows)
		if err != nil {
			return nil, fmt.Errorf("held-out windows: %w", err)
		}
		m.batches = append(m.batches, b)
	}
	var err error
	m.exec, err = model.NewExec(backend, vars, func(_ *model.Scope, inputs []*Node) []*Node {
		return d.measure(vars, d.window(inputs))
	})
	if err != nil {
		return nil, fmt.Errorf("monitor: %w", err)
	}
	return m, nil
}

// close frees the compiled graph.
func (m *monitor) close() { m.exec.Finalize() }

// measure reduces a batch of windows to, in order: Σ_b weight·loss [T], Σ_b weight
// [T], sink scores [L, B, H], value-norm ratios [L, B, K], row entropies [L, B, H],
// residual peaks [L+1, B], kurtosis and max |h| of the stream [L+1, B], sparsity
// [L, B, H], and, of patterns whose rows may sum to less than 1, row sums and
// row-normalised sink scores [L, B, H]; and, of heads with a gate, its means [L, B, H].
func (d *decoder) measure(vars *model.Store, w window) []*Node {
	p := d.weights(vars, w.tokens.Graph())
	embedded, blocks := d.blocks(p, w)
	losses := d.losses(p, blocks[len(blocks)-1].ResidOut, w)

	b, t := w.tokens.Shape().Dim(0), w.tokens.Shape().Dim(1)
	lens := BroadcastToShape(Scalar(w.tokens.Graph(), dtypes.Int32, t), shapes.Make(dtypes.Int32, b))
	observer, err := ondevice.Observer(ondevice.FirstMass, ondevice.ValueNorm, ondevice.RowEntropy, ondevice.ResidNorm, ondevice.RowSum)
	if err != nil {
		panic(err) // unreachable: the metrics are known
	}
	peak := func(norms *Node) *Node { return Div(ReduceMax(norms, -1), ReduceMean(norms, -1)) }
	var scores, ratios, entropies, sparsities, sums, normalised, gates []*Node
	peaks := []*Node{peak(Sqrt(ReduceSum(Square(embedded), -1)))}
	kurtoses, largest := []*Node{kurtosis(embedded)}, []*Node{ReduceMax(Abs(embedded), 1, 2)}
	for _, n := range blocks {
		out := observer.Observe(d.c, n, lens)
		first := Squeeze(Slice(out[1], AxisRange(), AxisRange(), AxisElem(0)), 2)
		scores = append(scores, ReduceMean(out[0], -1))
		ratios = append(ratios, Div(first, ReduceMean(out[1], -1)))
		entropies = append(entropies, ReduceMean(out[2], -1))
		peaks = append(peaks, peak(out[3]))
		kurtoses, largest = append(kurtoses, kurtosis(n.ResidOut)), append(largest, ReduceMax(Abs(n.ResidOut), 1, 2))
		sparsities = append(sparsities, sparsity(d.c, n))
		empty := LessOrEqual(out[4], ScalarZero(out[4].Graph(), out[4].DType()))
		share := Where(empty, ZerosLike(out[0]), Div(out[0], Where(empty, OnesLike(out[4]), out[4])))
		if n.Gate != nil {
			gates = append(gates, ReduceMean(n.Gate, 1, 3))
		}
		sums, normalised = append(sums, ReduceMean(out[4], -1)), append(normalised, ReduceMean(share, -1))
	}
	list := []*Node{
		ReduceSum(Mul(losses, w.weights), 0), ReduceSum(w.weights, 0),
		Stack(scores, 0), Stack(ratios, 0), Stack(entropies, 0), Stack(peaks, 0),
		Stack(kurtoses, 0), Stack(largest, 0), Stack(sparsities, 0),
	}
	if d.leaky() {
		list = append(list, Stack(sums, 0), Stack(normalised, 0))
	}
	if gates != nil {
		list = append(list, Stack(gates, 0))
	}
	return list
}

// leaky reports whether rows of the pattern may sum to something else than 1.
func (d *decoder) leaky() bool {
	return d.c.Pattern.Kind != "" && d.c.Pattern.Kind != transformer.PatternSoftmax
}

// kurtosis is E[(h − μ)⁴] / σ⁴ over all entries of each document's hidden states [B, T, D]: 3 for a
// normal distribution, as Softpick (arXiv 2504.20966) and Kaul et al. (arXiv 2410.17174) count it.
func kurtosis(h *Node) *Node {
	flat := Reshape(h, h.Shape().Dim(0), -1)
	square := Square(Sub(flat, ReduceAndKeep(flat, ReduceMean, -1)))
	variance := ReduceMean(square, -1)
	return Div(ReduceMean(Square(square), -1), Square(variance))
}

// sparsityEps is the weight at and below which an entry counts as zero in Softpick's measure.
const sparsityEps = 1e-5

// sparsity is the share of the entries s ≤ t of each pattern that are at most 1e-5: [B, H]. It
// counts by causality alone, so what a packing's mask hides is sparse, too.
func sparsity(c *transformer.Config, n *transformer.Nodes) *Node {
	var above *Node
	t := n.Q.Shape().Dim(1)
	for _, r := range n.Rows {
		some := GreaterThan(r.Pattern, Scalar(r.Pattern.Graph(), r.Pattern.DType(), sparsityEps))
		count := ReduceSum(ConvertDType(some, dtypes.Float32), 3, 4)
		if above == nil {
			above = count
		} else {
			above = Add(above, count)
		}
	}
	above = Reshape(above, above.Shape().Dim(0), c.Heads)
	return OneMinus(DivScalar(above, float64(t*(t+1)/2)))
}

// eval measures the model as it is.
func (m *monitor) eval() (store.Eval, error) {
	c, t := m.d.c, m.batches[0].T
	e := store.Eval{
		Name: m.name, T: t,
		SinkRate:   make([]float64, len(m.epsilons)),
		SinkScore:  matrix(c.Layers, c.Heads),
		ValueRatio: matrix(c.Layers, c.KVHeads),
		ResidPeak:  make([]float64, c.Layers+1),
		Entropy:    make([]float64, c.Layers),
		Kurtosis:   make([]float64, c.Layers+1),
		MaxAbs:     make([]float64, c.Layers+1),
		Sparsity:   make([]float64, c.Layers),
	}
	if m.d.leaky() {
		e.RowSum, e.NormalisedScore = matrix(c.Layers, c.Heads), matrix(c.Layers, c.Heads)
		e.NormalisedRate = make([]float64, len(m.epsilons))
	}
	if c.OutGate != "" {
		e.Gate = matrix(c.Layers, c.Heads)
	}
	for _, b := range m.batches {
		e.Texts += b.B
	}
	loss, weight := make([]float64, t), make([]float64, t)
	for _, b := range m.batches {
		out, err := m.call(b)
		if err != nil {
			return e, fmt.Errorf("monitor %q: %w", m.name, err)
		}
		for i := range t {
			loss[i] += float64(out[0][i])
			weight[i] += float64(out[1][i])
		}
		share := 1 / float64(e.Texts)
		for i := range b.B {
			text, normalised := matrix(c.Layers, c.Heads), matrix(c.Layers, c.Heads)
			for l := range c.Layers {
				for h := range c.Heads {
					s := float64(out[2][(l*b.B+i)*c.Heads+h])
					text[l][h] = s
					e.SinkScore[l][h] += s * share
					e.Entropy[l] += float64(out[4][(l*b.B+i)*c.Heads+h]) * share / float64(c.Heads)
					e.Sparsity[l] += float64(out[8][(l*b.B+i)*c.Heads+h]) * share / float64(c.Heads)
					if m.d.leaky() {
						e.RowSum[l][h] += float64(out[9][(l*b.B+i)*c.Heads+h]) * share
						normalised[l][h] = float64(out[10][(l*b.B+i)*c.Heads+h])
						e.NormalisedScore[l][h] += normalised[l][h] * share
					}
					if e.Gate != nil {
						e.Gate[l][h] += float64(out[len(out)-1][(l*b.B+i)*c.Heads+h]) * share
					}
				}
				for k := range c.KVHeads {
					e.ValueRatio[l][k] += float64(out[3][(l*b.B+i)*c.KVHeads+k]) * share
				}
			}
			for l := range c.Layers + 1 {
				e.ResidPeak[l] += float64(out[5][l*b.B+i]) * share
				e.Kurtosis[l] += float64(out[6][l*b.B+i]) * share
				e.MaxAbs[l] = max(e.MaxAbs[l], float64(out[7][l*b.B+i]))
			}
			for j, eps := range m.epsilons {
				e.SinkRate[j] += sinks.SinkRate(text, eps) * share
				if m.d.leaky() {
					e.NormalisedRate[j] += sinks.SinkRate(normalised, eps) * share
				}
			}
		}
	}
	e.Loss = ratio(loss, weight)
	bins := min(lossBins, t)
	for i := range bins {
		lo, hi := i*t/bins, (i+1)*t/bins
		var at *float64
		if mean := ratio(loss[lo:hi], weight[lo:hi]); !math.IsNaN(mean) {
			at = &mean
		}
		e.LossAt = append(e.LossAt, at)
	}
	if sinks.RowSum(weight) == 0 {
		return e, fmt.Errorf("monitor %q: no target of the held-out text counts", m.name)
	}
	if math.IsNaN(e.Loss) || math.IsInf(e.Loss, 0) {
		return e, fmt.Errorf("monitor %q: the held-out loss is %g", m.name, e.Loss)
	}
	return e, nil
}

// call runs a batch and returns the outputs' values.
func (m *monitor) call(b corpus.Batch) ([][]float32, error) {
	in := m.d.inputs(b)
	args := make([]any, len(in))
	for i, t := range in {
		args[i] = t
		defer t.FinalizeAll()
	}
	out, err := m.exec.Call(args...)
	if err != nil {
		return nil, err
	}
	values := make([][]float32, len(out))
	for i, t := range out {
		defer t.FinalizeAll()
		if values[i], err = tensors.CopyFlatData[float32](t); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// ratio is Σ a / Σ b, NaN where b is all zeros: a bin of positions without a target has no loss,
// least of all 0.
func ratio(a, b []float64) float64 { return sinks.RowSum(a) / sinks.RowSum(b) }

func matrix(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}
