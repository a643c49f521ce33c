package corpus

import (
	"fmt"
	"slices"
	"strings"
)

// Mask says which tokens of a window a token may attend to.
type Mask string

const (
	// MaskCausal lets a token see all tokens before it, those of other documents included.
	MaskCausal Mask = "causal"
	// MaskIntraDocument lets a token see the tokens before it in its own document only.
	MaskIntraDocument Mask = "intra-document"
)

// BOS says where ⟨bos⟩ stands in training windows.
type BOS string

const (
	// BOSNone trains without ⟨bos⟩.
	BOSNone BOS = "none"
	// BOSDocument puts ⟨bos⟩ before the first token of each document, as part of that document.
	BOSDocument BOS = "document"
	// BOSFixed makes ⟨bos⟩ token 1 of every window, in place of a token of text. It belongs to no
	// document, and every document of the window sees it, under intra-document masking too.
	BOSFixed BOS = "fixed"
)

// Positions says how the positions of a window are counted.
type Positions string

const (
	// PositionsContinued counts 0, 1, …, T−1 through the window.
	PositionsContinued Positions = "continued"
	// PositionsRestarted begins anew with each document of the window, at 0; at 1 if ⟨bos⟩ is
	// fixed, which is at 0, so that each document stands to it as if it alone followed. What is
	// left of a document that began in an earlier window starts over too.
	PositionsRestarted Positions = "restarted"
)

// Packing says how documents become training windows of T tokens.
//
// The documents of an epoch are concatenated, in an order drawn anew for each epoch, and the stream
// is cut into windows. A document longer than what is left of a window goes on in the next, as a
// document of its own there. A window has T inputs and a target for each, the next token of the
// stream. Which targets count in the loss:
//
//   - ⟨bos⟩ as a target never does: it marks where a document was cut off from the one before, and is no text.
//   - Under intra-document masking, the first token of a document does not count as the target of the last token of another:
//     nothing of its document is visible there. After the document's ⟨bos⟩ it counts.
//   - Under causal masking it does count. There the concatenation is the text, as in the pre-training it stands for:
//     all that precedes is visible, and that a new document follows is part of what the model is to predict. With ⟨bos⟩ at
//     document starts the question does not arise, for the target is ⟨bos⟩.
//   - ⟨eos⟩ is the last token of its document and counts.
//   - Fixed ⟨bos⟩: the first token of the window's text counts as the target of ⟨bos⟩, and so does not count a second time as
//     the target of the last token of the window before. Position T therefore has no target that counts.
//
// So no token counts twice in an epoch. The zero value is not valid: start from [DefaultPacking].
type Packing struct {
	Mask Mask `json:"mask"`
	BOS  BOS  `json:"bos"`
	// EOS puts ⟨eos⟩ after the last token of each document.
	EOS       bool      `json:"eos"`
	Positions Positions `json:"positions"`
}

// DefaultPacking is the commonest pre-training: concatenated documents under a causal mask, ⟨eos⟩
// between them.
func DefaultPacking() Packing {
	return Packing{Mask: MaskCausal, BOS: BOSNone, EOS: true, Positions: PositionsContinued}
}

// PaperPackings lists the five packings that models are trained with in Table 2 of Barbero et al.
// (arXiv 2504.02732), in its order. The paper says nothing of ⟨eos⟩ and positions: here there is no
// ⟨eos⟩, and positions are continued. Under intra-document masking without fixed ⟨bos⟩, a rotary
// model cannot tell the latter from restarted ones.
func PaperPackings() []Packing {
	at := func(m Mask, b BOS) Packing { return Packing{Mask: m, BOS: b, Positions: PositionsContinued} }
	return []Packing{
		at(MaskCausal, BOSNone), at(MaskCausal, BOSFixed),
		at(MaskIntraDocument, BOSNone), at(MaskIntraDocument, BOSDocument), at(MaskIntraDocument, BOSFixed),
	}
}

// Packings lists all packings, 24 of them.
func Packings() []Packing {
	var all []Packing
	for _, m := range masks {
		for _, b := range boses {
			for _, eos := range []bool{false, true} {
				for _, p := range positions {
					all = append(all, Packing{m, b, eos, p})
				}
			}
		}
	}
	return all
}

var (
	masks     = []Mask{MaskCausal, MaskIntraDocument}
	boses     = []BOS{BOSNone, BOSDocument, BOSFixed}
	positions = []Positions{PositionsContinued, PositionsRestarted}
)

// Validate reports the first field that makes no sense.
func (p Packing) Validate() error {
	switch {
	case !slices.Contains(masks, p.Mask):
		return fmt.Errorf("corpus: Packing.Mask is %q: use one of %q", p.Mask, masks)
	case !slices.Contains(boses, p.BOS):
		return fmt.Errorf("corpus: Packing.BOS is %q: use one of %q", p.BOS, boses)
	case !slices.Contains(positions, p.Positions):
		return fmt.Errorf("corpus: Packing.Positions is %q: use one of %q", p.Positions, positions)
	}
	return nil
}

// String names the packing: "causal", "intra-document, bos fixed, eos, positions restarted". It
// says nothing of what is absent (⟨bos⟩, ⟨eos⟩) or continued (positions).
func (p Packing) String() string {
	parts := []string{string(p.Mask)}
	if p.BOS != BOSNone {
		parts = append(parts, "bos "+string(p.BOS))
	}
	if p.EOS {
		parts = append(parts, "eos")
	}
	if p.Positions != PositionsContinued {
		parts = append(parts, "positions "+string(p.Positions))
	}
	return strings.Join(parts, ", ")
}

// Visible is the mask of one window with the given segments, flat [T, S] with T = S =
// len(segments), row = query:
//
//	visible(t, s) = s ≤ t ∧ (causal ∨ segments[t] = segments[s] ∨ (⟨bos⟩ fixed ∧ s = 0))
func (p Packing) Visible(segments []int32) []bool {
	n := len(segments)
	visible := make([]bool, n*n)
	for t := range n {
		for s := range t + 1 {
			visible[t*n+s] = p.Mask == MaskCausal || segments[t] == segments[s] || (p.BOS == BOSFixed && s == 0)
		}
	}
	return visible
}
