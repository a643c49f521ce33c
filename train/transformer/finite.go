package transformer

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
)

// Finite reports whether no value is NaN or infinite.
func Finite(xs []float32) bool {
	for _, x := range xs {
		if x-x != 0 {
			return false
		}
	}
	return true
}

// notFinite is the error for numbers of a pass that are not finite. It names the
// first weight that explains them; reading all weights back is slow, and so is
// done only then.
func (m *Model) notFinite(what string, args ...any) error {
	what = fmt.Sprintf(what, args...)
	culprit := ""
	m.params.Each(&m.Config, func(name string, slot **tensors.Tensor, _ []int) {
		if culprit == "" && !finiteWeight(*slot) {
			culprit = name
		}
	})
	if culprit != "" {
		return fmt.Errorf("%s NaN or infinite: so is weight %s", what, culprit)
	}
	return fmt.Errorf("%s NaN or infinite, though all weights are finite: an edit is not, or the weights are too large", what)
}

// finiteWeight is Finite for a weight. One that cannot be read is not to blame.
func finiteWeight(t *tensors.Tensor) bool {
	ok := true
	_ = t.ConstFlatData(func(flat any) {
		switch flat := flat.(type) {
		case []float32:
			ok = Finite(flat)
		case []bfloat16.BFloat16:
			ok = !slices.ContainsFunc(flat, func(x bfloat16.BFloat16) bool { return !Finite([]float32{x.Float32()}) })
		}
	})
	t.FinalizeLocal() // the copy that reading made
	return ok
}
