package transformer

import (
	"fmt"
	"slices"
)

// The switches that tell decoders of other families from Llama's. The zero value of each
// is Llama's.

// Bias names the products that have a bias added.
type Bias struct {
	QKV bool `json:"qkv,omitempty"` // queries, keys and values
	Out bool `json:"out,omitempty"` // the heads' output projection
	MLP bool `json:"mlp,omitempty"` // gate, up and down
}

// QKNorm says over what queries and keys are normalised (RMSNorm) before they are turned.
type QKNorm string

const (
	QKNormHead  QKNorm = "head"  // each head by itself, one gain [Dh] for all (Qwen3, Gemma 3)
	QKNormWidth QKNorm = "width" // all heads together, gains [H·Dh] and [K·Dh] (OLMo 2)
)

// NormKind is the norm of the residual stream.
type NormKind string

// NormLayer is (x − mean) / √(variance + ε) · gain + bias. The empty name is RMSNorm.
const NormLayer NormKind = "layer"

// Placement says where the norms of a block stand. The empty name is x + f(N(x)).
type Placement string

const (
	PlacementSandwich Placement = "sandwich" // x + N(f(N(x))) (Gemma 2 and 3)
	PlacementPost     Placement = "post"     // x + N(f(x)) (OLMo 2)
)

// OutGate says how finely the heads' outputs are gated (Qiu et al. 2025, arXiv 2505.06708): z is
// multiplied by σ(W_g h) before the output projection, h what attention reads, the normed input.
type OutGate string

const (
	OutGateHead    OutGate = "head"    // one number a head, W_g [H, D]
	OutGateElement OutGate = "element" // one a head and channel, W_g [H·Dh, D]
)

// gateWidth is how many numbers the gate of a head has.
func (c *Config) gateWidth() int {
	if c.OutGate == OutGateElement {
		return c.HeadDim
	}
	return 1
}

// pre and post tell whether there are norms before and after the halves of a block.
func (p Placement) pre() bool  { return p != PlacementPost }
func (p Placement) post() bool { return p != "" }

// RotaryWidth is R, the numbers of a head that are turned, the first ones.
func (c *Config) RotaryWidth() int {
	if c.RotaryDim > 0 {
		return c.RotaryDim
	}
	return c.HeadDim
}

// checkSwitches says what is wrong with the switches.
func (c *Config) checkSwitches() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains([]QKNorm{"", QKNormHead, QKNormWidth}, c.QKNorm) {
		bad("qk_norm = %q: must be head or width", string(c.QKNorm))
	}
	if c.Norm != "" && c.Norm != NormLayer {
		bad("norm = %q: must be layer, or empty for RMSNorm", string(c.Norm))
	}
	if !slices.Contains([]Placement{"", PlacementSandwich, PlacementPost}, c.Placement) {
		bad("norm_placement = %q: must be sandwich or post", string(c.Placement))
	}
	if !slices.Contains([]OutGate{"", OutGateHead, OutGateElement}, c.OutGate) {
		bad("out_gate = %q: must be head or element, or empty for none", string(c.OutGate))
	}
	if c.ScoreScale < 0 || !(c.ScoreScale <= 1e6) {
		bad("score_scale = %g: must be above 0 and finite, or 0 for 1/√Dh", c.ScoreScale)
	}
	if r := c.RotaryDim; r < 0 || r > c.HeadDim || r%2 != 0 {
		bad("rotary_dim = %d: must be even and at most head_dim = %d, or 0 for all of it", r, c.HeadDim)
	}
	if c.LearnedPositions < 0 || c.LearnedPositions > 1<<24 {
		bad("learned_positions = %d: must be between 0 and 2²⁴", c.LearnedPositions)
	}
	if c.LearnedPositions > 0 && c.LearnedPositions < c.Context {
		bad("learned_positions = %d: fewer than context = %d", c.LearnedPositions, c.Context)
	}
	return errs
}

// Unlike names the first switch, of those given, that is not Llama's. It is for computations
// that hold for some decoders only.
func (c *Config) Unlike(switches ...string) string {
	on := map[string]bool{
		"bias.mlp": c.Bias.MLP, "norm": c.Norm != "", "norm_placement": c.Placement != "",
		"parallel": c.Parallel, "plain_mlp": c.PlainMLP, "out_gate": c.OutGate != "",
	}
	for _, s := range switches {
		is, known := on[s]
		if !known {
			panic(fmt.Sprintf("transformer: no switch %q", s))
		}
		if is {
			return s
		}
	}
	return ""
}
