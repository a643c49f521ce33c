package prepend_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/prepend"
	"firsttoken/sinks/stats"
)

func ExamplePairs() {
	f := prepend.Frame{
		Subject: "the doctor", OtherSubject: "the physician", Verb: "examined", OtherVerb: "inspected", Infinitive: "examine",
		Object: "the child", OtherObject: "the kid", Place: "at the hospital", OtherPlace: "at the clinic", Another: "the invoice",
	}
	sentences, pairs := prepend.Pairs([]prepend.Frame{f})
	for _, p := range pairs[:5] {
		fmt.Printf("%g %s: %s\n", p.Kind.Grade(), p.Kind, sentences[p.B])
	}
	// Output:
	// 5 word order: At the hospital the child was examined by the doctor.
	// 4 synonyms: The physician inspected the kid at the clinic.
	// 2 another object: The doctor examined the invoice at the hospital.
	// 2 roles reversed: The child examined the doctor at the hospital.
	// 2 negation: The doctor did not examine the child at the hospital.
}

// Ranks of (1, 3, 3) are 1, 2.5, 2.5 and of (2, 4, 9) 1, 2, 3: their correlation is √3/2.
func ExampleSpearman() {
	fmt.Printf("%.4f %.4f\n", prepend.Spearman([]float64{1, 3, 3}, []float64{2, 4, 9}), math.Sqrt(3)/2)
	fmt.Printf("%.1f\n", prepend.Spearman([]float64{1, 2, 3, 4}, []float64{8, 4, 2, 1}))
	// Output:
	// 0.8660 0.8660
	// -1.0
}

// Every frame gives one pair of a kind, no two sentences are the same, and every sentence of a frame
// is in a pair.
func TestPairsOfTheFrames(t *testing.T) {
	frames, err := prepend.Frames()
	require.NoError(t, err)
	require.Len(t, frames, 32)
	sentences, pairs := prepend.Pairs(frames)
	require.Len(t, pairs, 6*len(frames))
	seen := map[string]bool{}
	for _, s := range sentences {
		require.False(t, seen[s], s)
		seen[s] = true
	}
	used := map[int]bool{}
	for i, p := range pairs {
		require.Equal(t, prepend.Kinds()[i%6], p.Kind)
		used[p.A], used[p.B] = true, true
	}
	require.Len(t, used, len(sentences))
}

func TestCosines(t *testing.T) {
	pairs := []prepend.Pair{{A: 0, B: 1, Kind: prepend.Order}, {A: 0, B: 2, Kind: prepend.Random}}
	require.InDeltaSlice(t, []float64{math.Sqrt2 / 2, -1}, prepend.Cosines([][]float32{{1, 0}, {3, 3}, {-2, 0}}, pairs), 1e-12)
	_, err := prepend.Agreement([]float64{1}, pairs)
	require.ErrorContains(t, err, "1 cosines of 2 pairs")
}

// plan is of n frames, each sentence one token.
func plan(n int) *prepend.Plan {
	p := &prepend.Plan{Before: []int32{7, 8}, Choosing: 2, Placeholder: 9, Untils: []int{2}}
	for f := range n {
		for j := range 6 {
			p.Sentences = append(p.Sentences, []int32{int32(10*f + j)})
			q := prepend.Pair{A: 6 * f, B: 6*f + j, Kind: prepend.Kinds()[max(j-1, 0)], Frame: f}
			if j == 0 {
				q.B, q.Kind = (6*f+6)%(6*n), prepend.Random
			}
			p.Pairs = append(p.Pairs, q)
		}
	}
	return p
}

func TestPlan(t *testing.T) {
	p := plan(10)
	require.NoError(t, p.Validate(4))
	sentences, pairs := p.Of(2, 10)
	require.Len(t, sentences, 48)
	for _, q := range pairs {
		require.Less(t, max(q.A, q.B), 48)
		require.Equal(t, q.A/6, q.Frame)
		require.Equal(t, q.Kind == prepend.Random, q.A/6 != q.B/6)
	}
	for at, want := range map[prepend.Place]struct {
		ids []int32
		pos int
	}{prepend.Nowhere: {[]int32{7, 8, 20}, -1}, prepend.Inside: {[]int32{7, 8, 9, 20}, 2}, prepend.First: {[]int32{9, 7, 8, 20}, 0}} {
		ids, pos := p.Prompts(sentences[:1], at)
		require.Equal(t, want.ids, ids[0])
		require.Equal(t, want.pos, pos)
	}
	p.HasBOS = true
	ids, pos := p.Prompts(sentences[:1], prepend.First)
	require.Equal(t, []int32{7, 8, 20}, ids[0])
	require.Zero(t, pos)

	for want, change := range map[string]func(*prepend.Plan){
		"no prompt in front":            func(p *prepend.Plan) { p.Before = nil },
		"make them with Pairs":          func(p *prepend.Plan) { p.Pairs = p.Pairs[1:] },
		"3 of 10 frames choose":         func(p *prepend.Plan) { p.Choosing = 3 },
		"until blocks [5]: name some o": func(p *prepend.Plan) { p.Untils = []int{5} },
	} {
		p := plan(10)
		change(p)
		require.ErrorContains(t, p.Validate(4), want)
	}
}

// outcome has cosines that follow the grades under Copied and run against them under Alone.
func outcome() *prepend.Outcome {
	_, pairs := plan(10).Of(0, 10)
	o := &prepend.Outcome{Pairs: pairs, Cosines: map[string][]float64{}}
	for i, p := range pairs {
		noise := float64(i*i%7) / 100
		for name, slope := range map[string]float64{
			prepend.Copied: 0.1, prepend.Alone: -0.1, prepend.Held: 0.01, prepend.Other: 0.02, prepend.AtFirst: 0, prepend.NoSink: -0.1, prepend.CopyNoSink: 0.1,
		} {
			o.Cosines[name] = append(o.Cosines[name], slope*p.Kind.Grade()+noise)
		}
	}
	return o
}

func TestFigures(t *testing.T) {
	o := outcome()
	list, err := o.Figures(stats.Options{Resamples: 200})
	require.NoError(t, err)
	by := map[string]prepend.Named{}
	for _, f := range list {
		by[f.Name] = f
	}
	gain := by[prepend.FigureName(prepend.Copied, prepend.Alone)]
	require.Equal(t, 10, gain.N)
	require.Greater(t, gain.CI.Lo, 100.)
	require.InDelta(t, by[prepend.FigureName(prepend.Copied, "")].Value-by[prepend.FigureName(prepend.Alone, "")].Value, gain.Value, 1e-9)
	delete(o.Cosines, prepend.Held)
	_, err = o.Figures(stats.Options{Resamples: 200})
	require.ErrorContains(t, err, "0 cosines of 60 pairs, placeholder")
}

func TestChoose(t *testing.T) {
	o := &prepend.Outcome{Untils: []int{2, 5}, Alone: []float64{99, 10, 30, 30}, Held: []float64{0, math.NaN(), 1, 0}, Copied: [][]float64{{0, 50, 40, 0}, {99, 0, 0, 60}}}
	o.Choose()
	require.Equal(t, 5, o.Until)
	require.Equal(t, map[string]int{
		prepend.Alone: 2, prepend.NoSink: 2, prepend.Held: 2, prepend.Copied: 3, prepend.Other: 3, prepend.AtFirst: 3, prepend.CopyNoSink: 3,
	}, o.Block)
}
