package quantize

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"firsttoken/train/transformer"
)

// Rotate turns the residual stream by an orthogonal matrix q [D][D], flat: x becomes x q
// everywhere, and the model computes what it did, since RMSNorm does not see a turn once its gains
// are part of the weights behind it (QuaRot). A massive activation, one channel of the stream, is
// spread over all of them.
//
// The embedding is untied from the output first: the final norm's gain goes into the output alone.
// Models are refused whose norms see a turn: LayerNorm takes the mean off, and the gain of a norm
// behind attention or MLP acts on channels of the stream.
func (n *Net) Rotate(b compute.Backend, q []float32) error {
	c := &n.Config
	d := c.Width
	if s := c.Unlike("norm", "norm_placement"); s != "" {
		return fmt.Errorf("quantize: rotate: with %s the model is not the same after a turn of its residual stream: RMSNorm in front of each half is needed", s)
	}
	if len(q) != d*d {
		return fmt.Errorf("quantize: rotate by a matrix of %d numbers: the stream has %d channels", len(q), d)
	}
	if off := offOrthogonal(q, d); off > 1e-5 {
		return fmt.Errorf("quantize: rotate: the matrix is not orthogonal: qᵀq is off by %g", off)
	}
	if c.TiedOutput {
		n.weights.Output, c.TiedOutput = slices.Clone(n.weights.Embed), false
	}
	fold(n.weights.Norm, n.weights.Output)
	rows, columns := [][]float32{n.weights.Output, n.weights.Embed, n.weights.Position}, [][]float32{}
	for l := range n.weights.Layers {
		w := &n.weights.Layers[l]
		fold(w.AttnNorm, w.Query, w.Key, w.Value, w.OutGate)
		fold(w.MLPNorm, w.Gate, w.Up)
		rows = append(rows, w.Query, w.Key, w.Value, w.OutGate, w.Gate, w.Up, w.OutBias, w.DownBias)
		columns = append(columns, w.Out, w.Down)
	}
	return turnAll(b, q, d, rows, columns)
}

// turnAll replaces each row w [D] of matrices [·][D] by w q, and each column w [D] of matrices
// [D][·] by qᵀ w, on a backend: on SmolLM2 these are 190 billion operations.
func turnAll(b compute.Backend, q []float32, d int, rows, columns [][]float32) error {
	for _, turn := range []struct {
		of    [][]float32
		axis  int // of the matrix that q's first axis meets
		build func(q, m *graph.Node) *graph.Node
	}{
		{rows, 1, func(q, m *graph.Node) *graph.Node { return graph.DotGeneral(m, []int{1}, nil, q, []int{0}, nil) }},
		{columns, 0, func(q, m *graph.Node) *graph.Node { return graph.DotGeneral(q, []int{0}, nil, m, []int{0}, nil) }},
	} {
		exec, err := graph.NewExec(b, turn.build)
		if err != nil {
			return fmt.Errorf("quantize: rotate: %w", err)
		}
		exec.SetMaxCache(-1)
		matrix := tensors.FromFlatDataAndDimensions(q, d, d)
		for _, m := range turn.of {
			if len(m) == 0 {
				continue
			}
			dims := []int{len(m) / d, len(m) / d}
			dims[turn.axis] = d
			in := tensors.FromFlatDataAndDimensions(m, dims...)
			out, err := exec.Call(matrix, in)
			if err != nil {
				return fmt.Errorf("quantize: rotate: %w", err)
			}
			err = tensors.ConstFlatData(out[0], func(flat []float32) { copy(m, flat) })
			in.MustFinalizeAll()
			out[0].MustFinalizeAll()
			if err != nil {
				return fmt.Errorf("quantize: rotate: %w", err)
			}
		}
		matrix.MustFinalizeAll()
		exec.Finalize()
	}
	return nil
}

// fold multiplies the columns of matrices [·][D] by a norm's gains, which become 1.
func fold(gain []float32, matrices ...[]float32) {
	for _, m := range matrices {
		for i := range m {
			m[i] *= gain[i%len(gain)]
		}
	}
	for i := range gain {
		gain[i] = 1
	}
}

// offOrthogonal is the largest entry of qᵀq − 1.
func offOrthogonal(q []float32, d int) (off float64) {
	var g mat.Dense
	wide := make([]float64, len(q))
	for i, v := range q {
		wide[i] = float64(v)
	}
	m := mat.NewDense(d, d, wide)
	g.Mul(m.T(), m)
	for i := range d {
		for j := range d {
			want := 0.0
			if i == j {
				want = 1
			}
			off = max(off, math.Abs(g.At(i, j)-want))
		}
	}
	return off
}

// Hadamard is an orthogonal matrix [n][n], flat, all of whose entries are ±1/√n, as even a spread
// as there is: powers of two by Sylvester's doubling, times powers of 12 by Paley's construction
// from the squares modulo 11: 576 = 12 · 12 · 4, 1536 = 12 · 128. Other sizes have an error.
//
// The columns change signs by the seed, so that channels that go together do not add up.
func Hadamard(n int, seed uint64) ([]float32, error) {
	h, side := []float64{1}, 1
	for n%(3*side) == 0 {
		h, side = kronecker(paley(), h, side), 12*side
	}
	for side < n {
		h, side = kronecker([]float64{1, 1, 1, -1}, h, side), 2*side
	}
	if side != n {
		return nil, fmt.Errorf("quantize: a Hadamard matrix of %d rows: made here are those of 2ᵏ 12ʲ", n)
	}
	rng := rand.New(rand.NewPCG(seed, 0x4ada))
	signs := make([]float64, n)
	for i := range signs {
		signs[i] = float64(1-2*rng.IntN(2)) / math.Sqrt(float64(n))
	}
	out := make([]float32, n*n)
	for i, v := range h {
		out[i] = float32(v * signs[i/n])
	}
	return out, nil
}

// kronecker is a ⊗ b, for squares of any side and of side n.
func kronecker(a, b []float64, n int) []float64 {
	m := int(math.Round(math.Sqrt(float64(len(a)))))
	out := make([]float64, len(a)*len(b))
	for i := range m * n {
		for j := range m * n {
			out[i*m*n+j] = a[i/n*m+j/n] * b[i%n*n+j%n]
		}
	}
	return out
}

// paley is the Hadamard matrix of 12 rows: 1 + S, where S is skew, bordered by ones, and has χ(i −
// j) inside, the sign of squares modulo 11.
func paley() []float64 {
	square := map[int]bool{}
	for i := 1; i < 11; i++ {
		square[i*i%11] = true
	}
	h := make([]float64, 144)
	for i := range 12 {
		for j := range 12 {
			v := -1.0
			switch {
			case i == j, i == 0:
				v = 1
			case j == 0:
			case square[(i-j+11)%11]:
				v = 1
			}
			h[i*12+j] = v
		}
	}
	return h
}

// RandomRotation is an orthogonal matrix [n][n], flat, drawn evenly from all.
func RandomRotation(n int, seed uint64) ([]float32, error) {
	if n < 1 {
		return nil, errors.New("quantize: a rotation needs at least one channel")
	}
	rng := rand.New(rand.NewPCG(seed, 0x0770))
	gauss := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			gauss.Set(i, j, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(gauss)
	var q, r mat.Dense
	qr.QTo(&q)
	qr.RTo(&r)
	out := make([]float32, n*n)
	for i := range n {
		for j := range n {
			out[i*n+j] = float32(q.At(i, j) * math.Copysign(1, r.At(j, j)))
		}
	}
	return out, nil
}

// HadamardTurn is the online rotation in front of the down projection.
func HadamardTurn(c *transformer.Config, seed uint64) (*Turn, error) {
	h, err := Hadamard(c.Hidden, seed)
	return &Turn{Site: transformer.SiteDown, Name: fmt.Sprintf("a Hadamard matrix of %d rows, seed %d", c.Hidden, seed), Matrix: h}, err
}
