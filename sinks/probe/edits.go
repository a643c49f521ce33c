package probe

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks"
	"firsttoken/train/transformer"
)

// LayerEdits is where interventions write what they do in one layer, to a batch of documents.
// Indices are 0-based. Several writes to one place add up: factors are multiplied, what is added is
// summed. A place that the model or the document does not have is an error of the run.
type LayerEdits struct {
	docs                  [][]int32
	numbers               []int // of the documents in their run
	b, t                  int   // documents, and the positions that their arrays have
	heads, kvHeads, width int
	keyBias, valueScale   []float32
	headScale             []float32
	attnScale, mlpScale   []float32
	residAdd              []float32
	copyFrom              []int32
	ahead                 []bool // by document: a row is copied from behind
	rounding              rounding
	layer                 int
	err                   error
}

// Documents is B, the number of documents of the batch, and Tokens the length of one of them.
func (e *LayerEdits) Documents() int     { return e.b }
func (e *LayerEdits) Tokens(doc int) int { return len(e.docs[doc]) }

// IDs are the tokens of a document of the batch, not to be changed.
func (e *LayerEdits) IDs(doc int) []int32 { return e.docs[doc] }

// Number says which of the run's documents one of the batch is, 0-based; an edited text has that of
// the text it was made of.
func (e *LayerEdits) Number(doc int) int { return e.numbers[doc] }

func (e *LayerEdits) Heads() int   { return e.heads }
func (e *LayerEdits) KVHeads() int { return e.kvHeads }
func (e *LayerEdits) Width() int   { return e.width }

// BiasKey adds to the scores of a key for every later query of a head: −Inf hides it, as a mask
// would. The key's own query still sees it.
func (e *LayerEdits) BiasKey(doc, head, pos int, by float32) {
	if p := e.place(&e.keyBias, "head", head, e.heads, doc, pos, 0); p != nil {
		*p += by
	}
}

// ScaleValue multiplies the value vector of a position in a key/value head.
func (e *LayerEdits) ScaleValue(doc, kvHead, pos int, by float32) {
	if p := e.place(&e.valueScale, "key/value head", kvHead, e.kvHeads, doc, pos, 1); p != nil {
		*p *= by
	}
}

// ScaleHead multiplies the output of a query head at a query.
func (e *LayerEdits) ScaleHead(doc, head, pos int, by float32) {
	if p := e.place(&e.headScale, "head", head, e.heads, doc, pos, 1); p != nil {
		*p *= by
	}
}

// ScaleUpdate multiplies what one half of the block adds to the residual stream at a position.
func (e *LayerEdits) ScaleUpdate(part Part, doc, pos int, by float32) {
	to := &e.mlpScale
	if part == Attention {
		to = &e.attnScale
	}
	if p := e.place(to, "row", 0, 1, doc, pos, 1); p != nil {
		*p *= by
	}
}

// AddResid adds a vector [D] to the residual stream that leaves the block at a position.
func (e *LayerEdits) AddResid(doc, pos int, x []float32) {
	if len(x) != e.width && e.err == nil {
		e.err = fmt.Errorf("layer %d: a vector of %d numbers is added to a residual stream of width %d", e.layer+1, len(x), e.width)
	}
	if !e.within("row", 0, 1, doc, pos) {
		return
	}
	if e.residAdd == nil {
		e.residAdd = make([]float32, e.b*e.t*e.width)
	}
	row := e.residAdd[(doc*e.t+pos)*e.width:][:e.width]
	for d := range row {
		row[d] += x[d]
	}
}

// CopyRow lets the block read the residual stream's row of one position at another: what it computes
// there comes of that row. Each position is copied to once, all copies of a layer are taken from
// what the block before left. From a later position to an earlier one it breaks causality: losses
// are refused, and the trace says so.
func (e *LayerEdits) CopyRow(doc, from, to int) {
	if !e.within("row", 0, 1, doc, from) || !e.within("row", 0, 1, doc, to) {
		return
	}
	if e.copyFrom == nil {
		e.ahead = make([]bool, e.b)
		for range e.b {
			for pos := range e.t {
				e.copyFrom = append(e.copyFrom, int32(pos))
			}
		}
	}
	slot := &e.copyFrom[doc*e.t+to]
	if int(*slot) != to && int(*slot) != from {
		e.err = fmt.Errorf("layer %d: rows %d and %d are both copied to position %d", e.layer+1, *slot, from, to)
		return
	}
	*slot = int32(from)
	e.ahead[doc] = e.ahead[doc] || from > to
}

// place is where an array [B, heads, T], made of a neutral value where there is none yet, has its
// number; nil if there is no such place.
func (e *LayerEdits) place(array *[]float32, kind string, head, heads, doc, pos int, neutral float32) *float32 {
	if !e.within(kind, head, heads, doc, pos) {
		return nil
	}
	e.allocate(array, heads, neutral)
	return &(*array)[(doc*heads+head)*e.t+pos]
}

// within reports whether there is such a place and nothing went wrong so far; the first that is not
// there becomes the error of the run.
func (e *LayerEdits) within(kind string, head, heads, doc, pos int) bool {
	switch {
	case e.err != nil:
	case doc < 0 || doc >= e.b:
		e.err = fmt.Errorf("layer %d: document %d is edited: the batch has %d", e.layer+1, doc, e.b)
	case head < 0 || head >= heads:
		e.err = fmt.Errorf("layer %d: %s %d is edited: the model has 0 to %d", e.layer+1, kind, head, heads-1)
	case pos < 0 || pos >= len(e.docs[doc]):
		e.err = fmt.Errorf("layer %d: position %d is edited: the document has 0 to %d", e.layer+1, pos, len(e.docs[doc])-1)
	}
	return e.err == nil
}

// allocate makes a [B, heads, T] array of a neutral value, once.
func (e *LayerEdits) allocate(p *[]float32, heads int, neutral float32) {
	if *p != nil {
		return
	}
	*p = make([]float32, e.b*heads*e.t)
	if neutral != 0 {
		for i := range *p {
			(*p)[i] = neutral
		}
	}
}

// everywhere does something for every document and head.
func (e *LayerEdits) everywhere(heads int, do func(doc, head int)) {
	for doc := range e.b {
		for head := range heads {
			do(doc, head)
		}
	}
}

// compiledEdits are the interventions of a batch, as tensors by layer.
type compiledEdits struct {
	layers []*transformer.Edits
	ahead  []bool // by document: some layer reads a row from behind
}

// compileEdits turns checked interventions into edits of a batch. numbers are those of its
// documents in their run.
func compileEdits(c *transformer.Config, docs [][]int32, numbers []int, list []Intervention) (*compiledEdits, error) {
	out := &compiledEdits{layers: make([]*transformer.Edits, c.Layers), ahead: make([]bool, len(docs))}
	if len(list) == 0 {
		return out, nil
	}
	longest := 0
	for _, d := range docs {
		longest = max(longest, len(d))
	}
	for l := range out.layers {
		e := &LayerEdits{
			docs: docs, numbers: numbers, b: len(docs), t: transformer.Bucket(longest), heads: c.Heads, kvHeads: c.KVHeads, width: c.Width, layer: l,
		}
		for _, v := range list {
			v.Apply(l, e)
			if e.err != nil {
				out.free()
				return nil, fmt.Errorf("%s: %w", v, e.err)
			}
		}
		out.layers[l] = e.tensors()
		for doc, ahead := range e.ahead {
			out.ahead[doc] = out.ahead[doc] || ahead
		}
	}
	return out, nil
}

// tensors turns what was written into edits; untouched places stay nil.
func (e *LayerEdits) tensors() *transformer.Edits {
	tensor := func(data []float32, dims ...int) *tensors.Tensor {
		if data == nil {
			return nil
		}
		return tensors.FromFlatDataAndDimensions(data, dims...)
	}
	out := &transformer.Edits{
		KeyBias:    tensor(e.keyBias, e.b, e.heads, e.t),
		ValueScale: tensor(e.valueScale, e.b, e.kvHeads, e.t),
		HeadScale:  tensor(e.headScale, e.b, e.heads, e.t),
		AttnScale:  tensor(e.attnScale, e.b, e.t),
		MLPScale:   tensor(e.mlpScale, e.b, e.t),
		ResidAdd:   tensor(e.residAdd, e.b, e.t, e.width),
	}
	if e.copyFrom != nil {
		out.CopyFrom = tensors.FromFlatDataAndDimensions(e.copyFrom, e.b, e.t)
	}
	e.rounding.tensors(out, e.b, e.t)
	return out
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

// mark tells traces, of the first documents of the batch, whose rows were computed from later ones.
// It refuses to where losses or predictions are asked for.
func (c *compiledEdits) mark(o *Options, traces []*sinks.Trace) error {
	for doc, t := range traces {
		if !c.ahead[doc] {
			continue
		}
		if !o.MetricsOnly && !o.SkipLoss {
			return errors.New("rows of the residual stream are copied from later positions to earlier ones, which breaks causality: losses would be of tokens that were read; set SkipLoss or MetricsOnly")
		}
		t.Acausal = true
		t.Warnings = append(t.Warnings, "a row of the residual stream was copied from a later position to an earlier one: earlier rows have read what follows them")
	}
	return nil
}

func (c *compiledEdits) free() {
	for _, e := range c.layers {
		if e != nil {
			e.Free()
		}
	}
}
