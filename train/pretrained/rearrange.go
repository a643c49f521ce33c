package pretrained

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// stored are the dimensions of the tensor that holds a weight of dimensions dims.
func (s *source) stored(dims []int) []int {
	out := append([]int(nil), dims...)
	if s.group > 0 {
		out[0] = out[0] / s.own * s.group
	}
	out[0] = out[0]*max(s.parts, 1) + s.skip
	if s.transposed && len(out) == 2 {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// own is the weight's own part of the tensor that holds it, out in [in] order; the one
// given is then freed. On an error it is returned as it was.
func (w *weight) own(backend compute.Backend, c *transformer.Config, t *tensors.Tensor) (*tensors.Tensor, error) {
	if !w.transposed && w.parts == 0 && w.skip == 0 && w.group == 0 {
		return t, nil
	}
	out, err := tensors.FromShapeForBackend(backend, 0, shapes.Make(t.DType(), w.dims...))
	if err != nil {
		return t, err
	}
	size, stored := t.DType().Size(), t.Shape().Dimensions
	rows, columns := w.dims[0], 1
	for _, d := range w.dims[1:] {
		columns *= d
	}
	var inner error
	err = t.ConstBytes(func(from []byte) {
		inner = out.MutableBytes(func(into []byte) {
			for r := range rows {
				at := w.row(r, rows, c.HeadDim)
				if !w.transposed || len(stored) == 1 {
					copy(into[r*columns*size:(r+1)*columns*size], from[at*columns*size:])
					continue
				}
				for col := range columns {
					copy(into[(r*columns+col)*size:(r*columns+col+1)*size], from[(col*stored[1]+at)*size:])
				}
			}
		})
	})
	if err == nil {
		err = inner
	}
	if err != nil {
		free(out)
		return t, err
	}
	free(t)
	return out, nil
}

// row is where row r of the weight's rows stands in the tensor that holds them.
func (s *source) row(r, rows, headDim int) int {
	if s.group > 0 {
		return r/s.own*s.group + s.at + r%s.own
	}
	block := rows
	if s.byHead {
		block = headDim
	}
	return s.skip + (r/block*max(s.parts, 1)+s.part)*block + r%block
}
