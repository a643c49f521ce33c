package transformer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
)

// Params holds one element per weight: a *tensors.Tensor on the host or device,
// or a *graph.Node while a graph is built. Matrices are [out, in], as in
// checkpoints: y = W x.
type Params[E any] struct {
	Embed  E // [V, D]
	Layers []Layer[E]
	Norm   E // [D], final RMSNorm gain
	Output E // [V, D]; unset when Config.TiedOutput
}

// Layer is the weights of one block. Query and Key rows are ordered for
// half-split rotary pairs: within a head, row i turns with row i + Dh/2.
type Layer[E any] struct {
	AttnNorm E // [D]
	Query    E // [H·Dh, D]
	Key      E // [K·Dh, D]
	Value    E // [K·Dh, D]
	Out      E // [D, H·Dh]
	MLPNorm  E // [D]
	Gate     E // [F, D]
	Up       E // [F, D]
	Down     E // [D, F]
	Sink     E // [H]; only for patterns with a learned sink logit
}

// Each visits every weight that the configuration has, in a fixed order, with
// its name ("embed", "layers.3.query", …), its slot and its dimensions.
func (p *Params[E]) Each(c *Config, visit func(name string, slot *E, dims []int)) {
	visit("embed", &p.Embed, []int{c.Vocab, c.Width})
	for l := range p.Layers {
		p.Layers[l].Each(c, func(name string, slot *E, dims []int) {
			visit(fmt.Sprintf("layers.%d.%s", l, name), slot, dims)
		})
	}
	visit("norm", &p.Norm, []int{c.Width})
	if !c.TiedOutput {
		visit("output", &p.Output, []int{c.Vocab, c.Width})
	}
}

// Each visits the weights of one block, in a fixed order.
func (w *Layer[E]) Each(c *Config, visit func(name string, slot *E, dims []int)) {
	d, q, kv := c.Width, c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	visit("attn_norm", &w.AttnNorm, []int{d})
	visit("query", &w.Query, []int{q, d})
	visit("key", &w.Key, []int{kv, d})
	visit("value", &w.Value, []int{kv, d})
	visit("out", &w.Out, []int{d, q})
	visit("mlp_norm", &w.MLPNorm, []int{d})
	visit("gate", &w.Gate, []int{c.Hidden, d})
	visit("up", &w.Up, []int{c.Hidden, d})
	visit("down", &w.Down, []int{d, c.Hidden})
	if c.Pattern.Kind == PatternSinkLogit {
		visit("sink", &w.Sink, []int{c.Heads})
	}
}

// maxRandom bounds what RandomParams holds on the host: 16 GiB of float32.
const maxRandom = 1 << 32

// RandomParams draws the weights that Llama-style training starts from: norms 1,
// matrices N(0, std²), those that write to the residual stream divided by √(2L),
// sink logits 0. dtype is Float32 or BFloat16; the same seed gives the same
// float32 values, and bfloat16 ones rounded from them.
func RandomParams(c *Config, dtype dtypes.DType, std float64, seed uint64) (*Params[*tensors.Tensor], error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if dtype != dtypes.Float32 && dtype != dtypes.BFloat16 {
		return nil, fmt.Errorf("random parameters: dtype %s: must be Float32 or BFloat16", dtype)
	}
	if !(std >= 0) || math.IsInf(std, 0) {
		return nil, fmt.Errorf("random parameters: std = %g: must be finite and not negative", std)
	}
	if n := c.Parameters(); n > maxRandom {
		return nil, fmt.Errorf("random parameters: %d weights: the limit is %d", n, maxRandom)
	}
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	p := &Params[*tensors.Tensor]{Layers: make([]Layer[*tensors.Tensor], c.Layers)}
	p.Each(c, func(name string, slot **tensors.Tensor, dims []int) {
		data := make([]float32, product(dims))
		switch {
		case strings.HasSuffix(name, ".sink"):
		case len(dims) == 1:
			for i := range data {
				data[i] = 1
			}
		default:
			scale := std
			if strings.HasSuffix(name, ".out") || strings.HasSuffix(name, ".down") {
				scale /= math.Sqrt(2 * float64(c.Layers))
			}
			for i := range data {
				data[i] = float32(rng.NormFloat64() * scale)
			}
		}
		if dtype == dtypes.BFloat16 {
			*slot = ToBFloat16(data, dims...)
		} else {
			*slot = tensors.FromFlatDataAndDimensions(data, dims...)
		}
	})
	return p, nil
}

// roundBFloat16 is the nearest number that bfloat16 has.
func roundBFloat16(x float32) float32 { return bfloat16.FromFloat32(x).Float32() }

// ToBFloat16 rounds float32 values to the nearest bfloat16, ties to even.
func ToBFloat16(data []float32, dims ...int) *tensors.Tensor {
	half := make([]bfloat16.BFloat16, len(data))
	for i, x := range data {
		half[i] = bfloat16.FromFloat32(x)
	}
	return tensors.FromFlatDataAndDimensions(half, dims...)
}
