package pretrained

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
)

// floats brings what a file may hold to what a model takes: Float32 and BFloat16
// as they are, Float16 and Float64 as Float32. Anything else is an error.
func floats(name string, t *tensors.Tensor) (*tensors.Tensor, error) {
	dims := t.Shape().Dimensions
	switch t.DType() {
	case dtypes.Float32, dtypes.BFloat16:
		return t, nil
	case dtypes.Float16:
		half, err := tensors.CopyFlatData[float16.Float16](t)
		if err != nil {
			return nil, err
		}
		t.MustFinalizeAll()
		flat := make([]float32, len(half))
		for i, x := range half {
			flat[i] = x.Float32()
		}
		return tensors.FromFlatDataAndDimensions(flat, dims...), nil
	case dtypes.Float64:
		double, err := tensors.CopyFlatData[float64](t)
		if err != nil {
			return nil, err
		}
		t.MustFinalizeAll()
		flat := make([]float32, len(double))
		for i, x := range double {
			flat[i] = float32(x)
		}
		return tensors.FromFlatDataAndDimensions(flat, dims...), nil
	}
	return nil, fmt.Errorf("tensor %s has type %s: weights must be floating point", name, t.DType())
}
