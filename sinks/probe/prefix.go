package probe

import (
	"fmt"

	"firsttoken/train/transformer"
)

// prefix holds the residual streams that documents have before a block, so that what is done from
// there on can be tried again and again without the blocks below: sizing a control takes many
// passes that differ in the upper blocks alone.
type prefix struct {
	m       *transformer.Model
	docs    [][]int32
	layer   int
	groups  []group
	streams []*transformer.Stream // by group; nil where layer is 0
}

// newPrefix runs the documents up to a block, 0-based.
func newPrefix(m *transformer.Model, docs [][]int32, layer int) (*prefix, error) {
	if err := checkDocuments(&m.Config, docs); err != nil {
		return nil, err
	}
	if layer < 0 || layer >= m.Config.Layers {
		return nil, fmt.Errorf("layer %d of a model with %d", layer+1, m.Config.Layers)
	}
	p := &prefix{m: m, docs: docs, layer: layer, groups: batches(docs, 0)}
	p.streams = make([]*transformer.Stream, len(p.groups))
	if layer == 0 {
		return p, nil
	}
	for i, g := range p.groups {
		out, err := m.Forward(p.batch(g), transformer.Pass{Layers: layer + 1, Keep: []int{layer}})
		if err != nil {
			p.close()
			return nil, err
		}
		p.streams[i] = out.Kept[layer]
	}
	return p, nil
}

func (p *prefix) batch(g group) (b transformer.Batch) {
	for _, i := range g.numbers() {
		b.IDs = append(b.IDs, p.docs[i])
	}
	return b
}

// losses are those of every target, nats, by document [n][T−1], under interventions that begin at
// the prefix's block or above.
func (p *prefix) losses(list []Intervention) ([][]float32, error) {
	if err := checkInterventions(&p.m.Config, p.docs, list); err != nil {
		return nil, err
	}
	out := make([][]float32, len(p.docs))
	for i, g := range p.groups {
		batch := p.batch(g)
		edit, err := compileEdits(&p.m.Config, batch.IDs, g.numbers(), list)
		if err != nil {
			return nil, err
		}
		defer edit.free()
		if edit.first() < p.layer {
			return nil, fmt.Errorf("layer %d is edited: what is kept begins at layer %d", edit.first()+1, p.layer+1)
		}
		got, err := p.m.Forward(batch, transformer.Pass{From: p.streams[i], Edits: edit.at, Predict: true, Documents: len(g.docs)})
		if err != nil {
			return nil, err
		}
		for b, doc := range g.docs {
			out[doc] = got.Loss[b]
		}
	}
	return out, nil
}

func (p *prefix) close() {
	for _, s := range p.streams {
		if s != nil {
			s.Free()
		}
	}
}
