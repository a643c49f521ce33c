package probe

import "fmt"

// Front is what stands in front of a text: the ways of taking ⟨bos⟩ away, each of which changes
// something else.
//
// Leaving it out changes the token, everybody's position, and whether there is anything to attend
// to; masked, only the last of these is gone, and with a random token only the first.
type Front string

const (
	FrontBOS     Front = "with"    // ⟨bos⟩ + text
	FrontNone    Front = "without" // text
	FrontMasked  Front = "masked"  // ⟨bos⟩ + text, its key hidden from all later queries
	FrontRandom  Front = "random"  // a token drawn from the texts + text
	FrontDoubled Front = "doubled" // ⟨bos⟩ ⟨bos⟩ + text
)

// Fronts lists them all.
func Fronts() []Front { return []Front{FrontBOS, FrontNone, FrontMasked, FrontRandom, FrontDoubled} }

// Lead is the number of tokens before the text.
func (f Front) Lead() int {
	switch f {
	case FrontNone:
		return 0
	case FrontDoubled:
		return 2
	}
	return 1
}

// Documents puts the front before the beginnings of texts, so that each document has t tokens in
// all, and returns what is to be done to the model besides. Token j of a text is at j + Lead. The
// random tokens are the middle ones of the next text.
func (f Front) Documents(texts [][]int32, t int, bos int32) (docs [][]int32, interventions []Intervention, err error) {
	for i, text := range texts {
		if len(text) < t {
			return nil, nil, fmt.Errorf("probe: text %d of %d has %d tokens, fewer than T = %d: choose longer texts", i+1, len(texts), len(text), t)
		}
	}
	if docs, interventions, err = f.Whole(texts, bos); err != nil {
		return nil, nil, err
	}
	for i := range docs {
		docs[i] = docs[i][:t]
	}
	return docs, interventions, nil
}

// Whole is Documents with whole texts, of whatever lengths.
func (f Front) Whole(texts [][]int32, bos int32) (docs [][]int32, interventions []Intervention, err error) {
	return f.whole(texts, bos, 0)
}

// whole is Whole, with the random token of draw 0 from the next text, of draw 1 from the one behind
// it, and so on.
func (f Front) whole(texts [][]int32, bos int32, draw int) (docs [][]int32, interventions []Intervention, err error) {
	for i, text := range texts {
		var front []int32
		switch f {
		case FrontNone:
		case FrontBOS, FrontMasked:
			front = []int32{bos}
		case FrontRandom:
			at := (i + 1 + draw) % len(texts)
			if len(texts[at]) == 0 {
				return nil, nil, fmt.Errorf("probe: text %d of %d is empty: no token can be drawn from it", at+1, len(texts))
			}
			front = []int32{texts[at][len(texts[at])/2]}
		case FrontDoubled:
			front = []int32{bos, bos}
		default:
			return nil, nil, fmt.Errorf("probe: unknown front %q: use one of %q", string(f), Fronts())
		}
		docs = append(docs, append(front, text...))
	}
	if f == FrontMasked {
		interventions = []Intervention{MaskKey{Pos: 0}}
	}
	return docs, interventions, nil
}
