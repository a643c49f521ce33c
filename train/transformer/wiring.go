package transformer

import (
	"fmt"
	"slices"
)

// Wiring says which parts of a block act, all with the block's own weights and norms. Without
// residual connections attention alone makes all tokens equal as depth grows (Dong et al. 2021,
// arXiv 2103.03404); the wirings tell apart what keeps a decoder from it.
type Wiring string

// The wirings, from least to most. N is the norm in front of each half. The empty name means the
// full block.
const (
	PureAttention     Wiring = "pure attention"       // x ← Attn(N(x))
	AttentionResidual Wiring = "attention + residual" // x ← x + Attn(N(x))
	FullBlock         Wiring = "full block"           // y = x + Attn(N(x)), x ← y + MLP(N(y))
)

// Wirings lists them in that order.
func Wirings() []Wiring { return []Wiring{PureAttention, AttentionResidual, FullBlock} }

// Validate names the wirings that there are if w is none of them.
func (w Wiring) Validate() error {
	if w != "" && !slices.Contains(Wirings(), w) {
		return fmt.Errorf("wiring %q: must be one of %q", string(w), Wirings())
	}
	return nil
}
