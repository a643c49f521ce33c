package probe

import (
	"fmt"
	"slices"

	"firsttoken/train/transformer"
)

// AblateRows replaces the output of one query head by 0 at chosen queries only,
// such as those at which it attends to the sink.
type AblateRows struct {
	Layer, Head int
	Rows        []int // query positions
}

func (v AblateRows) String() string {
	return fmt.Sprintf("ablate layer %d head %d at queries %s", v.Layer+1, v.Head+1, layerNames(v.Rows))
}

func (v AblateRows) Check(c *transformer.Config, docs [][]int32) error {
	if err := (AblateHead{v.Layer, v.Head}).Check(c, docs); err != nil {
		return err
	}
	if len(v.Rows) == 0 {
		return fmt.Errorf("ablate layer %d head %d: no queries: use AblateHead for all", v.Layer+1, v.Head+1)
	}
	for _, pos := range []int{slices.Min(v.Rows), slices.Max(v.Rows)} {
		if err := checkPlaces(v, c, docs, pos); err != nil {
			return err
		}
	}
	return nil
}

func (v AblateRows) Apply(layer int, e *LayerEdits) {
	if v.Layer != layer {
		return
	}
	for doc := range e.b {
		for _, pos := range v.Rows {
			e.ScaleHead(doc, v.Head, pos, 0)
		}
	}
}
