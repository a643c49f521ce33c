package probe

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// Intervention changes a running model at chosen places. Layers, heads and
// positions are 0-based, and positions must exist in every document; nil Layers
// mean all layers. Text counts from 1.
type Intervention interface {
	fmt.Stringer
	// check refuses places that the model or a document does not have.
	check(c *transformer.Config, docs [][]int32) error
	// apply writes the intervention into the layer's edits.
	apply(layer int, e *layerEdits)
}

// MaskKey hides the key at Pos from every later query (its own query still sees
// it). Unlike deleting the token, nothing else changes: same tokens, same
// positions.
type MaskKey struct {
	Pos    int
	Layers []int
}

// ZeroValue replaces the value vectors at Pos by 0: attention to Pos is kept but
// moves nothing.
type ZeroValue struct {
	Pos    int
	Layers []int
}

// AblateHead replaces the output of one query head by 0.
type AblateHead struct{ Layer, Head int }

// Part is a half of a block.
type Part string

// The halves of a block.
const (
	Attention Part = "attention"
	MLP       Part = "MLP"
)

// SkipUpdate leaves out what one half of a block adds to the residual stream at
// one position.
type SkipUpdate struct {
	Layer, Pos int
	Part       Part
}

func (v MaskKey) String() string {
	return fmt.Sprintf("mask key %d, layers %s", v.Pos+1, layerNames(v.Layers))
}
func (v ZeroValue) String() string {
	return fmt.Sprintf("zero value %d, layers %s", v.Pos+1, layerNames(v.Layers))
}
func (v AblateHead) String() string {
	return fmt.Sprintf("ablate layer %d head %d", v.Layer+1, v.Head+1)
}
func (v SkipUpdate) String() string {
	return fmt.Sprintf("skip the %s update of token %d in layer %d", v.Part, v.Pos+1, v.Layer+1)
}

func layerNames(layers []int) string {
	if layers == nil {
		return "all"
	}
	out := make([]int, len(layers))
	for i, l := range layers {
		out[i] = l + 1
	}
	return fmt.Sprint(out)
}

func (v MaskKey) check(c *transformer.Config, docs [][]int32) error {
	return checkLayers(v, c, docs, v.Pos, v.Layers)
}
func (v ZeroValue) check(c *transformer.Config, docs [][]int32) error {
	return checkLayers(v, c, docs, v.Pos, v.Layers)
}
func (v AblateHead) check(c *transformer.Config, docs [][]int32) error {
	if v.Head < 0 || v.Head >= c.Heads {
		return fmt.Errorf("%s: the model has %d heads", v, c.Heads)
	}
	return checkPlaces(v, c, docs, 0, v.Layer)
}
func (v SkipUpdate) check(c *transformer.Config, docs [][]int32) error {
	if v.Part != Attention && v.Part != MLP {
		return fmt.Errorf("skip update: part %q: must be %q or %q", v.Part, Attention, MLP)
	}
	return checkPlaces(v, c, docs, v.Pos, v.Layer)
}

// checkInterventions refuses interventions at places that the model or a document
// does not have.
func checkInterventions(c *transformer.Config, docs [][]int32, list []Intervention) error {
	for i, v := range list {
		if v == nil {
			return fmt.Errorf("intervention %d is nil", i+1)
		}
		if err := v.check(c, docs); err != nil {
			return err
		}
	}
	return nil
}

// checkLayers is checkPlaces for a list that may be nil, for all layers.
func checkLayers(v Intervention, c *transformer.Config, docs [][]int32, pos int, layers []int) error {
	if layers != nil && len(layers) == 0 {
		return fmt.Errorf("%s: no layers: use nil for all", v)
	}
	return checkPlaces(v, c, docs, pos, layers...)
}

// checkPlaces refuses a layer outside the model or a position outside a document.
func checkPlaces(v Intervention, c *transformer.Config, docs [][]int32, pos int, layers ...int) error {
	for _, l := range layers {
		if l < 0 || l >= c.Layers {
			return fmt.Errorf("%s: the model has %d layers", v, c.Layers)
		}
	}
	for i, d := range docs {
		if pos < 0 || pos >= len(d) {
			return fmt.Errorf("%s: document %d has %d tokens", v, i+1, len(d))
		}
	}
	return nil
}

func (v MaskKey) apply(layer int, e *layerEdits) {
	if at(v.Layers, layer) {
		e.fill(&e.keyBias, e.heads, v.Pos, float32(math.Inf(-1)), 0)
	}
}
func (v ZeroValue) apply(layer int, e *layerEdits) {
	if at(v.Layers, layer) {
		e.fill(&e.valueScale, e.kvHeads, v.Pos, 0, 1)
	}
}
func (v AblateHead) apply(layer int, e *layerEdits) {
	if v.Layer != layer {
		return
	}
	e.allocate(&e.headScale, e.heads, 1)
	for b := range e.b {
		row := e.headScale[(b*e.heads+v.Head)*e.t:][:e.t]
		clear(row)
	}
}
func (v SkipUpdate) apply(layer int, e *layerEdits) {
	if v.Layer != layer {
		return
	}
	if v.Part == Attention {
		e.fill(&e.attnScale, 1, v.Pos, 0, 1)
	} else {
		e.fill(&e.mlpScale, 1, v.Pos, 0, 1)
	}
}

func at(layers []int, layer int) bool {
	return layers == nil || slices.Contains(layers, layer)
}

// layerEdits collects one layer's interventions on the host.
type layerEdits struct {
	b, t, heads, kvHeads, width                                   int
	keyBias, valueScale, headScale, attnScale, mlpScale, residAdd []float32
}

// allocate makes a [B, heads, T] array of a neutral value, once.
func (e *layerEdits) allocate(p *[]float32, heads int, neutral float32) {
	if *p != nil {
		return
	}
	*p = slices.Repeat([]float32{neutral}, e.b*heads*e.t)
}

// fill sets position pos of every document and head.
func (e *layerEdits) fill(p *[]float32, heads, pos int, value, neutral float32) {
	e.allocate(p, heads, neutral)
	for r := range e.b * heads {
		(*p)[r*e.t+pos] = value
	}
}

// compiledEdits are the interventions of a batch, as tensors by layer.
type compiledEdits struct{ layers []*transformer.Edits }

// compileEdits turns checked interventions into edits of a batch.
func compileEdits(c *transformer.Config, docs [][]int32, list []Intervention) *compiledEdits {
	out := &compiledEdits{layers: make([]*transformer.Edits, c.Layers)}
	if len(list) == 0 {
		return out
	}
	longest := 0
	for _, d := range docs {
		longest = max(longest, len(d))
	}
	for l := range out.layers {
		e := &layerEdits{b: len(docs), t: transformer.Bucket(longest), heads: c.Heads, kvHeads: c.KVHeads, width: c.Width}
		for _, v := range list {
			v.apply(l, e)
		}
		out.layers[l] = e.tensors()
	}
	return out
}

// tensors turns what was written into edits; untouched places stay nil.
func (e *layerEdits) tensors() *transformer.Edits {
	tensor := func(data []float32, dims ...int) *tensors.Tensor {
		if data == nil {
			return nil
		}
		return tensors.FromFlatDataAndDimensions(data, dims...)
	}
	return &transformer.Edits{
		KeyBias:    tensor(e.keyBias, e.b, e.heads, e.t),
		ValueScale: tensor(e.valueScale, e.b, e.kvHeads, e.t),
		HeadScale:  tensor(e.headScale, e.b, e.heads, e.t),
		AttnScale:  tensor(e.attnScale, e.b, e.t),
		MLPScale:   tensor(e.mlpScale, e.b, e.t),
		ResidAdd:   tensor(e.residAdd, e.b, e.t, e.width),
	}
}

// at gives a layer's edits to transformer.Pass.
func (c *compiledEdits) at(layer int) *transformer.Edits { return c.layers[layer] }

// first is the first layer that is edited, and the number of layers if none is.
func (c *compiledEdits) first() int {
	for l, e := range c.layers {
		if e != nil && *e != (transformer.Edits{}) {
			return l
		}
	}
	return len(c.layers)
}

func (c *compiledEdits) free() {
	for _, e := range c.layers {
		if e == nil {
			continue
		}
		for _, t := range []*tensors.Tensor{e.KeyBias, e.ValueScale, e.HeadScale, e.AttnScale, e.MLPScale, e.ResidAdd} {
			if t != nil {
				t.MustFinalizeAll()
			}
		}
	}
}
