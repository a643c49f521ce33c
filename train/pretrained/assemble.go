package pretrained

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// checkpoint is a file or folder of named tensors.
type checkpoint interface {
	// dims maps each tensor's name to its dimensions, outermost first.
	dims() map[string][]int
	// read loads one tensor as Float32 or BFloat16. Safe for concurrent use.
	read(name string) (*tensors.Tensor, error)
}

// layout says where a checkpoint format keeps the weights.
type layout struct {
	// name translates a weight's name ("layers.3.query") to the file's.
	name func(weight string) string
	// ignored tells tensors that are known and not needed.
	ignored func(name string) bool
	// interleaved is true where rotary pairs are neighbours (i, i+1) in the rows
	// of Query and Key; they are re-ordered to (i, i+Dh/2).
	interleaved bool
}

// assemble reads every weight of the configuration, several at a time, onto the
// backend's device. All tensors that are missing, extra or misshaped are named
// before any is read.
func assemble(backend compute.Backend, c *transformer.Config, ck checkpoint, lay layout, dtype string) (*transformer.Params[*tensors.Tensor], error) {
	type job struct {
		weight, name string
		slot         **tensors.Tensor
	}
	var jobs []job
	var problems []error
	have := ck.dims()
	used := map[string]bool{}
	p := &transformer.Params[*tensors.Tensor]{Layers: make([]transformer.Layer[*tensors.Tensor], c.Layers)}
	p.Each(c, func(weight string, slot **tensors.Tensor, dims []int) {
		name := lay.name(weight)
		used[name] = true
		got, ok := have[name]
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("tensor %s is missing", name))
		case !slices.Equal(got, dims):
			problems = append(problems, fmt.Errorf("tensor %s has shape %v: must be %v", name, got, dims))
		default:
			jobs = append(jobs, job{weight, name, slot})
		}
	})
	var extra []string
	for name := range have {
		if !used[name] && !lay.ignored(name) {
			extra = append(extra, name)
		}
	}
	sort.Strings(extra)
	for _, name := range extra {
		problems = append(problems, fmt.Errorf("tensor %s is not part of a Llama decoder of this configuration", name))
	}
	if len(problems) > 0 {
		if n := len(problems); n > 10 {
			problems = append(problems[:10], fmt.Errorf("… and %d more", n-10))
		}
		return nil, errors.Join(problems...)
	}

	var wg sync.WaitGroup
	var mu sync.Mutex
	var firstErr error
	next := make(chan job)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range next {
				t, err := readWeight(backend, c, ck, j.name, j.weight, lay.interleaved, dtype)
				mu.Lock()
				if err != nil && firstErr == nil {
					firstErr = err
				}
				*j.slot = t
				mu.Unlock()
			}
		})
	}
	for _, j := range jobs {
		next <- j
	}
	close(next)
	wg.Wait()
	if firstErr != nil {
		p.Each(c, func(_ string, slot **tensors.Tensor, _ []int) {
			if *slot != nil {
				(*slot).MustFinalizeAll()
			}
		})
		return nil, firstErr
	}
	return p, nil
}

// readWeight loads one weight, brings its rows to the half-split order, checks
// that every number is finite and moves it to the device.
func readWeight(backend compute.Backend, c *transformer.Config, ck checkpoint, name, weight string, interleaved bool, dtype string) (*tensors.Tensor, error) {
	t, err := ck.read(name)
	if err != nil {
		return nil, err
	}
	if interleaved && (strings.HasSuffix(weight, ".query") || strings.HasSuffix(weight, ".key")) {
		if err := splitHalves(t, c.HeadDim); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
	}
	if at := firstNonFinite(t); at >= 0 {
		return nil, fmt.Errorf("tensor %s holds a number that is not finite, at element %d: the file is damaged or the training run diverged", name, at)
	}
	if t, err = convert(t, dtype); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", name, err)
	}
	// Moved here, tensor by tensor, so that no second copy of the whole model
	// ever exists on the host.
	if err := t.ToDevice(backend, 0); err != nil {
		return nil, fmt.Errorf("tensor %s: moving to the device: %w", name, err)
	}
	return t, nil
}

// splitHalves re-orders the rows of each head from interleaved rotary pairs to
// half-split ones: row 2i+j of a head becomes row j·Dh/2 + i.
func splitHalves(t *tensors.Tensor, headDim int) error {
	dims := t.Shape().Dimensions
	width, half := dims[1], headDim/2
	reorder := func(head, tmp func(row int) []byte) {
		for i := range half {
			copy(tmp(i), head(2*i))
			copy(tmp(half+i), head(2*i+1))
		}
	}
	size := width * t.DType().Size()
	scratch := make([]byte, headDim*size)
	return t.MutableBytes(func(data []byte) {
		for h := 0; h+headDim <= dims[0]; h += headDim {
			block := data[h*size : (h+headDim)*size]
			reorder(func(row int) []byte { return block[row*size : (row+1)*size] },
				func(row int) []byte { return scratch[row*size : (row+1)*size] })
			copy(block, scratch)
		}
	})
}

// firstNonFinite returns the flat index of the first NaN or infinity, or −1.
func firstNonFinite(t *tensors.Tensor) int {
	at := -1
	switch t.DType() {
	case dtypes.Float32:
		tensors.MustConstFlatData(t, func(flat []float32) {
			for i, x := range flat {
				// Exponent all ones: NaN or ±Inf.
				if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
					at = i
					return
				}
			}
		})
	case dtypes.BFloat16:
		tensors.MustConstFlatData(t, func(flat []bfloat16.BFloat16) {
			for i, x := range flat {
				if x.Bits()&0x7f80 == 0x7f80 {
					at = i
					return
				}
			}
		})
	}
	return at
}

// convert brings a tensor to the wanted weight type; "" leaves it.
func convert(t *tensors.Tensor, dtype string) (*tensors.Tensor, error) {
	dims := t.Shape().Dimensions
	switch {
	case dtype == "bfloat16" && t.DType() == dtypes.Float32:
		flat, err := tensors.CopyFlatData[float32](t)
		if err != nil {
			return nil, err
		}
		t.MustFinalizeAll()
		return transformer.ToBFloat16(flat, dims...), nil
	case dtype == "float32" && t.DType() == dtypes.BFloat16:
		half, err := tensors.CopyFlatData[bfloat16.BFloat16](t)
		if err != nil {
			return nil, err
		}
		t.MustFinalizeAll()
		flat := make([]float32, len(half))
		for i, x := range half {
			flat[i] = x.Float32()
		}
		return tensors.FromFlatDataAndDimensions(flat, dims...), nil
	}
	return t, nil
}
