package quantize

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"

	"firsttoken/train/transformer"
)

// Net is a model's weights on the host, as float32, to be rewritten. Its methods change it in
// place.
type Net struct {
	Config  transformer.Config
	weights *transformer.Params[[]float32]
}

// Read copies a model's weights, which stay as they are.
func Read(m *transformer.Model) (*Net, error) {
	n := &Net{Config: m.Config, weights: &transformer.Params[[]float32]{Layers: make([]transformer.Layer[[]float32], m.Config.Layers)}}
	var from []*tensors.Tensor
	m.Params().Each(&m.Config, func(_ string, slot **tensors.Tensor, _ []int) { from = append(from, *slot) })
	var err error
	n.weights.Each(&n.Config, func(name string, slot *[]float32, _ []int) {
		if err == nil {
			if *slot, err = floats(from[0]); err != nil {
				err = fmt.Errorf("quantize: reading weight %s: %w", name, err)
			}
		}
		from = from[1:]
	})
	return n, err
}

// floats copies a tensor of float32 or bfloat16.
func floats(t *tensors.Tensor) ([]float32, error) {
	if t.DType() != dtypes.BFloat16 {
		return tensors.CopyFlatData[float32](t)
	}
	half, err := tensors.CopyFlatData[bfloat16.BFloat16](t)
	out := make([]float32, len(half))
	for i, x := range half {
		out[i] = x.Float32()
	}
	return out, err
}

// Model is the net on a backend's device, where the caller closes it.
func (n *Net) Model(b compute.Backend) (*transformer.Model, error) {
	p := &transformer.Params[*tensors.Tensor]{Layers: make([]transformer.Layer[*tensors.Tensor], n.Config.Layers)}
	var from [][]float32
	n.weights.Each(&n.Config, func(_ string, slot *[]float32, _ []int) { from = append(from, *slot) })
	p.Each(&n.Config, func(_ string, slot **tensors.Tensor, dims []int) {
		*slot = tensors.FromFlatDataAndDimensions(from[0], dims...)
		from = from[1:]
	})
	return transformer.New(b, n.Config, p)
}

// Each visits the matrices of the blocks, those that linear maps multiply by: flat, rows of out
// numbers one after the other, with their site and how many numbers a row has.
func (n *Net) Each(visit func(layer int, site transformer.Site, w []float32, in int)) {
	for l := range n.weights.Layers {
		n.eachOf(l, func(site transformer.Site, w []float32) { visit(l, site, w, site.Width(&n.Config)) })
	}
}

// eachOf visits those of one block that the model has.
func (n *Net) eachOf(l int, visit func(site transformer.Site, w []float32)) {
	w := &n.weights.Layers[l]
	for _, m := range []struct {
		site transformer.Site
		w    []float32
	}{
		{transformer.SiteQKV, w.Query}, {transformer.SiteQKV, w.Key}, {transformer.SiteQKV, w.Value}, {transformer.SiteQKV, w.OutGate},
		{transformer.SiteOut, w.Out}, {transformer.SiteMLP, w.Gate}, {transformer.SiteMLP, w.Up}, {transformer.SiteDown, w.Down},
	} {
		if len(m.w) > 0 {
			visit(m.site, m.w)
		}
	}
}

// Scheme says how weights are rounded.
type Scheme string

// The schemes. Each row of a matrix is an output channel.
const (
	Float Scheme = "float" // not at all
	W8    Scheme = "w8"    // 8 bits, a step for each output channel
	W4    Scheme = "w4"    // 4 bits, a step for each 32 inputs of an output channel
)

// Validate refuses a scheme that there is not.
func (s Scheme) Validate() error {
	switch s {
	case Float, W8, W4:
		return nil
	}
	return fmt.Errorf("quantize: weights %q: use float, w8 or w4", string(s))
}

// group is the number of inputs that share a step in W4.
const group = 32

// Round rounds the matrices of all blocks. Embedding, output layer, norms and biases stay.
func (n *Net) Round(s Scheme) error {
	if err := s.Validate(); err != nil || s == Float {
		return err
	}
	n.Each(func(_ int, _ transformer.Site, w []float32, in int) {
		for len(w) > 0 {
			if s == W8 {
				RoundGroups(w[:in], 0, Most(8))
			} else {
				RoundGroups(w[:in], group, Most(4))
			}
			w = w[in:]
		}
	})
	return nil
}
