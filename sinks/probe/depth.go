package probe

import (
	"fmt"

	"firsttoken/train/transformer"
)

// Wiring says which parts of a block act, see [transformer.Wiring].
type Wiring = transformer.Wiring

// The wirings, from least to most.
const (
	PureAttention     = transformer.PureAttention
	AttentionResidual = transformer.AttentionResidual
	FullBlock         = transformer.FullBlock
)

// Wirings lists them in that order.
func Wirings() []Wiring { return transformer.Wirings() }

// EachWired hands over the residual stream [L+1][T][D] of each document under a wiring: [Residuals]
// for models that were never trained that way. It keeps none.
func EachWired(m *transformer.Model, docs [][]int32, w Wiring, yield func(i int, stream [][][]float32) error) error {
	if err := w.Validate(); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if err := checkDocuments(&m.Config, docs); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	for i, ids := range docs {
		stream, err := residuals(m, ids, transformer.Pass{Wiring: w})
		if err != nil {
			return fmt.Errorf("probe: document %d, %s: %w", i+1, w, err)
		}
		if err := yield(i, stream); err != nil {
			return err
		}
	}
	return nil
}
