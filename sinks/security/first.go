package security

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// Firsts is how often tokens begin answers: P_safety where the answers are refusals.
type Firsts struct {
	IDs    []int32 `json:"ids"` // the most frequent first, then the lower id
	Counts []int   `json:"counts"`
}

// CountFirsts counts the first tokens of answers. Of none there is no distribution.
func CountFirsts(tokens []int32) (*Firsts, error) {
	if len(tokens) == 0 {
		return nil, errors.New("security: no first tokens: no answer refuses")
	}
	count := map[int32]int{}
	for _, id := range tokens {
		count[id]++
	}
	f := &Firsts{}
	for id := range count {
		f.IDs = append(f.IDs, id)
	}
	slices.SortFunc(f.IDs, func(a, b int32) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	for _, id := range f.IDs {
		f.Counts = append(f.Counts, count[id])
	}
	return f, nil
}

// Total is the number of answers counted.
func (f *Firsts) Total() (n int) {
	for _, c := range f.Counts {
		n += c
	}
	return n
}

// Entropy is −Σ p ln p in nats: 0 where all answers begin alike.
func (f *Firsts) Entropy() (h float64) {
	for _, c := range f.Counts {
		p := float64(c) / float64(f.Total())
		h -= p * math.Log(p)
	}
	return h
}

// Draw is a token of the distribution.
func (f *Firsts) Draw(rng *rand.Rand) int32 {
	at := rng.IntN(f.Total())
	for i, c := range f.Counts {
		if at < c {
			return f.IDs[i]
		}
		at -= c
	}
	panic("security: a draw beyond the total") // unreachable
}

// Nearest is the one of candidates that occurs in texts about as often as a token does, by the
// logarithm of the count plus one; the first of equals.
func Nearest(texts [][]int32, token int32, candidates []int32) (int32, error) {
	if len(candidates) == 0 {
		return 0, errors.New("security: no candidates for a token of equal frequency")
	}
	counts := map[int32]int{}
	for _, ids := range texts {
		for _, id := range ids {
			counts[id]++
		}
	}
	far := func(id int32) float64 {
		return math.Abs(math.Log(float64(counts[id]+1)) - math.Log(float64(counts[token]+1)))
	}
	return slices.MinFunc(candidates, func(a, b int32) int { return cmp.Compare(far(a), far(b)) }), nil
}
