package transformer

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Rehearsed is what a rehearsal compiled, for a model of the same configuration.
type Rehearsed struct {
	config  Config
	backend compute.Backend

	mu    sync.Mutex
	execs map[string]*graph.Exec // nil once it is taken or freed
}

// Rehearse runs use on a stand-in for a model whose weights are still to be read: of its
// configuration and their types, but all zero, and one memory for all of the same shape. What use
// compiles is compiled for the model too, once it has taken the result ([Model.Take]). As compiling
// needs hundreds of MiB for a while, a process in little memory rehearses before it reads weights:
// the two are then not needed at once. The model is not use's to keep.
func Rehearse(backend compute.Backend, c Config, types func(weight string) dtypes.DType, use func(*Model) error) (*Rehearsed, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var all []*tensors.Tensor
	defer func() { Free(all...) }()
	zeros := func(shape shapes.Shape) (*tensors.Tensor, error) {
		for _, t := range all {
			if t.Shape().Equal(shape) {
				return t, nil
			}
		}
		t, err := tensors.FromShapeForBackend(backend, 0, shape)
		if err == nil {
			all = append(all, t)
		}
		return t, err
	}
	p, err := &Params[*tensors.Tensor]{Layers: make([]Layer[*tensors.Tensor], c.Layers)}, error(nil)
	p.Each(&c, func(name string, slot **tensors.Tensor, dims []int) {
		if err == nil {
			*slot, err = zeros(shapes.Make(types(name), dims...))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	m, err := New(backend, c, p)
	if err != nil {
		return nil, err
	}
	err = use(m)
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &Rehearsed{config: c, backend: backend, execs: m.execs}
	m.execs = nil // the stand-in is of no use afterwards, should use have kept it
	if err == nil && r.execs == nil {
		err = errClosed
	}
	if err != nil {
		r.Free()
		return nil, fmt.Errorf("rehearsal: %w", err)
	}
	return r, nil
}

// Free drops what was compiled, where no model takes it.
func (r *Rehearsed) Free() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.execs {
		e.Finalize()
	}
	r.execs = nil
}

// Take makes what was compiled the model's, which must be new, of the configuration that was
// rehearsed and on the same backend. It can be taken once.
func (m *Model) Take(r *Rehearsed) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.execs == nil:
		return errors.New("model: what was rehearsed is another model's by now, or was freed")
	case m.execs == nil:
		return errClosed
	case m.Backend != r.backend:
		return errors.New("model: it was rehearsed on another backend")
	case !reflect.DeepEqual(m.Config, r.config):
		return errors.New("model: what was rehearsed is of another configuration")
	case len(m.execs) > 0:
		return errors.New("model: it has already computed, and takes no rehearsal")
	}
	m.execs, r.execs = r.execs, nil
	return nil
}
