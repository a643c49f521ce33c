package transformer

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/gomlx/core/tensors"
)

// Params holds one element per weight: a *tensors.Tensor on the host or device,
// or a *graph.Node while a graph is built. Matrices are [out, in], as in
// checkpoints: y = W x.
type Params[E any] struct {
	Embed    E // [V, D]
	Position E // [P, D], rows added by position; P = Config.LearnedPositions
	Layers   []Layer[E]
	Norm     E // [D], gain of the final norm
	NormBias E // [D], its bias; LayerNorm alone has one
	Output   E // [V, D]; unset when Config.TiedOutput
}

// Layer is the weights of one block; those that the configuration does without are unset.
// Query and Key rows are ordered for half-split rotary pairs: within a head, row i turns
// with row i + R/2.
type Layer[E any] struct {
	AttnNorm, AttnNormBias         E // [D], in front of attention
	Query                          E // [H·Dh, D]
	Key                            E // [K·Dh, D]
	Value                          E // [K·Dh, D]
	QueryBias, KeyBias, ValueBias  E // [H·Dh], [K·Dh], [K·Dh]
	QueryNorm, KeyNorm             E // gains, [Dh] both or [H·Dh] and [K·Dh]
	Out                            E // [D, H·Dh]
	OutBias                        E // [D]
	AttnPostNorm, AttnPostNormBias E // [D], behind attention
	MLPNorm, MLPNormBias           E // [D], in front of the MLP
	Gate, GateBias                 E // [F, D], [F]
	Up, UpBias                     E // [F, D], [F]
	Down, DownBias                 E // [D, F], [D]
	MLPPostNorm, MLPPostNormBias   E // [D], behind the MLP
	Sink                           E // [H]; only for patterns with a learned sink logit
	SinkKey                        E // [K·Dh]; only for patterns with a learned key
	OutGate                        E // [H, D] or [H·Dh, D]; see Config.OutGate
}

// Each visits every weight that the configuration has, in a fixed order, with
// its name ("embed", "layers.3.query", …), its slot and its dimensions.
func (p *Params[E]) Each(c *Config, visit func(name string, slot *E, dims []int)) {
	p.slots(c, having(visit))
}

// Each visits the weights of one block, in a fixed order.
func (w *Layer[E]) Each(c *Config, visit func(name string, slot *E, dims []int)) {
	w.slots(c, having(visit))
}

// having leaves out the slots that the configuration has no weight for.
func having[E any](visit func(name string, slot *E, dims []int)) func(string, *E, []int) {
	return func(name string, slot *E, dims []int) {
		if dims != nil {
			visit(name, slot, dims)
		}
	}
}

// when is the dimensions of a weight that there is only if the configuration has it.
func when(has bool, dims ...int) []int {
	if has {
		return dims
	}
	return nil
}

// slots visits all slots that there are, with nil for the dimensions of a weight that
// the configuration does without.
func (p *Params[E]) slots(c *Config, visit func(name string, slot *E, dims []int)) {
	visit("embed", &p.Embed, []int{c.Vocab, c.Width})
	visit("position", &p.Position, when(c.LearnedPositions > 0, c.LearnedPositions, c.Width))
	for l := range p.Layers {
		p.Layers[l].slots(c, func(name string, slot *E, dims []int) {
			visit(fmt.Sprintf("layers.%d.%s", l, name), slot, dims)
		})
	}
	visit("norm", &p.Norm, []int{c.Width})
	visit("norm_bias", &p.NormBias, when(c.Norm == NormLayer, c.Width))
	visit("output", &p.Output, when(!c.TiedOutput, c.Vocab, c.Width))
}

func (w *Layer[E]) slots(c *Config, visit func(name string, slot *E, dims []int)) {
	d, f, q, kv := c.Width, c.Hidden, c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	norm := func(name string, has bool, gain, bias *E) {
		visit(name, gain, when(has, d))
		visit(name+"_bias", bias, when(has && c.Norm == NormLayer, d))
	}
	normedQ, normedKV := c.HeadDim, c.HeadDim
	if c.QKNorm == QKNormWidth {
		normedQ, normedKV = q, kv
	}
	norm("attn_norm", c.Placement.pre(), &w.AttnNorm, &w.AttnNormBias)
	visit("query", &w.Query, []int{q, d})
	visit("key", &w.Key, []int{kv, d})
	visit("value", &w.Value, []int{kv, d})
	visit("query_bias", &w.QueryBias, when(c.Bias.QKV, q))
	visit("key_bias", &w.KeyBias, when(c.Bias.QKV, kv))
	visit("value_bias", &w.ValueBias, when(c.Bias.QKV, kv))
	visit("query_norm", &w.QueryNorm, when(c.QKNorm != "", normedQ))
	visit("key_norm", &w.KeyNorm, when(c.QKNorm != "", normedKV))
	visit("out", &w.Out, []int{d, q})
	visit("out_bias", &w.OutBias, when(c.Bias.Out, d))
	norm("attn_post_norm", c.Placement.post(), &w.AttnPostNorm, &w.AttnPostNormBias)
	norm("mlp_norm", c.Placement.pre(), &w.MLPNorm, &w.MLPNormBias)
	visit("gate", &w.Gate, when(!c.PlainMLP, f, d))
	visit("gate_bias", &w.GateBias, when(!c.PlainMLP && c.Bias.MLP, f))
	visit("up", &w.Up, []int{f, d})
	visit("up_bias", &w.UpBias, when(c.Bias.MLP, f))
	visit("down", &w.Down, []int{d, f})
	visit("down_bias", &w.DownBias, when(c.Bias.MLP, d))
	norm("mlp_post_norm", c.Placement.post(), &w.MLPPostNorm, &w.MLPPostNormBias)
	visit("sink", &w.Sink, when(c.Pattern.Kind == PatternSinkLogit, c.Heads))
	visit("sink_key", &w.SinkKey, when(c.Pattern.Kind == PatternKeyBias, kv))
	visit("out_gate", &w.OutGate, when(c.OutGate != "", c.Heads*c.gateWidth(), d))
}

// llamaMatrices are those that RandomParams draws from the common stream.
var llamaMatrices = []string{"embed", "query", "key", "value", "out", "gate", "up", "down", "output"}

// maxRandom bounds what RandomParams holds on the host: 16 GiB of float32.
const maxRandom = 1 << 32

// RandomParams draws the weights that Llama-style training starts from: norms 1,
// matrices and learned keys N(0, std²), those that write to the residual stream divided by √(2L),
// sink logits and biases 0. The matrices of today's Llama are drawn from one stream, in
// their order; any other has a stream of its own, so that a seed gives the same rest with
// it and without it. dtype is Float32 or BFloat16; the same seed gives the same
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
		case strings.HasSuffix(name, ".sink"), strings.HasSuffix(name, "_bias"):
		case len(dims) == 1 && !strings.HasSuffix(name, ".sink_key"):
			for i := range data {
				data[i] = 1
			}
		default:
			scale := std
			if strings.HasSuffix(name, ".out") || strings.HasSuffix(name, ".down") {
				scale /= math.Sqrt(2 * float64(c.Layers))
			}
			from := rng
			if !slices.Contains(llamaMatrices, name[strings.LastIndexByte(name, '.')+1:]) {
				h := fnv.New64a()
				h.Write([]byte(name))
				from = rand.New(rand.NewPCG(seed, h.Sum64()))
			}
			for i := range data {
				data[i] = float32(from.NormFloat64() * scale)
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
