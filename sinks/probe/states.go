package probe

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// EachStates hands over the residual stream of each document after chosen blocks, 0 for the
// embedding, as flat rows [len(blocks)][T·D], in no particular order, and keeps none. Blocks behind
// the last chosen one are not computed. Blocks ascend.
func EachStates(m *transformer.Model, docs [][]int32, blocks []int, list []Intervention, yield func(doc int, states [][]float32) error) error {
	if err := checkDocuments(&m.Config, docs); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if err := checkInterventions(&m.Config, docs, list); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if len(blocks) == 0 || !slices.IsSorted(blocks) || blocks[0] < 0 || blocks[len(blocks)-1] > m.Config.Layers {
		return fmt.Errorf("probe: states after blocks %v: name some of 0 to %d, in order", blocks, m.Config.Layers)
	}
	obs, err := ondevice.Observer(ondevice.Resid)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	for _, g := range batches(docs, 0) {
		numbers := g.numbers()
		batch := transformer.Batch{IDs: make([][]int32, g.rows)}
		for b, i := range numbers {
			batch.IDs[b] = docs[i]
		}
		states := make([][][]float32, len(g.docs))
		take := func(block int, outs []*tensors.Tensor) error { // [B, T padded, D]
			if !slices.Contains(blocks, block) {
				return nil
			}
			size := outs[0].Shape().Dimensions
			return tensors.ConstFlatData(outs[0], func(flat []float32) {
				for b, i := range g.docs {
					states[b] = append(states[b], slices.Clone(flat[b*size[1]*size[2]:][:len(docs[i])*size[2]]))
				}
			})
		}
		edit, err := compileEdits(&m.Config, batch.IDs, numbers, list)
		if err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		_, err = m.Forward(batch, transformer.Pass{
			Observer: obs, Edits: edit.at, Layers: max(1, blocks[len(blocks)-1]),
			OnEmbed: func(outs []*tensors.Tensor) error { return take(0, outs) },
			OnBlock: func(l int, outs []*tensors.Tensor) error { return take(l+1, outs) },
		})
		edit.free()
		if err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		for b, i := range g.docs {
			if err := yield(i, states[b]); err != nil {
				return err
			}
		}
	}
	return nil
}
