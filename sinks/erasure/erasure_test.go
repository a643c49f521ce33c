package erasure_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"firsttoken/sinks/erasure"
	"firsttoken/sinks/stats"
)

func ExampleWords() {
	fmt.Println(erasure.Words([]string{"Ġthe", "Ġunconst", "itution", "ally", "Ġelected", ",", "Ġ", "19", "ĠF", "ellow", "-", "citizens"}))
	fmt.Println(erasure.Words([]string{"▁the", "▁un", "constitution", "al", "."}))
	// Output:
	// [{0 0} {1 3} {4 4} {8 9}]
	// [{0 0} {1 3}]
}

// Of three tokens, the second forgets itself (0.9) and the first (0.6), the third the second (0.3).
// Span 0–1: δ(1, 0) + δ(1, −1) over two terms. Span 1–2: δ(2, 0) = 0, − δ(1, −1), which stands
// outside, δ(2, −1) and − δ(2, −2) = 0, over four.
func ExampleLost_Score() {
	none := math.NaN()
	l := erasure.Lost{{0, 0.9, 0}, {none, 0.6, 0.3}, {none, none, 0}, {none, none, none}}
	fmt.Printf("%.3f %.3f\n", l.Score(erasure.Span{From: 0, To: 1}), l.Score(erasure.Span{From: 1, To: 2}))
	fmt.Println(l.Segment(0, 3, 3))
	// Output:
	// 0.750 -0.075
	// [{0 1} {2 2}]
}

// Segments cover what they divide, once, and none is too long.
func TestSegmentDivides(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 40
	l := make(erasure.Lost, erasure.Offsets)
	for i := range l {
		for range n {
			l[i] = append(l[i], rng.Float64()-0.3)
		}
	}
	at := 4
	for _, s := range l.Segment(4, n, 3) {
		require.Equal(t, at, s.From)
		require.LessOrEqual(t, s.Len(), 3)
		at = s.To + 1
	}
	require.Equal(t, n, at)
}

// The weights are those of least squares on the rows and one more for each channel, √λ of it, by a
// QR decomposition of all of them.
func TestRidgeIsLeastSquares(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, d, k, ridge = 50, 6, 3, 0.1
	x, y := mat.NewDense(n+d, d+1, nil), mat.NewDense(n+d, k, nil)
	m := erasure.NewMoments(d, k)
	squares := 0.0
	for i := range n {
		row, target := make([]float32, d+1), make([]float32, k)
		row[d] = 1
		for j := range d {
			row[j] = float32(rng.NormFloat64() + float64(j))
			squares += float64(row[j]) * float64(row[j])
		}
		for j := range k {
			target[j] = row[j] + 0.3*float32(rng.NormFloat64())
		}
		var xx, xy []float32
		for p := range row {
			x.Set(i, p, float64(row[p]))
			for q := range row {
				xx = append(xx, row[p]*row[q])
			}
			for q := range target {
				xy = append(xy, row[p]*target[q])
			}
		}
		for q, v := range target {
			y.Set(i, q, float64(v))
		}
		m.Add(1, xx, xy)
	}
	for j := range d {
		x.Set(n+j, j, math.Sqrt(ridge*squares/d))
	}
	var want mat.Dense
	require.NoError(t, want.Solve(x, y))
	got, err := m.Ridge(ridge)
	require.NoError(t, err)
	require.InDeltaSlice(t, want.RawMatrix().Data, got, 1e-4)

	_, err = m.Ridge(0)
	require.ErrorContains(t, err, "must be positive")
	_, err = erasure.NewMoments(2, 1).Ridge(1)
	require.ErrorContains(t, err, "0 rows")
}

// reads are of documents of words of one and of three tokens, in which all is read after block 1
// and, after block 8, nothing of a word of three at its tokens, or as much as before.
func reads(docs int, erased bool) (list []erasure.Read) {
	for d := range docs {
		r := erasure.Read{First: 4, Hit: make([][][]bool, 2), Prob: make([][][]float32, 2)}
		for i := range 60 + d {
			r.Tokens = append(r.Tokens, []string{"Ġsome", "Ġun", "lik", "ely", "Ġthing"}[i%5])
			r.Seen = append(r.Seen, 5-i%2)
		}
		for b := range 2 {
			for i := range erasure.Offsets {
				hit, prob := make([]bool, len(r.Tokens)), make([]float32, len(r.Tokens))
				for t := range hit {
					inside := (t%5 == 3 || t%5 == 2) && i < t%5
					if hit[t] = b == 0 || !erased || !inside; hit[t] && (t+d)%11 != 0 {
						prob[t] = 0.9
					}
				}
				r.Hit[b], r.Prob[b] = append(r.Hit[b], hit), append(r.Prob[b], prob)
			}
		}
		list = append(list, r)
	}
	return list
}

var ones = [erasure.Offsets]int{1, 1, 1, 1}

// After block 0 nothing counts, after block 3 it is too late; of blocks 1 and 2 the second reads one
// token more of offset 1, and as many of the others.
func TestBest(t *testing.T) {
	r := erasure.Read{First: 1}
	for b := range 4 {
		var hit [][]bool
		for i := range erasure.Offsets {
			hit = append(hit, []bool{true, b == 0 || b == 3, b == 2 && i == 1, true})
		}
		r.Hit = append(r.Hit, hit)
	}
	require.Equal(t, [erasure.Offsets]int{1, 2, 1, 1}, erasure.Best([]erasure.Read{r}, []int{0, 1, 2, 3}, 2))
}

func TestRichest(t *testing.T) {
	several, one := []string{"Ġun", "like", "Ġa"}, []string{"Ġa", "Ġb"}
	texts := [][]string{one, append(several, several...), several, several, one}
	require.Equal(t, []int{1, 3, 4}, erasure.Richest([]string{"x", "x", "x", "y", "z"}, texts, 5))
	require.Equal(t, []int{1}, erasure.Richest([]string{"x", "x", "x", "y", "z"}, texts, 1))
}

func TestFigures(t *testing.T) {
	o, err := erasure.Reduce(reads(10, true), []int{1, 8}, ones, 8, 1)
	require.NoError(t, err)
	hidden, err := erasure.Reduce(reads(10, false), []int{1, 8}, ones, 8, 1)
	require.NoError(t, err)
	figures := func(hidden *erasure.Outcome) map[string]erasure.Named {
		list, err := o.Figures(hidden, stats.Options{Resamples: 200})
		require.NoError(t, err)
		by := map[string]erasure.Named{}
		for _, f := range list {
			by[f.Name] = f
		}
		return by
	}
	by := figures(hidden)
	require.InDelta(t, 100, by[erasure.NameRead(0)].Value, 1e-9)
	require.InDelta(t, 100, by[erasure.NameLost(0)].Value, 1e-9)
	require.InDelta(t, 100, by[erasure.NameMore(1)].Value, 1e-9)
	require.InDelta(t, -100, by[erasure.NameHidden(2)].Value, 2, "texts that end in a word keep what is before it")
	require.Greater(t, by["words of several tokens that the segmentation finds"].Value, by["… with the losses at other tokens"].Value)
	require.Greater(t, by["ψ, words of several tokens − other spans as long"].CI.Lo, 0.)
	require.NotContains(t, figures(nil), erasure.NameHidden(0))

	require.Len(t, o.Example.Tokens, 60)
	require.Equal(t, len(o.Example.Spans), len(o.Example.Score))
	hidden.To = 7
	_, err = o.Figures(hidden, stats.Options{})
	require.ErrorContains(t, err, "they must be the same")
	_, err = erasure.Reduce(reads(1, true), []int{1, 8}, ones, 9, 1)
	require.ErrorContains(t, err, "nothing to compare after blocks 1 and 9")
}

// Words of one token are weighted until what is to be read is as rare as in words of several.
func TestMatched(t *testing.T) {
	r := erasure.Read{First: 4, Tokens: []string{".", ".", ".", ".", "Ġa", "Ġb", "Ġc", "d", "Ġe"}, Seen: []int{9, 9, 9, 9, 1, 100, 9, 1, 1}}
	for range 1 {
		var hit [][]bool
		var prob [][]float32
		for range erasure.Offsets {
			hit = append(hit, []bool{false, false, false, false, true, true, true, true, false})
			prob = append(prob, make([]float32, 9))
		}
		r.Hit, r.Prob = [][][]bool{hit}, [][][]float32{prob}
	}
	o, err := erasure.Reduce([]erasure.Read{r}, []int{0}, [erasure.Offsets]int{}, 0, 1)
	require.NoError(t, err)
	require.Equal(t, 1., o.Several.Of[0][0])
	require.Equal(t, 3., o.Single.Of[0][0])
	require.Equal(t, 2., o.Single.Hits[0][0][0])
	require.Equal(t, 1., o.Matched.Of[0][0], "a and e, a half each; b was seen too often")
	require.Equal(t, 0.5, o.Matched.Hits[0][0][0])
}
