package perturb_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/perturb"
	"firsttoken/sinks/stats"
)

// Six tokens in one layer, the second edited. The change of the edited token
// itself does not count; the four tokens after it do.
func ExampleMap_Spread() {
	m := &perturb.Map{
		Pos:   1,
		Delta: [][]float32{{0, 3, 0, 0, 0, 0}, {0, 4, 2, 1, 1, 0}},
		Norm:  [][]float32{{9, 3, 2, 2, 2, 2}, {90, 4, 4, 2, 4, 5}},
	}
	for _, in := range []perturb.Measure{perturb.Absolute, perturb.Relative} {
		spread, err := m.Spread(in, perturb.Mean)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: embedding %.2f, after layer 1 %.4f\n", in, spread[0], spread[1])
	}
	// Output:
	// absolute: embedding 0.00, after layer 1 1.0000
	// relative: embedding 0.00, after layer 1 0.3125
}

func TestRounded(t *testing.T) {
	m := &perturb.Map{Pos: 2, Delta: [][]float32{{0, 1234.5678}}, Norm: [][]float32{{0.00123456, -7}}}
	require.Equal(t, &perturb.Map{Pos: 2, Delta: [][]float32{{0, 1235}}, Norm: [][]float32{{0.001235, -7}}}, m.Rounded(4))
	require.Equal(t, float32(1234.5678), m.Delta[0][1], "the map itself stays")
}

// One token that a layer throws far off moves the mean, not the median; an even
// number of tokens has the middle two averaged.
func TestSpreadByMedian(t *testing.T) {
	m := &perturb.Map{Pos: 1, Delta: [][]float32{{0, 5, 900, 1, 2, 3}, {0, 5, 4, 4, 4, 4}}, Norm: [][]float32{{1, 1, 1, 1, 1, 1}, {1, 1, 2, 2, 2, 2}}}
	median, err := m.Spread(perturb.Absolute, perturb.Median)
	require.NoError(t, err)
	require.Equal(t, []float64{2.5, 4}, median)
	mean, err := m.Spread(perturb.Absolute, perturb.Mean)
	require.NoError(t, err)
	require.Equal(t, []float64{226.5, 4}, mean)
	_, err = m.Spread(perturb.Absolute, "mode")
	require.ErrorContains(t, err, `average "mode"`)
	m.Pos = 5
	_, err = m.Spread(perturb.Absolute, perturb.Mean)
	require.ErrorContains(t, err, "spreads to none")
}

// words is a vocabulary of whole words, parts of words and others.
var words = []string{"The", " cat", " sat", " on", "ter", " the", ".", " mat", " 42", " naïve", "́", "'s", " x\n", "\xe2\x82", "", " dog"}

func text(id int32) string { return words[id] }

// A word that goes on in the next token is no whole word, nor are numbers, marks
// of punctuation, broken characters and the last token.
func TestDrawExchangesWholeWords(t *testing.T) {
	const cat, sat, on, ter, the, stop, mat, forty, naive, mark, s, line, broken, dog = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15
	texts := [][]int32{
		{0, cat, sat, ter, forty, naive, stop, line, dog, s, mat},          // cat, naïve, dog
		{0, mat, mark, cat, broken, forty, the, forty, on, stop, sat, sat}, // the, on, the first sat
	}
	whole := map[int32]bool{cat: true, naive: true, dog: true, the: true, on: true, sat: true}
	seen := map[int32]bool{}
	places := []map[int]bool{{}, {}}
	for seed := range uint64(400) {
		edits, err := perturb.Draw(texts, text, perturb.DrawOptions{Before: 1, After: 1, Seed: seed})
		require.NoError(t, err)
		require.Len(t, edits, 2)
		for i, e := range edits {
			require.NoError(t, e.Validate())
			require.Equal(t, texts[i], e.IDs)
			require.True(t, whole[e.To], words[e.To])
			places[i][e.Pos] = true
			seen[e.To] = true
		}
	}
	require.Equal(t, []map[int]bool{{1: true, 5: true, 8: true}, {6: true, 8: true, 10: true}}, places)
	require.Equal(t, whole, seen, "every word is drawn")
}

func TestDrawIsDeterministicAndKeepsMargins(t *testing.T) {
	var texts [][]int32
	for i := range int32(20) {
		ids := []int32{0}
		for t := range int32(40) {
			ids = append(ids, []int32{1, 2, 3, 5, 7, 15}[(t*t+i)%6])
		}
		texts = append(texts, ids)
	}
	first, err := perturb.Draw(texts, text, perturb.DrawOptions{})
	require.NoError(t, err)
	again, err := perturb.Draw(texts, text, perturb.DefaultDrawOptions())
	require.NoError(t, err)
	require.Equal(t, first, again)
	other, err := perturb.Draw(texts, text, perturb.DrawOptions{Before: 8, After: 16, Seed: 1})
	require.NoError(t, err)
	require.NotEqual(t, first, other)
	for _, e := range first {
		require.GreaterOrEqual(t, e.Pos, 8)
		require.Less(t, e.Pos, 41-16)
	}
}

// A text without a place for an edit is left out, and changes no other text's edit.
func TestDrawLeavesTextsOut(t *testing.T) {
	first, last := []int32{0, 1, 2, 3, 6, 6}, []int32{0, 15, 5, 7, 6, 6}
	edits, err := perturb.Draw([][]int32{first, {0, 6, 6, 6, 6, 1}, last}, text, perturb.DrawOptions{Before: 1, After: 2})
	require.NoError(t, err)
	require.Len(t, edits, 2)
	require.Equal(t, first, edits[0].IDs)
	require.Equal(t, last, edits[1].IDs)
	all, err := perturb.Draw([][]int32{first, last, last}, text, perturb.DrawOptions{Before: 1, After: 2})
	require.NoError(t, err)
	require.Equal(t, all[0], edits[0])
	require.Equal(t, all[2], edits[1])
}

func TestDrawRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts [][]int32
		o     perturb.DrawOptions
		want  string
	}{
		{"margins", nil, perturb.DrawOptions{Before: 0, After: 3}, "at least 1"},
		{"no words", [][]int32{{0, 6, 6, 6}}, perturb.DrawOptions{Before: 1, After: 1}, "fewer than two"},
		{"no word in range", [][]int32{{0, 1, 2, 3, 6}, {0, 6, 6, 1, 2}}, perturb.DrawOptions{Before: 3, After: 3}, "first 3 and its last 3 tokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := perturb.Draw(c.texts, text, c.o)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestBetween(t *testing.T) {
	base := []int32{4, 5, 6, 7}
	e, err := perturb.Between(base, []int32{4, 5, 9, 7})
	require.NoError(t, err)
	require.Equal(t, perturb.Edit{IDs: base, Pos: 2, To: 9}, e)
	require.Equal(t, []int32{4, 5, 9, 7}, e.Edited())
	require.Equal(t, []int32{4, 5, 6, 7}, base)
	for want, edited := range map[string][]int32{
		"from 4 to 3":            {4, 5, 6},
		"token 2 and in token 4": {4, 1, 6, 1},
		"the same":               {4, 5, 6, 7},
		"not token 1":            {1, 5, 6, 7},
		"something must follow":  {4, 5, 6, 1},
	} {
		_, err := perturb.Between(base, edited)
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, perturb.Edit{IDs: base, Pos: 1, To: 5}.Validate(), "changes nothing")
	require.ErrorContains(t, perturb.Edit{IDs: base[:2], Pos: 1, To: 5}.Validate(), "2 tokens")
}

// maps are n maps of three layers whose spread at layer ℓ is ℓ times their number.
func maps(n int) []*perturb.Map {
	var out []*perturb.Map
	for i := range n {
		m := &perturb.Map{Pos: 1}
		for l := range 4 {
			x := float32(l * (i + 1))
			m.Delta = append(m.Delta, []float32{0, 99, x, x, x})
			m.Norm = append(m.Norm, []float32{1e4, 1, 2, 2, 2})
		}
		out = append(out, m)
	}
	return out
}

func TestDepth(t *testing.T) {
	depth, err := perturb.Depth(maps(2), perturb.Absolute, perturb.Mean, 2, 3)
	require.NoError(t, err)
	require.Equal(t, []float64{2.5, 5}, depth)

	_, err = perturb.Depth(maps(2), perturb.Absolute, perturb.Mean, 0, 3)
	require.ErrorContains(t, err, "blocks 0 to 3 of a model with 3")
	_, err = perturb.Depth(maps(2), "percent", perturb.Mean, 1, 3)
	require.ErrorContains(t, err, `measure "percent"`)
}

// A ratio does not depend on which edits are large, and turns over with its sides.
func TestRatio(t *testing.T) {
	b := []float64{1, 10, 100, 1000}
	a := []float64{2, 20, 200, 2000}
	r, err := perturb.Ratio(a, b, stats.Options{})
	require.NoError(t, err)
	require.InDelta(t, 2, r.Value, 1e-12)
	require.Nil(t, r.CI, "no spread, no interval")

	a[0] = 8
	r, err = perturb.Ratio(a, b, stats.Options{})
	require.NoError(t, err)
	require.InDelta(t, 2*math.Sqrt2, r.Value, 1e-9)
	inverse, err := perturb.Ratio(b, a, stats.Options{})
	require.NoError(t, err)
	require.InDelta(t, 1, r.Value*inverse.Value, 1e-9)
	require.InDelta(t, 1, r.CI.Lo*inverse.CI.Hi, 1e-9)

	_, err = perturb.Ratio([]float64{1, 0}, b[:2], stats.Options{})
	require.ErrorContains(t, err, "number 2 is 0")
	_, err = perturb.Ratio(b[:2], []float64{math.NaN(), 1}, stats.Options{})
	require.ErrorContains(t, err, "positive")
	_, err = perturb.Ratio(b, a[:2], stats.Options{})
	require.Error(t, err)
}

// Texts differ, and so does what the few of them say; the mean over all is what counts.
func TestCalibrate(t *testing.T) {
	target := []float64{40, 45, 50, 55, 60}
	for name, f := range map[string]func(float64) float64{
		"square": func(x float64) float64 { return x * x },
		"steps":  func(x float64) float64 { return 100 / (1 + math.Pow(x/7, -3)) },
		"bent":   func(x float64) float64 { return math.Pow(x, 4) / 50 },
	} {
		for _, few := range []int{0, 1, 2, 9} {
			all := 0
			size, err := perturb.Calibrate(target, perturb.Search{Lo: 2, Hi: 20, Few: few, Tolerance: 0.01}, func(x float64, n int) (values []float64, err error) {
				if n == len(target) {
					all++
				}
				for i := range n {
					values = append(values, f(x)*(0.9+0.05*float64(i)))
				}
				return values, nil
			})
			require.NoError(t, err, name)
			require.InDelta(t, 50, f(size), 0.01, name)
			if few == 1 || few == 2 {
				require.LessOrEqual(t, all, 5, name)
			}
		}
	}
}

func TestCalibrateSaysWhatIsWrong(t *testing.T) {
	calibrate := func(target, lo, hi, tolerance float64, f func(float64) (float64, error)) (float64, error) {
		return perturb.Calibrate([]float64{target}, perturb.Search{Lo: lo, Hi: hi, Tolerance: tolerance}, func(x float64, _ int) ([]float64, error) {
			v, err := f(x)
			return []float64{v}, err
		})
	}
	same := func(x float64) (float64, error) { return x, nil }
	x, err := calibrate(5, 5, 9, 0.01, same)
	require.NoError(t, err)
	require.InDelta(t, 5.0, x, 1e-9)
	_, err = calibrate(50, 1, 5, 0.01, same)
	require.ErrorContains(t, err, "widen the range")
	_, err = calibrate(5, 1, 9, 0, same)
	require.ErrorContains(t, err, "the tolerance be positive")
	_, err = calibrate(50, 0, 5, 0.01, same)
	require.ErrorContains(t, err, "must be positive")
	_, err = calibrate(5, 1, 9, 0.01, func(x float64) (float64, error) { return math.Copysign(9, x-5), nil })
	require.ErrorContains(t, err, "after 20 measurements")
	_, err = calibrate(5, 1, 9, 1, func(float64) (float64, error) { return 10, nil })
	require.ErrorContains(t, err, "widen the range", "the few come roughly near, but all never nearer")
	_, err = perturb.Calibrate(nil, perturb.Search{Lo: 1, Hi: 2, Tolerance: 1}, nil)
	require.ErrorContains(t, err, "no text")
	_, err = perturb.Calibrate([]float64{1, 2}, perturb.Search{Lo: 1, Hi: 2, Tolerance: 1}, func(float64, int) ([]float64, error) { return nil, nil })
	require.ErrorContains(t, err, "0 values of 2 texts")
	broken := errors.New("broken")
	for when := range 6 {
		calls := 0
		_, err = calibrate(50, 1, 100, 0.001, func(x float64) (float64, error) {
			if calls++; calls > when {
				return 0, broken
			}
			return x * x, nil
		})
		require.ErrorIs(t, err, broken, when)
	}
}

// Between accepts an edit exactly if it is one, whatever the texts are.
func FuzzBetween(f *testing.F) {
	f.Add("abcd", "abxd")
	f.Add("ab", "ab")
	f.Add("", "x")
	f.Add("abcd", "axcx")
	f.Fuzz(func(t *testing.T, a, b string) {
		ids := func(s string) (out []int32) {
			for _, c := range []byte(s) {
				out = append(out, int32(c))
			}
			return out
		}
		base, edited := ids(a), ids(b)
		e, err := perturb.Between(base, edited)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "perturb: "))
			return
		}
		require.Equal(t, edited, e.Edited())
		require.Equal(t, base, e.IDs)
	})
}
