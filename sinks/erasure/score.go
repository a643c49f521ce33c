package erasure

import (
	"cmp"
	"math"
	"slices"
)

// Offsets are the tokens that probes read, counted from the token whose state they read.
const Offsets = 4 // the token itself, the one before it, …, the third before it

// Lost is how much less probability probes give to the true token after the later of two blocks,
// [Offsets][T]: δ(t, −i). NaN where there is no such token or none is read.
type Lost [][]float64

// Score is the erasure score ψ of a span: what is lost of its last token at that token, and, at each
// of its tokens, of the two before, counted against it where these stand outside; the sum over 1 +
// the number of these terms. A span that is forgotten as a whole, inside and not around, scores
// high.
func (l Lost) Score(s Span) float64 {
	sum, n := l[0][s.To], 1
	for t := s.From; t <= s.To; t++ {
		for i := 1; i <= 2; i++ {
			d := l[i][t]
			if math.IsNaN(d) {
				continue
			}
			if t-i < s.From {
				d = -d
			}
			sum += d
			n++
		}
	}
	return sum / float64(n)
}

// Segment divides the tokens from to to−1 into spans of at most most tokens: the span that scores
// highest first, then the highest of those that do not overlap it, and so on; the earlier and
// shorter of equals. Spans come in order.
func (l Lost) Segment(from, to, most int) (spans []Span) {
	type scored struct {
		Span
		score float64
	}
	var all []scored
	for p := from; p < to; p++ {
		for q := p; q < min(to, p+most); q++ {
			all = append(all, scored{Span{p, q}, l.Score(Span{p, q})})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	taken := make([]bool, to)
	for _, s := range all {
		if !slices.Contains(taken[s.From:s.To+1], true) {
			spans = append(spans, s.Span)
			for t := s.From; t <= s.To; t++ {
				taken[t] = true
			}
		}
	}
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	return spans
}
