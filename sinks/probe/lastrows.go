package probe

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// LastRows returns the residual stream of each document's last token, [document][L+1][D]: row 0 is
// the embedding, row l what block l (counted from 1) hands on. Prompts that ask for one word leave
// an embedding of what they quote there. Nothing else leaves the device.
func LastRows(m *transformer.Model, docs [][]int32, interventions ...Intervention) ([][][]float32, error) {
	if err := checkDocuments(&m.Config, docs); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if err := checkInterventions(&m.Config, docs, interventions); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	out := make([][][]float32, len(docs))
	for _, g := range batches(docs, 0) {
		numbers := g.numbers()
		batch := transformer.Batch{IDs: make([][]int32, g.rows)}
		for b, i := range numbers {
			batch.IDs[b] = docs[i]
		}
		edit, err := compileEdits(&m.Config, batch.IDs, numbers, interventions)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		take := func(outs []*tensors.Tensor) error { // [B, D]
			return tensors.ConstFlatData(outs[0], func(flat []float32) {
				d := m.Config.Width
				for b, i := range g.docs {
					out[i] = append(out[i], append([]float32(nil), flat[b*d:][:d]...))
				}
			})
		}
		_, err = m.Forward(batch, transformer.Pass{
			Observer: lastRow, Edits: edit.at, OnEmbed: take,
			OnBlock: func(_ int, outs []*tensors.Tensor) error { return take(outs) },
		})
		edit.free()
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
	}
	return out, nil
}

// lastRow observes the last token's row of the stream, [B, D].
var lastRow = &transformer.Observer{
	Name: "last row",
	Observe: func(_ *transformer.Config, n *transformer.Nodes, lens *Node) []*Node {
		return []*Node{rowBefore(n.ResidOut, lens)}
	},
	Embedded: func(_ *transformer.Config, resid, lens *Node) []*Node { return []*Node{rowBefore(resid, lens)} },
}

// rowBefore is row lens − 1 of each document of x [B, T, D], lens [B] int32: [B, D].
func rowBefore(x, lens *Node) *Node {
	rows := InsertAxes(AddScalar(lens, -1), -1)
	return Gather(x, Concatenate([]*Node{Iota(x.Graph(), rows.Shape(), 0), rows}, -1))
}
