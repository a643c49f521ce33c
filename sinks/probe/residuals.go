package probe

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// Residuals returns the residual stream of one document, [L+1][T][D]: row 0 is the embedding, row l
// what block l (counted from 1) hands on. It is V^(ℓ) of the paper, to which rank collapse,
// representational collapse and perturbations refer.
//
// All of it comes to the host, (L+1)·T·D floats; metrics of [Run] are reduced on the device
// instead.
func Residuals(m *transformer.Model, ids []int32, interventions ...Intervention) ([][][]float32, error) {
	docs := [][]int32{ids}
	if err := checkDocuments(&m.Config, docs); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if err := checkInterventions(&m.Config, docs, interventions); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	edit, err := compileEdits(&m.Config, docs, []int{0}, interventions)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	defer edit.free()
	stream, err := residuals(m, ids, transformer.Pass{Edits: edit.at})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return stream, nil
}

// residuals are those of a pass as given, but for its observer.
func residuals(m *transformer.Model, ids []int32, pass transformer.Pass) ([][][]float32, error) {
	obs, err := ondevice.Observer(ondevice.Resid)
	if err != nil {
		return nil, err
	}
	stream := make([][][]float32, m.Config.Layers+1)
	take := func(l int, outs []*tensors.Tensor) error { // [1, T padded, D]
		d := m.Config.Width
		return tensors.ConstFlatData(outs[0], func(flat []float32) {
			stream[l] = make([][]float32, len(ids))
			for t := range stream[l] {
				stream[l][t] = append([]float32(nil), flat[t*d:(t+1)*d]...)
			}
		})
	}
	pass.Observer = obs
	pass.OnEmbed = func(outs []*tensors.Tensor) error { return take(0, outs) }
	pass.OnBlock = func(l int, outs []*tensors.Tensor) error { return take(l+1, outs) }
	_, err = m.Forward(transformer.One(ids), pass)
	return stream, err
}
