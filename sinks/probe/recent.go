package probe

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/sinks"
	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/ondevice"
	"firsttoken/train/transformer"
)

// RecentOptions say what Recent measures.
type RecentOptions struct {
	// Window is the largest lag recorded, at most ifelse.MaxWindow.
	Window int
	// Text gives the text of a token, such as " can": the decoded bytes.
	Text          func(id int32) string
	Interventions []Intervention
	// Layers, if not 0, measures the first so many layers only.
	Layers int
	// BatchTokens is as in [Options].
	BatchTokens int
}

// Validate names the first option that cannot be satisfied.
func (o *RecentOptions) Validate() error {
	switch {
	case o.Window < 0 || o.Window > ifelse.MaxWindow:
		return fmt.Errorf("probe: Window = %d: must be from 0 to %d", o.Window, ifelse.MaxWindow)
	case o.Text == nil:
		return errors.New("probe: Text is nil: classes of tokens go by their text")
	case o.Layers < 0:
		return fmt.Errorf("probe: Layers = %d: use 0 for all, or a positive number", o.Layers)
	case o.BatchTokens < 0:
		return fmt.Errorf("probe: BatchTokens = %d: use 0 for %d, or a positive number", o.BatchTokens, defaultBatchTokens)
	}
	return nil
}

// Recent measures what the detector of if–else heads works on: for every head and
// query the attention to the first key, to itself and to the last Window keys, the
// row's maximum, and what the head writes. Results come in the documents' order.
func Recent(m *transformer.Model, docs [][]int32, o RecentOptions) ([]ifelse.Document, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := checkDocuments(&m.Config, docs); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if err := checkInterventions(&m.Config, docs, o.Interventions); err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if o.Layers > m.Config.Layers {
		return nil, fmt.Errorf("probe: Layers = %d: the model has %d", o.Layers, m.Config.Layers)
	}
	metrics, err := ondevice.Observer(ondevice.FirstMass, ondevice.RowMax, ondevice.HeadWrite)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	recent, err := ondevice.Recent(o.Window)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	observer := transformer.Observers(metrics, recent)
	out := make([]ifelse.Document, len(docs))
	for _, g := range batches(docs, o.BatchTokens) {
		numbers := g.numbers()
		batch := transformer.Batch{IDs: make([][]int32, g.rows)}
		for b, i := range numbers {
			batch.IDs[b] = docs[i]
		}
		for _, i := range g.docs {
			out[i] = emptyDocument(&m.Config, docs[i], &o)
		}
		edit, err := compileEdits(&m.Config, batch.IDs, numbers, o.Interventions)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		_, err = m.Forward(batch, transformer.Pass{
			Observer: observer,
			Edits:    edit.at,
			Layers:   o.Layers,
			OnBlock: func(l int, outs []*tensors.Tensor) error {
				for b, i := range g.docs {
					if err := record(&out[i], l, b, outs); err != nil {
						return err
					}
				}
				return nil
			},
		})
		edit.free()
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
	}
	return out, nil
}

// emptyDocument has room for one text.
func emptyDocument(c *transformer.Config, ids []int32, o *RecentOptions) ifelse.Document {
	n, layers := len(ids), c.Layers
	if o.Layers > 0 {
		layers = o.Layers
	}
	d := ifelse.Document{
		Tokens: make([]string, n),
		First:  sinks.Cube(layers, c.Heads, n),
		Max:    sinks.Cube(layers, c.Heads, n),
		Write:  sinks.Cube(layers, c.Heads, n),
	}
	for t, id := range ids {
		d.Tokens[t] = o.Text(id)
	}
	for range layers {
		d.Recent = append(d.Recent, sinks.Cube(c.Heads, n, o.Window+1))
	}
	return d
}

// record copies one layer of one document out of a batch, padding cut off.
func record(d *ifelse.Document, layer, b int, outs []*tensors.Tensor) error {
	for i, cube := range [][][][]float32{d.First, d.Max, d.Write} { // [B, H, T]
		dims := outs[i].Shape().Dimensions
		if err := tensors.ConstFlatData(outs[i], func(flat []float32) {
			for h, row := range cube[layer] {
				copy(row, flat[(b*dims[1]+h)*dims[2]:])
			}
		}); err != nil {
			return err
		}
	}
	dims := outs[3].Shape().Dimensions // [B, H, T, window+1]
	return tensors.ConstFlatData(outs[3], func(flat []float32) {
		for h, rows := range d.Recent[layer] {
			for t, row := range rows {
				copy(row, flat[((b*dims[1]+h)*dims[2]+t)*dims[3]:])
			}
		}
	})
}
