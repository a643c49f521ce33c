package probe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// Head names one query head, 0-based.
type Head struct{ Layer, Head int }

// String counts from 1, as figures and tables do.
func (h Head) String() string { return fmt.Sprintf("layer %d, head %d", h.Layer+1, h.Head+1) }

// Patterns returns the whole attention patterns of chosen heads on one document,
// in the heads' order, each [T][S] with row = query. With Look this is the only
// way T×T numbers leave the device, and only those of the chosen heads do.
func Patterns(m *transformer.Model, ids []int32, heads []Head, interventions ...Intervention) ([][][]float64, error) {
	p, err := pick(m, ids, heads)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	docs := [][]int32{ids}
	if err := checkInterventions(&m.Config, docs, interventions); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	edit, err := compileEdits(&m.Config, docs, []int{0}, interventions)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	defer edit.free()
	deepest := slices.MaxFunc(heads, func(a, b Head) int { return cmp.Compare(a.Layer, b.Layer) })
	_, err = m.Forward(transformer.One(ids), transformer.Pass{
		Observer: p.observer,
		Edits:    edit.at,
		Layers:   deepest.Layer + 1,
		OnBlock:  func(layer int, outs []*tensors.Tensor) error { return p.take(layer, outs[0]) },
	})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return p.patterns, nil
}

// Look is Run and Patterns on one document in a single pass, which takes half
// the time of the two.
func Look(m *transformer.Model, ids []int32, heads []Head, o Options) (*sinks.Trace, [][][]float64, error) {
	p, err := pick(m, ids, heads)
	if err != nil {
		return nil, nil, fmt.Errorf("probe: %w", err)
	}
	var trace *sinks.Trace
	err = each(m, [][]int32{ids}, o, p, func(_ int, t *sinks.Trace) error {
		trace = t
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return trace, p.patterns, nil
}

// picker collects the patterns of chosen heads during a pass over one document.
type picker struct {
	heads    []Head
	columns  []int // head indices wanted in any layer: what the observer returns
	observer *transformer.Observer
	tokens   int
	patterns [][][]float64 // by head
}

// pick checks the heads and the document.
func pick(m *transformer.Model, ids []int32, heads []Head) (*picker, error) {
	if len(heads) == 0 {
		return nil, errors.New("no heads chosen")
	}
	p := &picker{heads: heads, tokens: len(ids), patterns: make([][][]float64, len(heads))}
	for _, h := range heads {
		if h.Layer < 0 || h.Layer >= m.Config.Layers || h.Head < 0 || h.Head >= m.Config.Heads {
			return nil, fmt.Errorf("%s: the model has %d layers of %d heads", h, m.Config.Layers, m.Config.Heads)
		}
		p.columns = append(p.columns, h.Head)
	}
	if err := checkDocuments(&m.Config, [][]int32{ids}); err != nil {
		return nil, err
	}
	slices.Sort(p.columns)
	p.columns = slices.Compact(p.columns)
	var err error
	p.observer, err = ondevice.Heads(p.columns)
	return p, err
}

// take copies a layer's patterns out of the observer's output [1, columns, T, S].
func (p *picker) take(layer int, out *tensors.Tensor) error {
	if !slices.ContainsFunc(p.heads, func(h Head) bool { return h.Layer == layer }) {
		return nil
	}
	padded := out.Shape().Dim(-1)
	return tensors.ConstFlatData(out, func(flat []float32) {
		for i, h := range p.heads {
			if h.Layer == layer {
				at := slices.Index(p.columns, h.Head) * padded * padded
				p.patterns[i] = square(flat[at:], padded, p.tokens)
			}
		}
	})
}

// square copies the first n rows and columns of a padded matrix.
func square(flat []float32, padded, n int) [][]float64 {
	rows := make([][]float64, n)
	for t := range rows {
		rows[t] = make([]float64, n)
		for s := range rows[t] {
			rows[t][s] = float64(flat[t*padded+s])
		}
	}
	return rows
}
