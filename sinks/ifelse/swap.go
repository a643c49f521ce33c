package ifelse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Swaps are the edits of the causal check of one text: key positions, 0-based,
// whose tokens are to be exchanged for others, one for one.
type Swaps struct {
	// Remove are the trigger's tokens. Exchanged for tokens outside the class,
	// the pattern is gone and attention should return to the sink.
	Remove []int `json:"remove"`
	// Control are as many other tokens, each the nearest one before a trigger
	// that is none itself. Exchanged for tokens outside the class, the pattern
	// is still there and attention should stay.
	Control []int `json:"control"`
	// Insert are up to as many random tokens whose queries find no pattern.
	// Exchanged for tokens of the class, attention should come.
	Insert []int `json:"insert"`
}

// Swaps chooses the edits of a text in which the pattern is present; a text in
// which it is not has none.
func (x Trigger) Swaps(tokens []string, seed uint64) Swaps {
	var s Swaps
	lags := x.lags(tokens)
	for p := 1; p+x.From < len(tokens); p++ {
		if x.Class.Match(tokens[p]) {
			s.Remove = append(s.Remove, p)
		}
	}
	for _, p := range s.Remove {
		for q := p - 1; q > 0; q-- {
			if !x.Class.Match(tokens[q]) && !slices.Contains(s.Control, q) {
				s.Control = append(s.Control, q)
				break
			}
		}
	}
	var free []int
	for p := 1; p+x.From < len(tokens); p++ {
		if lags[p+x.From] == 0 {
			free = append(free, p)
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	s.Insert = free[:min(len(free), len(s.Remove))]
	slices.Sort(s.Insert)
	return s
}

// InsertPlaces are the queries that find a token inserted at these positions.
func (x Trigger) InsertPlaces(positions []int) []Place {
	places := make([]Place, len(positions))
	for i, p := range positions {
		places[i] = Place{Query: p + x.From, Keys: []int{p}}
	}
	return places
}

// Exchange returns a copy of a text's token ids in which those at the positions
// are drawn from a pool. The pool says what they become: draw from all tokens of
// some texts, and frequent tokens come often.
func Exchange(ids []int32, positions []int, pool []int32, seed uint64) ([]int32, error) {
	if len(pool) == 0 {
		return nil, errors.New("ifelse: no tokens to draw from")
	}
	out := slices.Clone(ids)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, p := range positions {
		if p < 0 || p >= len(ids) {
			return nil, fmt.Errorf("ifelse: position %d of a text of %d tokens", p+1, len(ids))
		}
		out[p] = pool[rng.IntN(len(pool))]
	}
	return out, nil
}

// Swapped is what one head does in one text before and after the edits of Swaps.
type Swapped struct {
	Document int `json:"document"` // 0-based, among those given
	Queries  int `json:"queries"`  // that find the pattern in the text as it is

	// At these queries: as the text is, after Remove, after Control.
	Before, Removed, Control Masses
	// At queries that find no pattern: as the text is, after Insert.
	Without, Inserted Masses
}

// Masses are a head's mean attention at some queries.
type Masses struct {
	Sink    float64 `json:"sink"`    // to token 1
	Trigger float64 `json:"trigger"` // to the positions of the trigger, whatever token is there
}
