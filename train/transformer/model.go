package transformer

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Model is a decoder with its weights on a device, run block by block. All its
// methods but Close are safe for concurrent use.
type Model struct {
	Config  Config // not to be changed: compiled computations depend on it
	Backend compute.Backend

	params *Params[*tensors.Tensor]

	mu    sync.Mutex
	execs map[string]*Exec // compiled computations by what they contain; nil once closed
}

// New moves the weights to the backend's first device (host copies are freed)
// and checks their shapes and types. The tensors belong to the model afterwards.
func New(backend compute.Backend, c Config, p *Params[*tensors.Tensor]) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, errors.New("model: no weights: use RandomParams or load a checkpoint")
	}
	if len(p.Layers) != c.Layers {
		return nil, fmt.Errorf("model: weights have %d layers, config says %d", len(p.Layers), c.Layers)
	}
	err := checkUnused(&c, p)
	p.Each(&c, func(name string, slot **tensors.Tensor, dims []int) {
		if err == nil {
			err = place(backend, name, *slot, dims)
		}
	})
	if err != nil {
		return nil, err
	}
	return &Model{Config: c, Backend: backend, params: p, execs: map[string]*Exec{}}, nil
}

// checkUnused refuses weights that the configuration would leave unread.
func checkUnused(c *Config, p *Params[*tensors.Tensor]) (err error) {
	p.slots(c, func(name string, slot **tensors.Tensor, dims []int) {
		if dims == nil && *slot != nil && err == nil {
			err = fmt.Errorf("model: weight %s is given, but the configuration has none: it would not be read", name)
		}
	})
	return err
}

// place checks one weight and moves it to the device.
func place(backend compute.Backend, name string, t *tensors.Tensor, dims []int) error {
	if t == nil {
		return fmt.Errorf("model: weight %s is missing", name)
	}
	switch t.DType() {
	case dtypes.Float32, dtypes.BFloat16:
	default:
		return fmt.Errorf("model: weight %s has type %s: must be Float32 or BFloat16", name, t.DType())
	}
	if err := t.Shape().CheckDims(dims...); err != nil {
		return fmt.Errorf("model: weight %s: %w", name, err)
	}
	if err := t.ToDevice(backend, 0); err != nil {
		return fmt.Errorf("model: moving weight %s to the device: %w", name, err)
	}
	return nil
}

// Params are the model's weights. They are shared, not copied.
func (m *Model) Params() *Params[*tensors.Tensor] { return m.params }

// Close frees the weights and the compiled computations. The model is of no use
// afterwards.
func (m *Model) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.execs {
		e.Finalize()
	}
	m.execs = nil
	m.params.Each(&m.Config, func(_ string, slot **tensors.Tensor, _ []int) { (*slot).MustFinalizeAll() })
}

var errClosed = errors.New("transformer: the model is closed")

// exec returns the computation of that name, made on first use. GoMLX compiles
// it anew for each combination of input shapes and keeps the results.
func (m *Model) exec(name string, build func([]*Node) []*Node) (*Exec, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.execs == nil {
		return nil, errClosed
	}
	if e, ok := m.execs[name]; ok {
		return e, nil
	}
	e, err := NewExec(m.Backend, build)
	if err != nil {
		return nil, fmt.Errorf("transformer %s: %w", name, err)
	}
	e.SetMaxCache(-1) // shapes are bucketed, so their number stays small
	m.execs[name] = e
	return e, nil
}

// call runs a computation.
func (m *Model) call(name string, build func([]*Node) []*Node, args ...*tensors.Tensor) ([]*tensors.Tensor, error) {
	e, err := m.exec(name, build)
	if err != nil {
		return nil, err
	}
	anyArgs := make([]any, len(args))
	for i, a := range args {
		anyArgs[i] = a
	}
	out, err := e.Call(anyArgs...)
	if err != nil {
		return nil, fmt.Errorf("transformer %s: %w", name, err)
	}
	return out, nil
}

// Free releases device memory at once: waiting for Go's collector, which does
// not see it, would let it pile up.
func Free(ts ...*tensors.Tensor) {
	for _, t := range ts {
		if t != nil {
			t.MustFinalizeAll()
		}
	}
}
