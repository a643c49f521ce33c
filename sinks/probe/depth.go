package probe

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// Wiring says which parts of a block act, all with the block's own weights and norms. Without residual connections attention alone
// makes all tokens equal as depth grows (Dong et al. 2021, arXiv 2103.03404); the wirings tell apart what keeps a decoder from it.
type Wiring string

// The wirings, from least to most. N is the norm in front of each half.
const (
	PureAttention     Wiring = "pure attention"       // x ← Attn(N(x))
	AttentionResidual Wiring = "attention + residual" // x ← x + Attn(N(x))
	FullBlock         Wiring = "full block"           // y = x + Attn(N(x)), x ← y + MLP(N(y))
)

// Wirings lists them in that order.
func Wirings() []Wiring { return []Wiring{PureAttention, AttentionResidual, FullBlock} }

// out is the stream that a block hands on.
func (w Wiring) out(n *transformer.Nodes) *Node {
	switch w {
	case PureAttention:
		return n.AttnOut
	case AttentionResidual:
		return n.ResidMid
	}
	return n.ResidOut
}

// EachWired hands over the residual stream [L+1][T][D] of each document under a wiring: [Residuals] for models that were never trained
// that way. It keeps none.
func EachWired(m *transformer.Model, docs [][]int32, w Wiring, yield func(i int, stream [][][]float32) error) error {
	if !slices.Contains(Wirings(), w) {
		return fmt.Errorf("probe: wiring %q: must be one of %q", w, Wirings())
	}
	if err := checkDocuments(&m.Config, docs); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	r, err := newRewired(m, w)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer r.embed.Finalize()
	defer r.block.Finalize()
	for i, ids := range docs {
		stream, err := r.run(ids)
		if err != nil {
			return fmt.Errorf("probe: document %d, %s: %w", i+1, w, err)
		}
		if err := yield(i, stream); err != nil {
			return err
		}
	}
	return nil
}

// rewired is a model whose blocks are compiled under a wiring. What transformer.Model compiles is always the full block.
type rewired struct {
	m            *transformer.Model
	embed, block *Exec
}

func newRewired(m *transformer.Model, w Wiring) (*rewired, error) {
	c := &m.Config
	embed, err := NewExec(m.Backend, func(a []*Node) []*Node { return []*Node{transformer.Embed(c, a[0], a[1])} })
	if err != nil {
		return nil, err
	}
	block, err := NewExec(m.Backend, func(a []*Node) []*Node {
		var layer transformer.Layer[*Node]
		rest := a[3:]
		layer.Each(c, func(_ string, slot **Node, _ []int) { *slot, rest = rest[0], rest[1:] })
		return []*Node{w.out(transformer.Block(c, &layer, transformer.Inputs{Resid: a[0], Cos: a[1], Sin: a[2]}))}
	})
	if err != nil {
		embed.Finalize()
		return nil, err
	}
	// Lengths are bucketed, so their number stays small.
	embed.SetMaxCache(-1)
	block.SetMaxCache(-1)
	return &rewired{m: m, embed: embed, block: block}, nil
}

// run is one document through all layers, padded on the right, where causality keeps padding from touching anything real.
func (r *rewired) run(ids []int32) ([][][]float32, error) {
	c, t := &r.m.Config, transformer.Bucket(len(ids))
	padded := make([]int32, t)
	copy(padded, ids)
	positions := make([]int32, t)
	for i := range positions {
		positions[i] = int32(i)
	}
	cosines, sines := c.Rotations(positions)
	cos := tensors.FromFlatDataAndDimensions(cosines, 1, t, c.HeadDim/2)
	sin := tensors.FromFlatDataAndDimensions(sines, 1, t, c.HeadDim/2)
	tokens := tensors.FromFlatDataAndDimensions(padded, 1, t)
	x, err := r.embed.Call1(r.m.Params().Embed, tokens)
	free(tokens)
	defer func() { free(x, cos, sin) }()
	if err != nil {
		return nil, err
	}
	stream := make([][][]float32, 0, c.Layers+1)
	for l := 0; ; l++ {
		rows, err := hostRows(x, len(ids), c.Width)
		if err != nil {
			return nil, err
		}
		if stream = append(stream, rows); l == c.Layers {
			return stream, nil
		}
		args := []any{x, cos, sin}
		r.m.Params().Layers[l].Each(c, func(_ string, slot **tensors.Tensor, _ []int) { args = append(args, *slot) })
		next, err := r.block.Call1(args...)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", l+1, err)
		}
		free(x)
		x = next
	}
}

// hostRows copies the first t rows of a stream [1, T padded, D].
func hostRows(x *tensors.Tensor, t, d int) (rows [][]float32, err error) {
	err = tensors.ConstFlatData(x, func(flat []float32) {
		rows = make([][]float32, t)
		for i := range rows {
			rows[i] = slices.Clone(flat[i*d : (i+1)*d])
		}
	})
	return rows, err
}

// free releases device memory at once; Go's collector does not see it.
func free(ts ...*tensors.Tensor) {
	for _, t := range ts {
		if t != nil {
			t.MustFinalizeAll()
		}
	}
}
