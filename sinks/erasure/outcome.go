package erasure

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"firsttoken/sinks/stats"
)

// Read is what probes read at the tokens of one document that they were not trained on.
type Read struct {
	Tokens []string
	Seen   []int         // [T] how often the token's type stands in the training documents
	Hit    [][][]bool    // [blocks][Offsets][T] the largest cosine is the true token's
	Prob   [][][]float32 // [blocks][Offsets][T] probability of the true token
	First  int           // tokens before are not read
}

// Counted are hits by document and how many there could be. Weighted where tokens are.
type Counted struct {
	Hits [][][]float64 `json:"hits"` // [blocks][Offsets][documents]
	Of   [][]float64   `json:"of"`   // [Offsets][documents]
}

// Outcome is what was read after which block.
type Outcome struct {
	Blocks []int `json:"blocks"` // that were read: 0 is the embedding, l what block l leaves
	// To is the last of the early blocks, and From, by offset, that of them after which most is read:
	// what is lost is lost between these two.
	From [Offsets]int `json:"from"`
	To   int          `json:"to"`
	// Several is the last tokens of words of several tokens; Single words of one; Matched the same,
	// weighted so that the tokens to be read are as rare in training as Several's.
	Several Counted `json:"several"`
	Single  Counted `json:"single"`
	Matched Counted `json:"matched"`

	// By document, of the segmentation by ψ between From and To: words of several tokens that are
	// spans of it, and would be if δ stood at other tokens (drawn); their number, and that of all
	// spans of several tokens.
	Found, Chance, Words, Spans []int
	// ψ of words of several tokens, and of all other spans of as many tokens, means by document.
	ScoreWords, ScoreOthers []float64

	Example Example `json:"example"`
}

// Example is the beginning of the first document.
type Example struct {
	Tokens []string    `json:"tokens"`
	Lost   [][]float64 `json:"lost"` // [Offsets][T], 0 where none is read
	Spans  []Span      `json:"spans"`
	Score  []float64   `json:"score"` // of spans
}

// mostTokens is the length of the longest span of a segmentation.
const mostTokens = 6

// exampleTokens is the length of the example.
const exampleTokens = 90

// Best is, by offset, that of the blocks 1 to to after which most of all tokens of some documents
// are read, the first of equals.
func Best(reads []Read, blocks []int, to int) (from [Offsets]int) {
	for i := range Offsets {
		most := -1
		for b, block := range blocks {
			hits := 0
			for _, r := range reads {
				for _, hit := range r.Hit[b][i][r.First:] {
					if hit {
						hits++
					}
				}
			}
			if 1 <= block && block <= to && hits > most {
				most, from[i] = hits, block
			}
		}
	}
	return from
}

// Reduce counts. blocks are those read, from, by offset, and to some of them.
func Reduce(reads []Read, blocks []int, from [Offsets]int, to int, seed uint64) (*Outcome, error) {
	o := &Outcome{Blocks: blocks, From: from, To: to}
	between := make([][2]int, Offsets)
	for i := range between {
		between[i] = [2]int{slices.Index(blocks, from[i]), slices.Index(blocks, to)}
		if len(reads) == 0 || slices.Min(between[i][:]) < 0 {
			return nil, fmt.Errorf("erasure: %d documents read after blocks %v: nothing to compare after blocks %d and %d", len(reads), blocks, from[i], to)
		}
	}
	for _, c := range []*Counted{&o.Several, &o.Single, &o.Matched} {
		*c = newCounted(len(blocks), len(reads))
	}
	weights := matchedWeights(reads)
	rng := rand.New(rand.NewPCG(seed, 0xe7a5))
	for d := range reads {
		r := &reads[d]
		for _, w := range Words(r.Tokens) {
			if w.To < r.First {
				continue
			}
			for i := range Offsets {
				if w.Len() > 1 {
					o.Several.add(r, d, i, w.To, 1)
					continue
				}
				o.Single.add(r, d, i, w.To, 1)
				o.Matched.add(r, d, i, w.To, weights[i][stratum(r, i, w.To)])
			}
		}
		o.segment(r, r.lost(between), rng)
	}
	o.example(&reads[0], reads[0].lost(between))
	return o, nil
}

func newCounted(blocks, docs int) Counted {
	c := Counted{Hits: make([][][]float64, blocks), Of: make([][]float64, Offsets)}
	for i := range c.Of {
		c.Of[i] = make([]float64, docs)
	}
	for b := range c.Hits {
		for range Offsets {
			c.Hits[b] = append(c.Hits[b], make([]float64, docs))
		}
	}
	return c
}

// add counts the token that is read at t.
func (c *Counted) add(r *Read, doc, offset, t int, weight float64) {
	c.Of[offset][doc] += weight
	for b := range c.Hits {
		if r.Hit[b][offset][t] {
			c.Hits[b][offset][doc] += weight
		}
	}
}

// stratum is how rare the token is that is read at t: in doublings of how often it was seen.
func stratum(r *Read, offset, t int) int { return bits.Len(uint(r.Seen[t-offset])) }

// matchedWeights are those of words of one token by offset and stratum: how many words of several
// tokens there are to one of them.
func matchedWeights(reads []Read) (weights [Offsets]map[int]float64) {
	var several, single [Offsets]map[int]float64
	for i := range Offsets {
		several[i], single[i], weights[i] = map[int]float64{}, map[int]float64{}, map[int]float64{}
	}
	for d := range reads {
		r := &reads[d]
		for _, w := range Words(r.Tokens) {
			for i := range Offsets {
				switch {
				case w.To < r.First:
				case w.Len() > 1:
					several[i][stratum(r, i, w.To)]++
				default:
					single[i][stratum(r, i, w.To)]++
				}
			}
		}
	}
	for i := range Offsets {
		for s, n := range single[i] {
			weights[i][s] = several[i][s] / n
		}
	}
	return weights
}

// lost is δ between two of the blocks that were read, by offset.
func (r *Read) lost(between [][2]int) Lost {
	l := make(Lost, Offsets)
	for i := range l {
		l[i] = make([]float64, len(r.Tokens))
		for t := range l[i] {
			if l[i][t] = math.NaN(); t >= r.First {
				l[i][t] = float64(r.Prob[between[i][0]][i][t]) - float64(r.Prob[between[i][1]][i][t])
			}
		}
	}
	return l
}

// segment adds a document's segmentation.
func (o *Outcome) segment(r *Read, l Lost, rng *rand.Rand) {
	words := slices.DeleteFunc(Words(r.Tokens), func(w Span) bool { return w.Len() < 2 || w.From < r.First })
	n := len(r.Tokens)
	found := func(l Lost) (hits, spans int) {
		for _, s := range l.Segment(r.First, n, mostTokens) {
			if s.Len() > 1 {
				spans++
			}
			if slices.Contains(words, s) {
				hits++
			}
		}
		return hits, spans
	}
	hits, spans := found(l)
	order := rng.Perm(n - r.First)
	shuffled := make(Lost, Offsets)
	for i := range shuffled {
		shuffled[i] = slices.Clone(l[i])
		for j, k := range order {
			shuffled[i][r.First+j] = l[i][r.First+k]
		}
	}
	chance, _ := found(shuffled)
	o.Found, o.Chance, o.Words, o.Spans = append(o.Found, hits), append(o.Chance, chance), append(o.Words, len(words)), append(o.Spans, spans)
	var inside, others, of, all float64
	for _, w := range words {
		inside, of = inside+l.Score(w), of+1
		for p := r.First; p+w.Len() <= n; p++ {
			if s := (Span{p, p + w.Len() - 1}); !slices.Contains(words, s) {
				others, all = others+l.Score(s), all+1
			}
		}
	}
	if of > 0 && all > 0 {
		o.ScoreWords, o.ScoreOthers = append(o.ScoreWords, inside/of), append(o.ScoreOthers, others/all)
	}
}

// example keeps the beginning of a document.
func (o *Outcome) example(r *Read, l Lost) {
	n := min(len(r.Tokens), exampleTokens)
	e := Example{Tokens: r.Tokens[:n], Spans: l.Segment(r.First, n, mostTokens)}
	for _, s := range e.Spans {
		e.Score = append(e.Score, round(l.Score(s)))
	}
	for i := range l {
		row := make([]float64, n)
		for t := r.First; t < n; t++ {
			row[t] = round(l[i][t])
		}
		e.Lost = append(e.Lost, row)
	}
	o.Example = e
}

// round keeps four digits behind the point, enough to draw.
func round(x float64) float64 { return math.Round(1e4*x) / 1e4 }

// Rate is the share of tokens read rightly after the b-th of the blocks, in %.
func (c *Counted) Rate(b, offset int, so stats.Options) (stats.Estimate, error) {
	so.Range = stats.Share
	e, err := stats.Ratio(c.Hits[b][offset], c.Of[offset], so)
	return e.Scale(100), err
}
