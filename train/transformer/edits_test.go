package transformer

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// places are the fields of Edits with the value that changes nothing.
var places = []struct {
	name    string
	neutral float32
	slot    func(*Edits) **tensors.Tensor
}{
	{"KeyBias", 0, func(e *Edits) **tensors.Tensor { return &e.KeyBias }},
	{"ValueScale", 1, func(e *Edits) **tensors.Tensor { return &e.ValueScale }},
	{"HeadScale", 1, func(e *Edits) **tensors.Tensor { return &e.HeadScale }},
	{"AttnScale", 1, func(e *Edits) **tensors.Tensor { return &e.AttnScale }},
	{"MLPScale", 1, func(e *Edits) **tensors.Tensor { return &e.MLPScale }},
	{"ResidAdd", 0, func(e *Edits) **tensors.Tensor { return &e.ResidAdd }},
}

// editAt is neutral but for the value at one position, in every head or feature.
func editAt(c *Config, place, t, position int, value float32) *Edits {
	e := &Edits{}
	var dims []int
	e.each(c, 1, t, func(name string, _ **tensors.Tensor, d []int) {
		if name == places[place].name {
			dims = d
		}
	})
	flat := slices.Repeat([]float32{places[place].neutral}, product(dims))
	if features := dims[len(dims)-1]; features != t { // [B, T, D]: positions are not the last axis
		copy(flat[position*features:], slices.Repeat([]float32{value}, features))
	} else {
		for i := position; i < len(flat); i += t {
			flat[i] = value
		}
	}
	*places[place].slot(e) = tensors.FromFlatDataAndDimensions(flat, dims...)
	return e
}

func TestEmptyEditsAreNone(t *testing.T) {
	m := preparedTiny(t)
	c := m.Config
	batch := One(document(c, 9, 1))
	none := mustCapture(t, m, batch, nil)
	requireSame(t, none.document(&c, 0, 9), mustCapture(t, m, batch, []*Edits{{}, {}}).document(&c, 0, 9))
	requireSame(t, none.document(&c, 0, 9), mustCapture(t, m, batch, []*Edits{nil, nil}).document(&c, 0, 9))
}

// An edit at position p changes nothing before p and something at it, except that
// KeyBias changes what later queries see of p, not p itself.
func TestEditsAreLocal(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	ids, p := document(c, 9, 1), 4
	width := Bucket(len(ids))
	for i, place := range places {
		t.Run(place.name, func(t *testing.T) {
			got := func(value float32) *captured {
				return mustCapture(t, m, One(ids), []*Edits{editAt(&c, i, width, p, value), nil})
			}
			neutral, edited := got(place.neutral), got(0.25)
			first := p // position that may change
			if place.name == "KeyBias" {
				first = p + 1
			}
			requireSame(t, neutral.document(&c, 0, first), edited.document(&c, 0, first))
			require.NotEqual(t, neutral.Logits[0][first], edited.Logits[0][first])
			requireClose(t, mustCapture(t, m, One(ids), nil).document(&c, 0, 9), neutral.document(&c, 0, 9))
		})
	}
}

// A head scaled by 0 writes nothing: the block is then that of a model whose output
// projection has zeros in the head's columns.
func TestHeadScaleZeroRemovesTheHead(t *testing.T) {
	c := Tiny()
	const head = 2
	m := randomModel(t, pureGo(t), c)
	ids := document(c, 8, 1)
	flat := slices.Repeat([]float32{1}, c.Heads*8)
	for i := range 8 {
		flat[head*8+i] = 0
	}
	edit := &Edits{HeadScale: tensors.FromFlatDataAndDimensions(flat, 1, c.Heads, 8)}
	edited := mustCapture(t, m, One(ids), []*Edits{edit, nil})

	without := randomModel(t, pureGo(t), c)
	out := &without.params.Layers[0].Out
	weights := tensors.MustCopyFlatData[float32](*out)
	for i := range weights {
		if i%(c.Heads*c.HeadDim)/c.HeadDim == head {
			weights[i] = 0
		}
	}
	*out = tensors.FromFlatDataAndDimensions(weights, c.Width, c.Heads*c.HeadDim)
	want := mustCapture(t, without, One(ids), nil)
	for l := range want.resid {
		require.InDeltaSlice(t, want.resid[l], edited.resid[l], rounding)
	}
	for i := range 8 {
		require.Zero(t, edited.z[0][(i*c.Heads+head)*c.HeadDim])
		require.NotZero(t, edited.z[0][(i*c.Heads+head+1)*c.HeadDim])
	}
}

// KeyBias of −Inf is the mask that Visible makes, in every kind of pattern.
func TestInfiniteKeyBiasIsAMask(t *testing.T) {
	for _, p := range everyPattern {
		c := Tiny()
		c.Pattern = p
		m := randomModel(t, pureGo(t), c)
		ids := document(c, 8, 1)
		visible := make([]bool, 8*8)
		for i := range visible {
			visible[i] = i%8 != 3 || i/8 == 3
		}
		hide := editAt(&c, 0, 8, 3, float32(math.Inf(-1)))
		got := mustCapture(t, m, One(ids), []*Edits{hide, hide})
		want := mustCapture(t, m, Batch{IDs: [][]int32{ids}, Visible: visible}, nil)
		requireSame(t, want.document(&c, 0, 8), got.document(&c, 0, 8))
	}
}

// ValueScale 0 at a key is the same as no value there: attention stays, the write
// goes.
func TestValueScaleKeepsThePattern(t *testing.T) {
	c := Tiny()
	m := randomModel(t, pureGo(t), c)
	ids := document(c, 8, 1)
	plain := mustCapture(t, m, One(ids), nil)
	edited := mustCapture(t, m, One(ids), []*Edits{editAt(&c, 1, 8, 0, 0), nil})
	require.Equal(t, plain.pattern[0], edited.pattern[0])
	for d := range c.HeadDim {
		require.Zero(t, edited.z[0][d], "token 1 sees only itself")
	}
}
