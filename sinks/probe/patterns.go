package probe

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// Head names one query head, 0-based.
type Head struct{ Layer, Head int }

// String counts from 1, as figures and tables do.
func (h Head) String() string { return fmt.Sprintf("layer %d, head %d", h.Layer+1, h.Head+1) }

// Patterns returns the whole attention patterns of chosen heads on one document,
// in the heads' order, each [T][S] with row = query. This is the only way T×T
// numbers leave the device, and only those of the chosen heads do.
func Patterns(m *transformer.Model, ids []int32, heads []Head, interventions ...Intervention) ([][][]float64, error) {
	if len(heads) == 0 {
		return nil, fmt.Errorf("probe: no heads chosen")
	}
	var columns []int // head indices wanted in any layer
	for _, h := range heads {
		if h.Layer < 0 || h.Layer >= m.Config.Layers || h.Head < 0 || h.Head >= m.Config.Heads {
			return nil, fmt.Errorf("probe: %s: the model has %d layers of %d heads", h, m.Config.Layers, m.Config.Heads)
		}
		columns = append(columns, h.Head)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	obs, err := ondevice.Heads(columns)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	batch := transformer.One(ids)
	if err := checkDocuments(&m.Config, batch.IDs); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if err := checkInterventions(&m.Config, batch.IDs, interventions); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	edit := compileEdits(&m.Config, batch.IDs, interventions)
	defer edit.free()
	out := make([][][]float64, len(heads))
	_, err = m.Forward(batch, transformer.Pass{
		Observer: obs,
		Edits:    edit.at,
		OnBlock: func(layer int, outs []*tensors.Tensor) error {
			if !slices.ContainsFunc(heads, func(h Head) bool { return h.Layer == layer }) {
				return nil
			}
			return tensors.ConstFlatData(outs[0], func(flat []float32) {
				padded := outs[0].Shape().Dim(-1)
				for i, h := range heads {
					if h.Layer != layer {
						continue
					}
					at := slices.Index(columns, h.Head) * padded * padded
					out[i] = square(flat[at:], padded, len(ids))
				}
			})
		},
	})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return out, nil
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
