package probe

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"firsttoken/train/transformer"
)

// Intervention changes a running model at chosen places. Layers, heads and
// positions are 0-based, and positions must exist in every document; nil Layers
// mean all layers. Text counts from 1.
//
// One's own is a type with these three methods, or [Own] around a function: see the example.
type Intervention interface {
	// String says what is done, in full: it is written into traces, and kept measurements are found
	// by it.
	fmt.Stringer
	// Check refuses places that the model or a document does not have.
	Check(c *transformer.Config, docs [][]int32) error
	// Apply writes the intervention into one layer's edits. It is called for every layer, and again
	// for every batch.
	Apply(layer int, e *LayerEdits)
}

// Own is an intervention of one's own under a name that says all of what it does, as in "scale
// layer 12 head 3 by 0.5".
type Own struct {
	Name  string
	Write func(layer int, e *LayerEdits)
}

func (v Own) String() string { return v.Name }

// Check refuses one without a name or function. Places are checked where Write names them.
func (v Own) Check(*transformer.Config, [][]int32) error {
	if v.Name == "" || v.Write == nil {
		return errors.New("an intervention of one's own needs a Name and a Write")
	}
	return nil
}

// Apply calls Write.
func (v Own) Apply(layer int, e *LayerEdits) { v.Write(layer, e) }

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

func (v MaskKey) Check(c *transformer.Config, docs [][]int32) error {
	return checkLayers(v, c, docs, v.Pos, v.Layers)
}
func (v ZeroValue) Check(c *transformer.Config, docs [][]int32) error {
	return checkLayers(v, c, docs, v.Pos, v.Layers)
}
func (v AblateHead) Check(c *transformer.Config, docs [][]int32) error {
	if v.Head < 0 || v.Head >= c.Heads {
		return fmt.Errorf("%s: the model has %d heads", v, c.Heads)
	}
	return checkPlaces(v, c, docs, 0, v.Layer)
}
func (v SkipUpdate) Check(c *transformer.Config, docs [][]int32) error {
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
		if err := v.Check(c, docs); err != nil {
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

func (v MaskKey) Apply(layer int, e *LayerEdits) {
	if at(v.Layers, layer) {
		e.everywhere(e.heads, func(doc, head int) { e.BiasKey(doc, head, v.Pos, float32(math.Inf(-1))) })
	}
}
func (v ZeroValue) Apply(layer int, e *LayerEdits) {
	if at(v.Layers, layer) {
		e.everywhere(e.kvHeads, func(doc, head int) { e.ScaleValue(doc, head, v.Pos, 0) })
	}
}
func (v AblateHead) Apply(layer int, e *LayerEdits) {
	if v.Layer != layer {
		return
	}
	for doc := range e.b {
		for pos := range len(e.docs[doc]) {
			e.ScaleHead(doc, v.Head, pos, 0)
		}
	}
}
func (v SkipUpdate) Apply(layer int, e *LayerEdits) {
	if v.Layer != layer {
		return
	}
	for doc := range e.b {
		e.ScaleUpdate(v.Part, doc, v.Pos, 0)
	}
}

func at(layers []int, layer int) bool {
	return layers == nil || slices.Contains(layers, layer)
}
