package transformer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Config is the architecture of a decoder. The zero value is not usable: fill
// it, or start from [Tiny].
type Config struct {
	Vocab   int `json:"vocab"`    // V, tokens in the vocabulary
	Width   int `json:"width"`    // D, width of the residual stream
	Layers  int `json:"layers"`   // L, blocks
	Heads   int `json:"heads"`    // H, query heads
	KVHeads int `json:"kv_heads"` // K, key/value heads; divides H
	HeadDim int `json:"head_dim"` // Dh, width of a head; even
	Hidden  int `json:"hidden"`   // F, hidden width of the MLP
	Context int `json:"context"`  // longest T the model is meant for

	NormEps   float64      `json:"norm_eps"`               // ε inside RMSNorm's square root
	RopeBase  float64      `json:"rope_base"`              // θ: pair i turns by position · θ^(−2i/R), R = Dh but for RotaryDim
	RopeScale *RopeScaling `json:"rope_scaling,omitempty"` // Llama 3's frequency scaling; nil for none
	// RopeFactors [R/2] divide the rotary frequencies one by one, as files
	// store them that carry the result of a scaling instead of its parameters.
	RopeFactors []float64 `json:"rope_factors,omitempty"`
	TiedOutput  bool      `json:"tied_output"` // the output matrix is the embedding

	// Kinds of layers by a letter each, and the layers' letters from the first on,
	// repeated and cut to L: with "LLLLLG" every sixth layer is a G. Empty: all alike.
	Kinds map[string]Kind `json:"kinds,omitempty"`
	Tile  string          `json:"tile,omitempty"`

	// Activation is the function of the MLP's gate; empty: SiLU.
	Activation Activation `json:"activation,omitempty"`
	// ScaleEmbed multiplies embeddings by √D on their way in, as Gemma does, though not
	// where the matrix serves as the output. The factor is rounded to the compute type,
	// as the implementations do that the weights come from (Google's in JAX, Hugging
	// Face's): for Gemma 7B, trained in bfloat16, √3072 is 55.4256 or 55.5.
	ScaleEmbed bool `json:"scale_embed,omitempty"`

	// Switches that tell other families from Llama's, see arch.go.
	Bias       Bias      `json:"bias,omitzero"`            // which products have a bias
	QKNorm     QKNorm    `json:"qk_norm,omitempty"`        // queries and keys are normalised
	ScoreScale float64   `json:"score_scale,omitempty"`    // factor of q·k; 0: 1/√Dh
	Norm       NormKind  `json:"norm,omitempty"`           // of the residual stream
	Placement  Placement `json:"norm_placement,omitempty"` // where a block's norms stand
	Parallel   bool      `json:"parallel,omitempty"`       // the MLP reads what attention reads: x + Attn(N(x)) + MLP(N'(x))
	PlainMLP   bool      `json:"plain_mlp,omitempty"`      // W_down a(W_up x), without a gate
	RotaryDim  int       `json:"rotary_dim,omitempty"`     // R, how many numbers of a head are turned; 0: all
	// LearnedPositions is the number of rows of a table of positions that is added to
	// the embeddings, as GPT-2 does; 0 for none. Nothing else makes a block notice
	// positions then: nothing is turned.
	LearnedPositions int `json:"learned_positions,omitempty"`

	Pattern Pattern `json:"pattern"` // how scores become a pattern; zero value: softmax
	// OutGate multiplies what heads have mixed by a gate that the token opens; empty: none.
	OutGate OutGate `json:"out_gate,omitempty"`

	// Compute is the type matrix products run in, "float32" (default) or
	// "bfloat16". Norms, the pattern and the residual stream stay in float32.
	Compute string `json:"compute,omitempty"`
}

// RopeScaling stretches the slow rotary frequencies as Llama 3.1 does: those of wavelengths
// above OriginalContext/LowFreqFactor are divided by Factor, those below
// OriginalContext/HighFreqFactor are kept, those between are interpolated. With Factor
// alone all frequencies are divided by it (linear scaling).
type RopeScaling struct {
	Factor          float64 `json:"factor"`
	LowFreqFactor   float64 `json:"low_freq_factor"`
	HighFreqFactor  float64 `json:"high_freq_factor"`
	OriginalContext int     `json:"original_context"`
}

// Tiny is a configuration that runs in milliseconds, for tests and examples:
// 2 layers, 4 query heads on 2 key/value heads, width 32.
func Tiny() Config {
	return Config{
		Vocab: 64, Width: 32, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 8, Hidden: 48,
		Context: 128, NormEps: 1e-5, RopeBase: 10000, TiedOutput: true,
	}
}

// Groups is G = H/K, the query heads that share one key/value head.
func (c *Config) Groups() int { return c.Heads / c.KVHeads }

// Parameters counts the weights of a valid configuration.
func (c *Config) Parameters() int {
	return c.count(func(string, []int) bool { return true })
}

// count is the size of those weights, of all blocks, that counts picks by name and dimensions; a
// block is looked at once.
func (c *Config) count(counts func(name string, dims []int) bool) int {
	outside, block := 0, 0
	add := func(to *int) func(string, *struct{}, []int) {
		return func(name string, _ *struct{}, dims []int) {
			if counts(name, dims) {
				*to += product(dims)
			}
		}
	}
	var p Params[struct{}]
	p.Each(c, add(&outside))
	var w Layer[struct{}]
	w.Each(c, add(&block))
	return outside + c.Layers*block
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// maxParameters refuses sizes that can only be a mistake: it is over twice the
// largest Llama.
const maxParameters = 1 << 40

// Validate says what is wrong with the configuration, all of it at once.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	// These limits keep the parameter count inside an int64.
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"vocab", c.Vocab, 1 << 24}, {"width", c.Width, 1 << 20}, {"layers", c.Layers, 1 << 12},
		{"heads", c.Heads, 1 << 12}, {"kv_heads", c.KVHeads, 1 << 12}, {"head_dim", c.HeadDim, 1 << 12},
		{"hidden", c.Hidden, 1 << 24}, {"context", c.Context, 1 << 30},
	} {
		if f.value < 1 || f.value > f.max {
			bad("%s = %d: must be between 1 and %d", f.name, f.value, f.max)
		}
	}
	if n := c.Parameters(); len(errs) == 0 && n > maxParameters {
		bad("%d parameters: the limit is %d; look for a dimension that is too large", n, maxParameters)
	}
	if c.KVHeads > 0 && c.Heads%c.KVHeads != 0 {
		bad("heads = %d is not a multiple of kv_heads = %d", c.Heads, c.KVHeads)
	}
	if c.HeadDim%2 != 0 {
		bad("head_dim = %d: rotary positions need an even width", c.HeadDim)
	}
	if !(c.NormEps > 0) || c.NormEps > 1 {
		bad("norm_eps = %g: must be in (0, 1]", c.NormEps)
	}
	errs = append(errs, checkRope("", c.RopeBase, c.RopeScale)...)
	errs = append(errs, c.checkKinds()...)
	errs = append(errs, c.checkSwitches()...)
	if n := len(c.RopeFactors); n > 0 {
		if c.RopeScale != nil {
			bad("rope_factors and rope_scaling are both given: use one")
		}
		if 2*n != c.RotaryWidth() {
			bad("rope_factors has %d entries: must be head_dim/2 = %d", n, c.RotaryWidth()/2)
		}
		for i, f := range c.RopeFactors {
			if !(f >= 1e-3 && f <= 1e6) {
				bad("rope_factors[%d] = %g: must be between 0.001 and 10⁶", i, f)
			}
		}
	}
	switch c.Compute {
	case "", "float32", "bfloat16":
	default:
		bad("compute = %q: must be float32 or bfloat16", c.Compute)
	}
	for _, err := range []error{c.Activation.Validate(), c.Pattern.Validate()} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("transformer config: %w", errors.Join(errs...))
	}
	return nil
}

// ParseConfig reads a Config from JSON. An unknown field is an error that names
// it, and so is anything after the object.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("transformer config: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Config{}, errors.New("transformer config: there is more text after the JSON object")
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}
