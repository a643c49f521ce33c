package sinks_test

import (
	"fmt"

	"firsttoken/sinks"
)

// A sink: every query gives most of its attention to token 1.
var pattern = [][]float64{
	{1, 0, 0},
	{0.8, 0.2, 0},
	{0.6, 0.1, 0.3},
}

// Three hidden states of width 2.
var hidden = [][]float64{{3, 4}, {0, 1}, {0, -1}}

func ExampleSinkScore() {
	score, _ := sinks.SinkScore(pattern, sinks.Options{})                        // (1 + 0.8 + 0.6) / 3
	withoutRow1, _ := sinks.SinkScore(pattern, sinks.Options{ExcludeSelf: true}) // (0.8 + 0.6) / 2
	second, _ := sinks.SinkScore(pattern, sinks.Options{Key: 1})                 // (0.2 + 0.1) / 2
	_, err := sinks.SinkScore(pattern, sinks.Options{Key: 2, ExcludeSelf: true}) // no query left
	fmt.Printf("%.2f %.2f %.2f\n%v\n", score, withoutRow1, second, err)
	// Output:
	// 0.80 0.70 0.15
	// sinks: key position 2 of 3 has no query row left without its own: include it or use a longer text
}

// A softmax variant that drops mass: the score of the rows as they are, and of
// the rows divided by their sums.
func ExampleSinkScore_normalised() {
	offByOne := [][]float64{
		{0.5, 0, 0},
		{0.4, 0.1, 0},
		{0.3, 0, 0.2},
	}
	raw, _ := sinks.SinkScore(offByOne, sinks.Options{})
	normalised, _ := sinks.SinkScore(offByOne, sinks.Options{Normalise: true}) // (1 + 0.8 + 0.6) / 3
	fmt.Printf("%.1f %.1f\n", raw, normalised)
	// Output: 0.4 0.8
}

func ExampleMaxSinkScore() {
	second := [][]float64{ // token 2 is the sink
		{1, 0, 0},
		{0, 1, 0},
		{0, 1, 0},
	}
	score, key, _ := sinks.MaxSinkScore(second, sinks.AllKeys, sinks.Options{})
	fmt.Printf("key %d: %.1f\n", key, score)
	// Output: key 1: 1.0
}

// A head that attends evenly has no sink, and its score of token 1 exceeds 0.3 on texts of up to 9
// tokens.
func ExampleEvenAttention() {
	even := [][]float64{{1, 0, 0}, {1. / 2, 1. / 2, 0}, {1. / 3, 1. / 3, 1. / 3}}
	score, _ := sinks.SinkScore(even, sinks.Options{})
	fmt.Printf("%.3f %.3f\n", score, sinks.EvenAttention(3, false))
	for _, T := range []int{9, 10, 64, 256} {
		fmt.Printf("T = %d: %.3f\n", T, sinks.EvenAttention(T, false))
	}
	// Output:
	// 0.611 0.611
	// T = 9: 0.314
	// T = 10: 0.293
	// T = 64: 0.074
	// T = 256: 0.024
}

// Two layers of two heads. A score of exactly ε does not count.
func ExampleSinkRate() {
	scores := [][]float64{{0.9, 0.3}, {0.1, 0.4}}
	fmt.Printf("sink rate %.2f, attention mass %.3f\n", sinks.SinkRate(scores, 0.3), sinks.FAttn(scores))
	// Output: sink rate 0.50, attention mass 0.425
}

// Per text one of two heads is above 0.3, but of the mean scores only one of two.
func ExampleMeanScores() {
	texts := [][][]float64{{{0.8, 0.0}}, {{0.0, 0.4}}}
	mean, _ := sinks.MeanScores(texts)
	perText := (sinks.SinkRate(texts[0], 0.3) + sinks.SinkRate(texts[1], 0.3)) / 2
	fmt.Printf("mean scores %.1f: rate %.1f; rate per text, averaged: %.1f\n", mean, sinks.SinkRate(mean, 0.3), perText)
	// Output: mean scores [[0.4 0.2]]: rate 0.5; rate per text, averaged: 0.5
}

func ExampleArgMaxShare() {
	share, _ := sinks.ArgMaxShare(pattern, false)
	fmt.Println(share)
	// Output: 1
}

func ExampleRelaxedSink() {
	share, sink, _ := sinks.RelaxedSink([][]float64{
		{1, 0, 0},
		{0.5, 0.5, 0},
		{0.2, 0.4, 0.4},
	}, sinks.Options{})
	fmt.Printf("%.2f %v\n", share, sink)
	// Output: 0.67 false
}

func ExampleRowEntropy() {
	fmt.Printf("%.4f %.4f\n", sinks.RowEntropy([]float64{1, 0, 0}), sinks.RowEntropy([]float64{0.5, 0.5, 0}))
	// Output: 0.0000 0.6931
}

func ExampleRowMax() {
	row := pattern[2]
	fmt.Printf("max %.1f, sum %.1f\n", sinks.RowMax(row), sinks.RowSum(row))
	// Output: max 0.6, sum 1.0
}

func ExampleNormaliseRows() {
	fmt.Println(sinks.NormaliseRows([][]float64{{0.5, 0}, {0.25, 0.75}}))
	// Output: [[1 0] [0.25 0.75]]
}

// Token 1 writes nothing: all attention that goes to it is without effect.
func ExampleEffectiveAttention() {
	effective, _ := sinks.EffectiveAttention(pattern, []float64{0, 1, 1})
	fmt.Printf("%.2f\n", effective)
	// Output: [[0.00 0.00 0.00] [0.00 1.00 0.00] [0.00 0.25 0.75]]
}

func ExampleValueNormRatio() {
	norms := sinks.Norms([][]float64{{0.3, 0.4}, {3, 4}, {0, 9.5}}) // 0.5, 5, 9.5: mean 5
	r, _ := sinks.ValueNormRatio(norms, 0)
	fmt.Printf("%.1f %v\n", r, sinks.ClassifyNOP(r))
	// Output: 0.1 no-op
}

func ExampleMassiveActivations() {
	found, _ := sinks.MassiveActivations([][]float64{{0.1, 2000, 0.1}, {0.1, 90, 0.1}}, sinks.MassiveOptions{})
	fmt.Printf("%+v\n", found)
	// Output: [{Position:0 Channel:1 Value:2000}]
}

func ExampleRankCollapse() {
	same := [][]float64{{3, 4}, {3, 4}}
	opposite := [][]float64{{3, 4}, {-3, -4}}
	a, _, _ := sinks.RankCollapse(same)
	b, relative, _ := sinks.RankCollapse(opposite)
	fmt.Printf("%.0f; %.4f, relative %.0f\n", a, b, relative)
	// Output: 0; 7.0711, relative 1
}

func ExampleRepresentationalCollapse() {
	d, _ := sinks.RepresentationalCollapse(hidden) // ‖(0, −1) − (0, 1)‖
	fmt.Println(d)
	// Output: 2
}

// The attaining case: the last two rows lie opposite each other about the mean,
// on which the first lies. The factor is √2, not 2.
func ExampleCheckProp31() {
	p, _ := sinks.CheckProp31([][]float64{{0, 0}, {3, 4}, {-3, -4}})
	fmt.Printf("%.0f ≤ √2 · %.4f = %.0f: %v\n", p.Representational, p.Rank, p.Bound(), p.Holds())
	// Output: 10 ≤ √2 · 7.0711 = 10: true
}

func ExampleMeanCosine() {
	c, _ := sinks.MeanCosine(hidden) // cosines 0.8, −0.8, −1
	fmt.Printf("%.4f\n", c)
	// Output: -0.3333
}

// Two orthogonal directions of equal size: rank 2, entropy ln 2.
func ExampleEffectiveRank() {
	sigma, _ := sinks.SingularValues([][]float64{{2, 0}, {0, 2}, {0, 0}})
	fmt.Printf("%.2f %.4f %.2f\n", sinks.EffectiveRank(sigma), sinks.MatrixEntropy(sigma), sinks.ParticipationRatio(sigma))
	// Output: 2.00 0.6931 2.00
}
