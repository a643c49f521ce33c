package ondevice_test

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/local/backend"
	"firsttoken/train/transformer"

	"github.com/gomlx/compute"
)

func open(t *testing.T) compute.Backend {
	t.Helper()
	b, _, err := backend.Open()
	require.NoError(t, err)
	return b
}

// array is a tensor read back: row-major values.
type array struct {
	flat []float32
	dims []int
}

func read(t *testing.T, x *tensors.Tensor) array {
	t.Helper()
	flat, err := tensors.CopyFlatData[float32](x)
	require.NoError(t, err)
	return array{flat, x.Shape().Dimensions}
}

// at returns the values below the given leading indices.
func (a array) at(index ...int) []float32 {
	offset, size := 0, len(a.flat)
	for i, x := range index {
		size /= a.dims[i]
		offset += x * size
	}
	return a.flat[offset : offset+size]
}

// rows cuts the block below the leading indices into rows of the last dimension,
// and keeps n of them.
func (a array) rows(n int, index ...int) [][]float32 {
	block, width := a.at(index...), a.dims[len(a.dims)-1]
	out := make([][]float32, n)
	for i := range out {
		out[i] = block[i*width : (i+1)*width]
	}
	return out
}

// everything observes metrics and, after them, what the definitions need: whole
// patterns, values, head outputs, the output projection, the residual stream and
// the two updates of it.
func everything(t *testing.T, c *transformer.Config, list []ondevice.Metric) *transformer.Observer {
	t.Helper()
	metrics, err := ondevice.Observer(list...)
	require.NoError(t, err)
	heads := make([]int, c.Heads)
	for h := range heads {
		heads[h] = h
	}
	patterns, err := ondevice.Heads(heads)
	require.NoError(t, err)
	return &transformer.Observer{
		Name: "everything",
		Observe: func(c *transformer.Config, n *transformer.Nodes, lens *Node) []*Node {
			outs := append(metrics.Observe(c, n, lens), patterns.Observe(c, n, lens)...)
			return append(outs, n.V, n.Z, ConvertDType(n.OutWeight, n.V.DType()), n.ResidOut, n.AttnOut, n.MLPOut)
		},
		Embedded: func(c *transformer.Config, resid, lens *Node) []*Node {
			return append(metrics.Embedded(c, resid, lens), resid)
		},
	}
}

// observed is one block's output of everything.
type observed struct {
	metric                                  map[ondevice.Metric]array
	pattern, v, z, out, resid, attn, update array
}

func newObserved(t *testing.T, list []ondevice.Metric, outs []*tensors.Tensor) *observed {
	t.Helper()
	o := &observed{metric: map[ondevice.Metric]array{}}
	for i, m := range list {
		o.metric[m] = read(t, outs[i])
	}
	rest := outs[len(list):]
	for i, slot := range []*array{&o.pattern, &o.v, &o.z, &o.out, &o.resid, &o.attn, &o.update} {
		*slot = read(t, rest[i])
	}
	return o
}

// patternOf is document b's pattern of head h without padding, [n][n].
func (o *observed) patternOf(b, h, n int) [][]float32 {
	rows := o.pattern.rows(n, b, h)
	for t := range rows {
		rows[t] = rows[t][:n]
	}
	return rows
}

// positions cuts x [B, T, heads, Dh] to one document and head: [n][Dh].
func positions(x array, b, head, n int) [][]float32 {
	out := make([][]float32, n)
	for t := range out {
		out[t] = x.at(b, t, head)
	}
	return out
}

// written is x W_O^h for rows x [n][Dh], in float64.
func (o *observed) written(c *transformer.Config, x [][]float32, h int) [][]float64 {
	out := make([][]float64, len(x))
	for t, row := range x {
		out[t] = make([]float64, c.Width)
		for d := range out[t] {
			w := o.out.at(d)[h*c.HeadDim:]
			for i, v := range row {
				out[t][d] += float64(w[i]) * float64(v)
			}
		}
	}
	return out
}

// check holds the metrics of every document against the definitions of package
// sinks, applied to the explicit pattern and hidden states.
func (o *observed) check(t *testing.T, c *transformer.Config, lens []int) {
	t.Helper()
	for b, n := range lens {
		for h := range c.Heads {
			o.checkHead(t, c, b, h, n)
		}
		for k := range c.KVHeads {
			equal(t, sinks.Norms(positions(o.v, b, k, n)), o.metric[ondevice.ValueNorm].at(b, k), ondevice.ValueNorm)
		}
		checkResidual(t, o.metric, o.resid, b, n)
		equal(t, sinks.Norms(o.attn.rows(n, b)), o.metric[ondevice.AttnWrite].at(b), ondevice.AttnWrite)
		equal(t, sinks.Norms(o.update.rows(n, b)), o.metric[ondevice.MLPWrite].at(b), ondevice.MLPWrite)
	}
}

func (o *observed) checkHead(t *testing.T, c *transformer.Config, b, h, n int) {
	t.Helper()
	pattern := o.patternOf(b, h, n)
	require.NoError(t, sinks.CheckPattern(pattern))
	z, v := positions(o.z, b, h, n), positions(o.v, b, h/c.Groups(), n)
	if c.Compute == "" {
		o.checkMixes(t, pattern, v, z)
	}

	valueWrite := sinks.Norms(o.written(c, v, h))
	effective, err := sinks.EffectiveAttention(pattern, valueWrite)
	require.NoError(t, err)
	want := map[ondevice.Metric][]float64{
		ondevice.KeyMass:    make([]float64, n),
		ondevice.HeadWrite:  sinks.Norms(o.written(c, z, h)),
		ondevice.ValueWrite: valueWrite,
	}
	add := func(m ondevice.Metric, x float64) { want[m] = append(want[m], x) }
	for i, row := range pattern {
		add(ondevice.FirstMass, float64(row[0]))
		add(ondevice.SelfMass, float64(row[i]))
		add(ondevice.RowSum, sinks.RowSum(row))
		add(ondevice.RowMax, sinks.RowMax(row))
		add(ondevice.RowEntropy, sinks.RowEntropy(row))
		add(ondevice.EffectiveFirst, effective[i][0])
		for s, a := range row {
			want[ondevice.KeyMass][s] += float64(a)
		}
		if row[0] > 0 && float64(row[0]) == sinks.RowMax(row) {
			add(ondevice.FirstIsMax, 1)
		} else {
			add(ondevice.FirstIsMax, 0)
		}
	}
	for m, w := range want {
		equal(t, w, o.metric[m].at(b, h), m)
	}
}

// checkMixes ties the captured pattern to the heads' outputs: z_t = Σ_s A[t,s] v_s.
func (o *observed) checkMixes(t *testing.T, pattern, v, z [][]float32) {
	t.Helper()
	for i, row := range pattern {
		mixed := make([]float64, len(v[0]))
		for s, a := range row {
			for d, x := range v[s] {
				mixed[d] += float64(a) * float64(x)
			}
		}
		equal(t, mixed, z[i], "z")
	}
}

// checkResidual compares the metrics of a residual stream [B, T, D].
func checkResidual(t *testing.T, metric map[ondevice.Metric]array, resid array, b, n int) {
	t.Helper()
	rows := resid.rows(n, b)
	largest := make([]float64, n)
	for i, row := range rows {
		for _, x := range row {
			largest[i] = max(largest[i], math.Abs(float64(x)))
		}
	}
	equal(t, sinks.Norms(rows), metric[ondevice.ResidNorm].at(b), ondevice.ResidNorm)
	equal(t, largest, metric[ondevice.ResidMax].at(b), ondevice.ResidMax)
	require.Equal(t, rows, metric[ondevice.Resid].rows(n, b), ondevice.Resid)
}

// equal compares the first values of got, and that none is negative where no
// definition allows it.
func equal[M ~string](t *testing.T, want []float64, got []float32, what M) {
	t.Helper()
	for i, w := range want {
		g := float64(got[i])
		if !(math.Abs(g-w) <= 2e-5*max(1, math.Abs(w))) || (w >= 0 && g < 0 && what != "z") {
			require.Failf(t, "metric differs", "%s: value %d is %.9g, by definition %.9g", what, i, g, w)
		}
	}
}
