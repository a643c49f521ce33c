package firstrow_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/firstrow"
	"firsttoken/sinks/erasure"
	"firsttoken/sinks/prepend"
)

// embedded has cosines that follow the grades better under Copied than elsewhere.
func embedded() firstrow.Embedded {
	o := &prepend.Outcome{Layers: 4, Untils: []int{2, 3}, Alone: []float64{0, 10, 20, 30, 20}, Held: []float64{0, 11, 21, 31, 21},
		Copied: [][]float64{{0, 10, 40, 50, 40}, {0, 10, 40, 45, 40}}, Cosines: map[string][]float64{}}
	o.Choose()
	_, o.Pairs = prepend.Pairs(make([]prepend.Frame, 10))
	for i, p := range o.Pairs {
		noise := math.Mod(float64(i*i)*0.137, 1)
		for k, c := range []string{prepend.Copied, prepend.Alone, prepend.Held, prepend.Other, prepend.AtFirst, prepend.NoSink, prepend.CopyNoSink} {
			o.Cosines[c] = append(o.Cosines[c], 0.1*p.Kind.Grade()+min(float64(k), 1)*noise)
		}
	}
	rates := []float64{50, 60, 70}
	o.Sink = prepend.Sinks{Alone: rates, Inside: [][]float64{rates, rates}, First: [][]float64{rates, rates}, Itself: [][]float64{rates, rates}}
	return firstrow.Embedded{Name: "a model", Outcome: o}
}

// probed is of texts whose words of three tokens are forgotten after block 8 in every other text.
func probed(t *testing.T) firstrow.Probed {
	t.Helper()
	var reads []erasure.Read
	for d := range 10 {
		r := erasure.Read{First: 4, Hit: make([][][]bool, 2), Prob: make([][][]float32, 2)}
		for i := range 60 + d {
			r.Tokens, r.Seen = append(r.Tokens, []string{"Ġsome", "Ġun", "lik", "ely", "Ġthing"}[i%5]), append(r.Seen, 3)
		}
		for b := range 2 {
			for i := range erasure.Offsets {
				hit, prob := make([]bool, len(r.Tokens)), make([]float32, len(r.Tokens))
				for p := range hit {
					if hit[p] = b == 0 || d%2 == 0 || p%5 < 2 || i >= p%5 || p%5 == 4; hit[p] {
						prob[p] = 0.9
					}
				}
				r.Hit[b], r.Prob[b] = append(r.Hit[b], hit), append(r.Prob[b], prob)
			}
		}
		reads = append(reads, r)
	}
	o, err := erasure.Reduce(reads, []int{1, 8}, [erasure.Offsets]int{1, 1, 1, 1}, 8, 1)
	require.NoError(t, err)
	return firstrow.Probed{Name: "a model", AsIs: o, Hidden: o}
}

func TestFigures(t *testing.T) {
	e, p := embedded(), probed(t)
	for _, draw := range []func() error{
		func() error { _, err := firstrow.Blocks(e, e); return err },
		func() error { _, err := firstrow.Read(p); return err },
		func() error { _, err := firstrow.Segments(p); return err },
	} {
		require.NoError(t, draw())
	}
}

func TestTables(t *testing.T) {
	text, err := firstrow.Conditions(embedded())
	require.NoError(t, err)
	require.Contains(t, text, "| condition | a model: block | Spearman × 100 | − prompt alone |\n| --- | --- | --- | --- |\n| prompt alone | 3 | ")
	require.Contains(t, text, "\n| Token Prepending | 3 | ")
	text, err = firstrow.Kinds(embedded())
	require.NoError(t, err)
	require.Contains(t, text, "\n| word order (5) | ")
	require.NotContains(t, text, "another frame")
	require.Contains(t, firstrow.Rates(embedded()), "\n| nothing copied | 60.0 |")
	text, err = firstrow.Losses(probed(t))
	require.NoError(t, err)
	require.Contains(t, text, "\n| the token itself | 1 | 100.0 [")
	require.Contains(t, text, "\n| ψ, words of several tokens − other spans as long | 0.")
	p := probed(t)
	p.Hidden = nil
	text, err = firstrow.Losses(p)
	require.NoError(t, err)
	require.Contains(t, text, "] |  |\n| the token before | 1 | ")
	p.AsIs.Example.Tokens, p.AsIs.Example.Spans = []string{"Ġa", "Ġun", "like", "Ġb", "[c"}, []erasure.Span{{From: 0, To: 0}, {From: 1, To: 2}, {From: 3, To: 4}}
	require.Equal(t, ` a [**un·like**] [b·\[c]`, firstrow.Spans(p))
}

// The figures are those that the rules ask for, and records come of them.
func TestJudge(t *testing.T) {
	r, err := firstrow.JudgeEmbedded(embedded(), "notebooks/16.ipynb", "a file")
	require.NoError(t, err)
	require.Equal(t, claims.Holds, r.Verdict)
	require.NoError(t, r.Validate())
	r, err = firstrow.JudgeProbed(probed(t), "notebooks/16.ipynb", "a file")
	require.NoError(t, err)
	require.NoError(t, r.Validate())
	require.Contains(t, r.Why, "share of that lost in early blocks, the token itself: 50")
	e := embedded()
	delete(e.Cosines, prepend.Held)
	_, err = firstrow.JudgeEmbedded(e, "notebooks/16.ipynb", "a file")
	require.ErrorContains(t, err, "placeholder")
}
