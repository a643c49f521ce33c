package sinks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks"
	"firsttoken/sinks/stats"
)

// toy is a trace of one layer with a head for each of the given patterns.
func toy(patterns ...[][]float64) *sinks.Trace {
	T := len(patterns[0])
	t := &sinks.Trace{Model: "toy", BOS: "<s>", T: T, L: 1, H: len(patterns), K: 1, D: 1}
	t.FirstMass, t.RowSum = sinks.Cube(1, t.H, T), sinks.Cube(1, t.H, T)
	t.KeyMass, t.FirstIsMax = sinks.Cube(1, t.H, T), sinks.Cube(1, t.H, T)
	t.Diagonal = sinks.Cube(1, t.H, T)
	for h, A := range patterns {
		for i, row := range A {
			t.FirstMass[0][h][i] = float32(row[0])
			t.Diagonal[0][h][i] = float32(row[i])
			t.RowSum[0][h][i] = float32(sinks.RowSum(row))
			if row[0] == sinks.RowMax(row) {
				t.FirstIsMax[0][h][i] = 1
			}
			for s, a := range row {
				t.KeyMass[0][h][s] += float32(a)
			}
		}
	}
	return t
}

// Head 1 is a sink (score 0.8), head 2 attends to itself (score 1/3).
func ExampleTrace_SinkRate() {
	itself := [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	rate, err := toy(pattern, itself).SinkRate(0.7, sinks.RateOptions{})
	fmt.Println(rate, err)
	fmt.Printf("%q\n", rate.Warnings)
	// Output:
	// sink rate 0.5 (n=1) at ε = 0.7 per text, token 1, T = 3, even attention 0.611, 2 heads, ⟨bos⟩: <s> <nil>
	// ["T below 64: row 1 alone gives token 1 a score of 1/T" "one text: no confidence interval"]
}

func ExampleTrace_At() {
	two, _ := toy(pattern).At(2)
	scores, err := two.SinkScore(sinks.Options{}) // (1 + 0.8) / 2
	fmt.Printf("%.1f %v\n", scores, err)
	// Output: [[0.9]] <nil>
}

// Three texts, the same two heads. The three quantities differ.
func ExampleAccumulator() {
	weak := [][]float64{{1, 0, 0}, {0.2, 0.8, 0}, {0, 0.5, 0.5}} // score 0.4
	a, err := sinks.NewAccumulator(sinks.RateOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []*sinks.Trace{toy(pattern, weak), toy(pattern, pattern), toy(weak, weak)} {
		if err := a.Add(text); err != nil {
			fmt.Println(err)
			return
		}
	}
	rate, _ := a.Rate(0.5)
	mass, _ := a.Mass()
	share, _ := a.ArgMax()
	fmt.Printf("sink rate %.3f, mass %.3f, arg-max share %.3f of %d texts\n", rate.Value, mass.Value, share.Value, rate.Samples)
	// Output: sink rate 0.500, mass 0.600, arg-max share 0.667 of 3 texts
}

func accumulate(t *testing.T, o sinks.RateOptions, texts ...*sinks.Trace) *sinks.Accumulator {
	t.Helper()
	a, err := sinks.NewAccumulator(o)
	require.NoError(t, err)
	for _, text := range texts {
		require.NoError(t, a.Add(text))
	}
	require.Equal(t, len(texts), a.Len())
	return a
}

// one is a trace whose single head has exactly this score at T = 2.
func one(score float64) *sinks.Trace {
	a := 2*score - 1
	return toy([][]float64{{1, 0}, {a, 1 - a}})
}

func TestThresholdPerTextOrOnTheMean(t *testing.T) {
	texts := []*sinks.Trace{one(0.9), one(0.5), one(0.5)} // mean 0.633
	for _, c := range []struct {
		onMean bool
		eps    float64
		want   float64
	}{{false, 0.6, 1. / 3}, {true, 0.6, 1}, {false, 0.5, 1. / 3}, {true, 0.7, 0}} {
		rate, err := accumulate(t, sinks.RateOptions{OnMean: c.onMean}, texts...).Rate(c.eps)
		require.NoError(t, err)
		require.InDelta(t, c.want, rate.Value, 1e-12, "%+v", c)
		require.Equal(t, 3, rate.N)
		require.Equal(t, c.onMean, rate.OnMean)
	}
	mean, err := accumulate(t, sinks.RateOptions{}, texts...).MeanScores()
	require.NoError(t, err)
	require.InDelta(t, 1.9/3, mean[0][0], 1e-6)
}

func TestRateOptions(t *testing.T) {
	second := [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 1, 0}} // token 2 is the sink
	at := func(o sinks.RateOptions, eps float64) sinks.Rate {
		rate, err := accumulate(t, o, toy(second)).Rate(eps)
		require.NoError(t, err)
		return rate
	}
	require.Zero(t, at(sinks.RateOptions{}, 0.5).Value)
	require.Equal(t, 1.0, at(sinks.RateOptions{Keys: 2}, 0.5).Value)
	require.Equal(t, 1.0, at(sinks.RateOptions{Keys: sinks.AllKeys}, 0.5).Value)
	require.Equal(t, 1.0, at(sinks.RateOptions{}, 0.3).Value, "row 1 alone lifts a third of T = 3 above 0.3")
	require.Zero(t, at(sinks.RateOptions{ExcludeSelf: true}, 0.3).Value)
	require.Equal(t, 1.0, at(sinks.RateOptions{T: 1}, 0.5).Value)

	halved := scaled(pattern, 0.5) // score 0.4 raw, 0.8 normalised
	raw, err := accumulate(t, sinks.RateOptions{}, toy(halved)).Rate(0.5)
	require.NoError(t, err)
	require.Zero(t, raw.Value)
	require.Contains(t, raw.Warnings, "rows do not sum to 1 (0.5 to 0.5)")
	normalised, err := accumulate(t, sinks.RateOptions{Normalise: true}, toy(halved)).Rate(0.5)
	require.NoError(t, err)
	require.Equal(t, 1.0, normalised.Value)

	two := reduce(randomDocument(4, 6), 6)
	all, err := accumulate(t, sinks.RateOptions{}, two).Mass()
	require.NoError(t, err)
	require.Equal(t, testL*testH, all.Heads)
	layer, err := accumulate(t, sinks.RateOptions{Layers: []int{1}}, two).Mass()
	require.NoError(t, err)
	require.Equal(t, testH, layer.Heads)
	scores, err := two.SinkScore(sinks.Options{})
	require.NoError(t, err)
	require.InDelta(t, sinks.FAttn(scores[1:2]), layer.Value, 1e-12)
}

// Heads that attend to the token before, or to themselves, have no sink, though the last keys get
// all that the few rows that see them have to give.
func TestSearchedKeysNeedRows(t *testing.T) {
	const T = 64
	previous, diagonal, late := make([][]float64, T), make([][]float64, T), make([][]float64, T)
	for q := range T {
		previous[q], diagonal[q], late[q] = make([]float64, T), make([]float64, T), make([]float64, T)
		previous[q][max(0, q-1)], diagonal[q][q] = 1, 1
		late[q][min(q, 20)] = 1 // attends to token 21 as soon as there is one
	}
	for _, c := range []struct {
		name    string
		pattern [][]float64
		o       sinks.Options
		want    float64
	}{
		{"previous token", previous, sinks.Options{}, 1. / 32},
		{"previous token, self excluded", previous, sinks.Options{ExcludeSelf: true}, 1. / 32},
		{"previous token, all rows", previous, sinks.Options{MinRows: 1}, 0.5},
		{"previous token, all rows, self excluded", previous, sinks.Options{MinRows: 1, ExcludeSelf: true}, 1},
		{"diagonal", diagonal, sinks.Options{}, 1. / 32},
		{"diagonal, all rows", diagonal, sinks.Options{MinRows: 1}, 1},
		{"diagonal, self excluded", diagonal, sinks.Options{ExcludeSelf: true}, 0},
		{"a sink at token 21", late, sinks.Options{}, 1},
	} {
		got, _, err := sinks.MaxSinkScore(c.pattern, sinks.AllKeys, c.o)
		require.NoError(t, err)
		require.InDelta(t, c.want, got, 1e-12, c.name)
		rate, err := accumulate(t, sinks.RateOptions{Keys: sinks.AllKeys, ExcludeSelf: c.o.ExcludeSelf, MinRows: c.o.MinRows}, toy(c.pattern)).Rate(0.3)
		require.NoError(t, err)
		require.Equal(t, c.want > 0.3, rate.Value == 1, c.name)
	}
	_, _, err := sinks.MaxSinkScore(diagonal, 40, sinks.Options{})
	require.ErrorContains(t, err, "33 of 64 are seen by 32 query rows or more: search fewer, or lower MinRows")
	_, _, err = sinks.MaxSinkScore(diagonal, 2, sinks.Options{MinRows: -1})
	require.ErrorContains(t, err, "MinRows is -1")
}

// Texts cut from one document are resampled together.
func TestClusterByDocument(t *testing.T) {
	var texts []*sinks.Trace
	for i := range 24 { // eight documents of three texts each, every second with a sink
		text := one(0.5 + 0.4*float64(i/3%2))
		text.Provenance = map[string]string{"document": fmt.Sprint(i / 3), "seed": "7"}
		texts = append(texts, text)
	}
	alone, err := accumulate(t, sinks.RateOptions{}, texts...).Rate(0.6)
	require.NoError(t, err)
	grouped, err := accumulate(t, sinks.RateOptions{Cluster: "document"}, texts...).Rate(0.6)
	require.NoError(t, err)
	onMean, err := accumulate(t, sinks.RateOptions{Cluster: "document", OnMean: true}, texts...).Rate(0.6)
	require.NoError(t, err)
	require.Equal(t, []int{24, 8, 8}, []int{alone.N, grouped.N, onMean.N})
	require.Equal(t, 24, grouped.Samples)
	require.Equal(t, alone.Value, grouped.Value)
	require.Greater(t, grouped.CI.SE, 1.3*alone.CI.SE)
	require.Equal(t, []float64{0, 1}, []float64{onMean.CI.Lo, onMean.CI.Hi})
	require.Equal(t, map[string]string{"seed": "7"}, grouped.Provenance, "only what all texts share")
}

func TestResultsCarryTheirChoices(t *testing.T) {
	short, long := toy(pattern), one(0.9)
	short.BOS, long.BOS = sinks.BOSNone, sinks.BOSNone
	long.Warnings = []string{"truncated"}
	o := sinks.RateOptions{ExcludeSelf: true, CI: stats.Options{Level: 0.9}}
	rate, err := accumulate(t, o, short, long, long).Rate(0.3)
	require.NoError(t, err)
	require.Equal(t, []string{
		"no ⟨bos⟩ in the input",
		"texts of 2 to 3 rows: rates fall with T, set T to compare", "truncated",
		"ε = 0.3 is not above 0.5, what even attention scores at T = 2: heads without a sink count too, so use a longer text",
	}, rate.Warnings)
	require.Equal(t, 0.5, rate.Even)
	above, err := accumulate(t, o, short, long).Rate(0.6)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(above.Warnings, "\n"), "even attention")
	require.Equal(t, 0.9, rate.CI.Level)

	text, err := json.Marshal(rate)
	require.NoError(t, err)
	var back sinks.Rate
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, rate, back)
	for _, key := range []string{"value", "ci", "n", "epsilon", "keys", "on_mean", "T", "bos", "excludes_row1", "warnings"} {
		require.Contains(t, string(text), `"`+key+`":`)
	}
	rate.Layers, rate.Normalised, rate.OnMean, rate.Keys = []int{1}, true, true, 4
	require.Contains(t, rate.String(), "on the mean, any of the first 4 keys, T = 2, even attention 0.5, 1 heads, ⟨bos⟩: none, layers [1], own row excluded, rows normalised")
	rate.Keys = sinks.AllKeys
	require.Contains(t, rate.String(), "any key that half of the rows see,")
	rate.MinRows = 3
	require.Contains(t, rate.String(), "any key that 3 rows see,")
}

func TestAccumulatorRefuses(t *testing.T) {
	for want, o := range map[string]sinks.RateOptions{
		"T is -1":             {T: -1},
		"-2 key positions":    {Keys: -2},
		"no layer counts":     {Layers: []int{}},
		"each may count once": {Layers: []int{1, 1}},
		"MinRows is -1":       {MinRows: -1},
		"token 1 only":        {Normalise: true, Keys: 4},
		"2 bootstrap draws":   {CI: stats.Options{Resamples: 2}},
	} {
		_, err := sinks.NewAccumulator(o)
		require.ErrorContains(t, err, want)
	}
	other := toy(pattern)
	other.Model = "other"
	broken := toy(pattern)
	broken.FirstMass[0][0][0] = 0
	bare := &sinks.Trace{Model: "toy", BOS: "<s>", T: 3, L: 1, H: 1, K: 1, D: 1}
	for want, c := range map[string]struct {
		o    sinks.RateOptions
		text *sinks.Trace
	}{
		"use one accumulator each":   {sinks.RateOptions{}, other},
		"mass on future keys":        {sinks.RateOptions{}, broken},
		"no FirstMass":               {sinks.RateOptions{}, bare},
		"no prefix of 2 positions":   {sinks.RateOptions{T: 2}, toy([][]float64{{1}})},
		"no KeyMass":                 {sinks.RateOptions{T: 2, Keys: 2}, toy(pattern)},
		`no "document"`:              {sinks.RateOptions{Cluster: "document"}, toy(pattern)},
		"layer 3 is outside a model": {sinks.RateOptions{Layers: []int{3}}, toy(pattern)},
	} {
		a, err := sinks.NewAccumulator(c.o)
		require.NoError(t, err)
		if c.text == other {
			require.NoError(t, a.Add(toy(pattern)))
		}
		before := a.Len()
		require.ErrorContains(t, a.Add(c.text), want)
		require.Equal(t, before, a.Len())
	}
	a := accumulate(t, sinks.RateOptions{})
	_, err := a.Rate(0.3)
	require.ErrorContains(t, err, "no values")
	_, err = a.Rate(1)
	require.ErrorContains(t, err, "ε is 1")
	_, err = accumulate(t, sinks.RateOptions{OnMean: true}).Rate(0.3)
	require.ErrorContains(t, err, "over no texts")
	noMax := toy(pattern)
	noMax.FirstIsMax = nil
	_, err = accumulate(t, sinks.RateOptions{}, noMax).ArgMax()
	require.ErrorContains(t, err, "no FirstIsMax")
}
