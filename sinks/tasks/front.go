package tasks

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"firsttoken/sinks/probe"
	"firsttoken/train/tokenizer"
)

// Front is what stands before a text. The text's own tokens are the same under all of them.
type Front string

// The fronts. Masked and MaskedOther differ from Kept in what later queries see, not in tokens or positions.
const (
	Kept        Front = "kept"         // ⟨bos⟩, text
	Absent      Front = "absent"       // text
	Replaced    Front = "replaced"     // a random ordinary token, text
	Masked      Front = "masked"       // ⟨bos⟩, text; no later query sees ⟨bos⟩
	Doubled     Front = "doubled"      // ⟨bos⟩, ⟨bos⟩, text
	MaskedOther Front = "masked other" // ⟨bos⟩, text; no later query sees the text's token OtherKey: the control of Masked
)

// OtherKey is the text's token, 0-based, that MaskedOther hides.
const OtherKey = 4

// Fronts lists them, Kept first.
func Fronts() []Front { return []Front{Kept, Absent, Replaced, Masked, Doubled, MaskedOther} }

// Validate names the fronts that there are if f is none of them.
func (f Front) Validate() error {
	if !slices.Contains(Fronts(), f) {
		return fmt.Errorf("tasks: front %q: must be one of %q", f, Fronts())
	}
	return nil
}

// Offset is how many tokens stand before the text. With Loss[i] the loss of token i+1 given those before, Loss[Offset:] are the losses
// of the text's tokens 2, 3, … under every front.
func (f Front) Offset() int {
	switch f {
	case Absent:
		return 0
	case Doubled:
		return 2
	}
	return 1
}

// Put returns ids behind the front; random is the token of Replaced.
func (f Front) Put(ids []int32, bos, random int32) []int32 {
	if f == Replaced {
		bos = random
	}
	return append(slices.Repeat([]int32{bos}, f.Offset()), ids...)
}

// Interventions are those that belong to the front.
func (f Front) Interventions() []probe.Intervention {
	switch f {
	case Masked:
		return []probe.Intervention{probe.MaskKey{Pos: 0}}
	case MaskedOther:
		return []probe.Intervention{probe.MaskKey{Pos: f.Offset() + OtherKey}}
	}
	return nil
}

// RandomTokens draws n ordinary tokens, with repetition, from the whole vocabulary: none that is special.
func RandomTokens(tok *tokenizer.Tokenizer, n int, seed uint64) []int32 {
	rng := rand.New(rand.NewPCG(seed, 0xf407))
	ids := make([]int32, 0, n)
	for len(ids) < n {
		if id := rng.Int32N(int32(tok.VocabSize())); !tok.IsSpecial(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
