package pretrained

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// weight is one tensor on its way from a checkpoint into a model.
type weight struct {
	source
	role string           // its name in the model
	slot **tensors.Tensor // in the model
	dims []int            // there
}

// load fills the slot with the tensor on the device: in the wanted type, finite, its own rows,
// rotary pairs half-split, gains as they multiply. On an error the slot stays nil and nothing is
// left.
func (w *weight) load(backend compute.Backend, c *transformer.Config, ck checkpoint, dtype string) (err error) {
	t, err := ck.read(w.tensor)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			free(t)
		}
	}()
	if t, err = convert(backend, t, w.kept(ck, dtype)); err != nil {
		return err
	}
	if at, err := firstNonFinite(t); err != nil {
		return err
	} else if at >= 0 {
		return fmt.Errorf("element %d is not a finite number in %s: the file is damaged, the training run diverged, or the type is too narrow", at, t.DType())
	}
	if t, err = w.own(backend, c, t); err != nil {
		return err
	}
	if w.rotary {
		if err = splitHalves(t, c.HeadDim); err != nil {
			return err
		}
	}
	if w.lessOne {
		if err = addOne(t); err != nil {
			return err
		}
	}
	// Moved here, tensor by tensor, so that no second copy of the whole model
	// ever exists on the host.
	if err = t.ToDevice(backend, 0); err != nil {
		return fmt.Errorf("moving to the device: %w", err)
	}
	*w.slot = t
	return nil
}

// free releases a tensor's memory at once; nil is allowed.
func free(t *tensors.Tensor) {
	if t != nil {
		_ = t.FinalizeAll() // of no use any more, whatever the device says
	}
}

// kept is the type the weight is kept in.
func (w *weight) kept(ck checkpoint, want string) dtypes.DType {
	if w.lessOne {
		// 1 + w of a bfloat16 w needs more than bfloat16's 8 bits. In float32 the sum
		// is what the transformers library computes, bit for bit, whenever norms run.
		return dtypes.Float32
	}
	return kept(ck.dtype(w.tensor), want)
}

// kept is the type that weights are kept in: the wanted one, else bfloat16 where the
// checkpoint has that, else float32.
func kept(have dtypes.DType, want string) dtypes.DType {
	if want == "bfloat16" || (want == "" && have == dtypes.BFloat16) {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

// convert brings a tensor to another floating-point type; the one given is then
// freed. On an error it is returned as it was.
func convert(backend compute.Backend, t *tensors.Tensor, to dtypes.DType) (*tensors.Tensor, error) {
	if t.DType() == to {
		return t, nil
	}
	out, err := tensors.FromShapeForBackend(backend, 0, shapes.Make(to, t.Shape().Dimensions...))
	if err != nil {
		return t, err
	}
	var inner error
	err = t.ConstFlatData(func(from any) {
		inner = out.MutableFlatData(func(into any) {
			switch from := from.(type) {
			case []float32:
				fill(into, from, func(x float32) float32 { return x })
			case []float64:
				fill(into, from, func(x float64) float32 { return float32(x) })
			case []float16.Float16:
				fill(into, from, float16.Float16.Float32)
			case []bfloat16.BFloat16:
				fill(into, from, bfloat16.BFloat16.Float32)
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

// fill writes from into a slice of float32 or bfloat16.
func fill[F any](into any, from []F, value func(F) float32) {
	switch into := into.(type) {
	case []float32:
		for i, x := range from {
			into[i] = value(x)
		}
	case []bfloat16.BFloat16:
		for i, x := range from {
			into[i] = bfloat16.FromFloat32(value(x))
		}
	}
}

// addOne adds 1 to each element of a Float32 tensor.
func addOne(t *tensors.Tensor) error {
	return t.MutableFlatData(func(flat any) {
		x := flat.([]float32)
		for i := range x {
			x[i]++
		}
	})
}

// splitHalves re-orders the rows of each head from interleaved rotary pairs to
// half-split ones: row 2i+j of a head becomes row j·Dh/2 + i.
func splitHalves(t *tensors.Tensor, headDim int) error {
	row, half := t.DType().Size(), headDim/2
	for _, d := range t.Shape().Dimensions[1:] {
		row *= d
	}
	scratch := make([]byte, headDim*row)
	return t.MutableBytes(func(data []byte) {
		for head := 0; head < len(data); head += len(scratch) {
			rows := data[head : head+len(scratch)]
			for i := range half {
				copy(scratch[i*row:(i+1)*row], rows[2*i*row:])
				copy(scratch[(half+i)*row:(half+i+1)*row], rows[(2*i+1)*row:])
			}
			copy(rows, scratch)
		}
	})
}

// firstNonFinite returns the flat index of the first NaN or infinity, or −1.
func firstNonFinite(t *tensors.Tensor) (at int, err error) {
	at = -1
	err = t.ConstFlatData(func(flat any) {
		// NaN and ±Inf are the numbers whose exponent bits are all ones.
		switch flat := flat.(type) {
		case []float32:
			for i, x := range flat {
				if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
					at = i
					return
				}
			}
		case []bfloat16.BFloat16:
			for i, x := range flat {
				if x.Bits()&0x7f80 == 0x7f80 {
					at = i
					return
				}
			}
		}
	})
	return at, err
}
