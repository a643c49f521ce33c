package forms_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/forms"
	"firsttoken/notebooks/forms/trained"
	"firsttoken/sinks/stats"
	"firsttoken/train/store"
)

func run(seed uint64, loss, rate, scaled, kurtosis, sparsity float64) forms.Run {
	return forms.Run{ID: "r", Seed: seed, Tokens: []float64{0, 1}, Loss: []float64{6, loss}, Rate: []float64{0, rate},
		End: forms.End{Loss: loss, Rate: rate, Scaled: scaled, Kurtosis: kurtosis, Sparsity: sparsity, RowSum: 1}}
}

// Three seeds of softmax and of a form that has no sink, in another order and with one seed more.
var (
	softmax = []forms.Run{run(1, 2, 40, 40, 100, 1), run(2, 3, 50, 50, 90, 1), run(3, 4, 60, 60, 80, 2)}
	without = []forms.Run{run(3, 4.04, 0, 0.1, 8, 90), run(9, 7, 99, 99, 999, 0), run(1, 2, 0, 0, 10, 91), run(2, 3.015, 0, 0, 9.5, 89)}
)

func TestPairedBySeed(t *testing.T) {
	e, err := forms.Paired(without, softmax, func(a, b forms.End) float64 { return 100 * (a.Loss/b.Loss - 1) }, stats.Range{})
	require.NoError(t, err)
	require.Equal(t, 3, e.N)
	require.InDelta(t, (1+0+0.5)/3, e.Value, 1e-9)

	less := forms.Against(without, softmax)
	require.Len(t, less, 3, "seed 9 has no partner")
	require.InDeltaSlice(t, []float64{0, 0.04}, less[0].Loss, 1e-9)
	require.Equal(t, 4.04, without[0].Loss[1], "the runs are as they were")
}

func TestRatio(t *testing.T) {
	spread := func(seed uint64, whole, hidden float64) forms.Mixing {
		return forms.Mixing{Seed: seed, Whole: forms.Mixed{Spread: whole}, Hidden: forms.Mixed{Spread: hidden}}
	}
	a := []forms.Mixing{spread(1, 2, 8), spread(3, 8, 8), spread(2, 4, 4)}
	b := []forms.Mixing{spread(1, 1, 0), spread(2, 1, 0), spread(3, 1, 0), spread(4, 1, 0)}
	of := forms.Measures()[0].Of
	e, err := forms.Ratio(a, b, of, forms.Whole, forms.Whole)
	require.NoError(t, err)
	require.InDelta(t, 4, e.Value, 1e-9)
	require.Equal(t, 3, e.N)
	require.InDelta(t, 4, math.Sqrt(e.CI.Lo*e.CI.Hi), 1e-9)
	require.Less(t, e.CI.Lo, 2.0)
	e, err = forms.Ratio(a, a, of, forms.Hidden, forms.Whole)
	require.NoError(t, err)
	require.InDelta(t, math.Pow(4, 1.0/3), e.Value, 1e-9)
	_, err = forms.Ratio(a, b, of, forms.Whole, forms.Hidden)
	require.ErrorContains(t, err, "2 over 0: it has no logarithm")
}

// A form without sinks or outliers holds S1, the same with softmax's kurtosis does not, and a loss
// around the bound leaves it open.
func TestS1(t *testing.T) {
	judge := func(form []forms.Run) claims.Verdict {
		figures, err := forms.Figures("softpick", form, softmax)
		require.NoError(t, err)
		verdict, _, err := claims.S1().Apply(figures)
		require.NoError(t, err)
		return verdict
	}
	change := func(f func(i int, r *forms.Run)) (out []forms.Run) {
		for i, r := range []forms.Run{without[2], without[3], without[0]} {
			r.End.Loss = []float64{2, 3, 4}[i] * (1 + []float64{0.001, 0.002, 0.003}[i])
			f(i, &r)
			out = append(out, r)
		}
		return out
	}
	require.Equal(t, claims.Holds, judge(change(func(int, *forms.Run) {})))
	require.Equal(t, claims.DoesNotHold, judge(change(func(i int, r *forms.Run) { r.End.Kurtosis = 200 + float64(i) })))
	require.Equal(t, claims.DoesNotHold, judge(change(func(i int, r *forms.Run) { r.End.Scaled = 30 + 4*float64(i) })))
	require.Equal(t, claims.Undecided, judge(change(func(i int, r *forms.Run) { r.End.Loss *= 1.005 + 0.005*float64(i) })))
}

// Reading an evaluation: shares in %, the largest layer of kurtosis, softmax's rows sum to 1, five
// digits.
func TestNewRun(t *testing.T) {
	e := store.Eval{Name: forms.Eval, Loss: 2.7182818, SinkRate: []float64{0.25, 0}, SinkScore: [][]float64{{0.1, 0.123456789}}}
	_, err := forms.NewRun("a", 1, []store.Record{{Tokens: 2e6, Evals: []store.Eval{e}}}, nil)
	require.ErrorContains(t, err, "no kurtosis")
	whole := e
	whole.Kurtosis, whole.MaxAbs, whole.Sparsity = []float64{3, 12, 5}, []float64{1, 2, 4}, []float64{0.75, 0.25}
	r, err := forms.NewRun("a", 1, []store.Record{{Tokens: 2e6, Evals: []store.Eval{e}}}, &whole)
	require.NoError(t, err)
	require.Equal(t, forms.Run{ID: "a", Seed: 1, Tokens: []float64{2}, Loss: []float64{2.7183}, Rate: []float64{25}, End: forms.End{
		Loss: 2.7183, Rate: 25, Scaled: 25, RowSum: 1, Kurtosis: 12, MaxAbs: 4, Sparsity: 50,
		Score: [][]float64{{0.1, 0.12346}}, RowSums: [][]float64{{1, 1}},
	}}, r)
	other := whole
	other.Loss = 2.8
	_, err = forms.NewRun("a", 1, []store.Record{{Tokens: 2e6, Evals: []store.Eval{e}}}, &other)
	require.ErrorContains(t, err, "measured again has a loss of 2.8")
	whole.RowSum, whole.NormalisedRate, whole.NormalisedScore = [][]float64{{0.5, 0.25}}, []float64{1, 1}, [][]float64{{0.2, 0.4}}
	end, err := forms.NewEnd(&whole)
	require.NoError(t, err)
	require.Equal(t, 0.375, end.RowSum)
	require.Equal(t, 100.0, end.Scaled)
	require.Equal(t, [][]float64{{0.2, 0.4}}, end.Score)
}

func TestCurveAndTable(t *testing.T) {
	s, err := forms.Curve("softmax", softmax, func(r forms.Run) []float64 { return r.Loss })
	require.NoError(t, err)
	require.Equal(t, []float64{6, 3}, s.Y)
	require.Equal(t, []float64{6, 2}, s.Lo)
	require.Equal(t, []float64{6, 4}, s.Hi)
	table, err := forms.Table([]string{"softmax", "softpick"}, map[string][]forms.Run{"softmax": softmax, "softpick": without}, map[string]string{"softpick": "sparse"})
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	require.Len(t, lines, 4)
	for _, line := range lines {
		require.Equal(t, strings.Count(lines[0], "|"), strings.Count(line, "|"), line)
	}
	require.Contains(t, lines[3], "| 4 |")
	require.Contains(t, lines[3], " 0.50")
	require.True(t, strings.HasSuffix(lines[3], "| sparse |"))
}

// The grid's forms have names of their own and five seeds each, and values of those that are
// trained come with the checkout.
func TestValuesShip(t *testing.T) {
	names, configs, err := trained.Grid("../grids/patterns.json")
	require.NoError(t, err)
	require.Equal(t, []string{"softmax", "softpick", "sink-logit", "off-by-one", "sigmoid", "clipped", "key-bias", "gate-head", "gate-element"}, names)
	for _, name := range names {
		require.Len(t, configs[name], 5, name)
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("..", "results", "measured", "13", name+".json"))
		require.NoError(t, err)
		for _, id := range trained.IDs(configs[name]) {
			require.Contains(t, string(text), id)
		}
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("..", "results", "measured", "13b", name+".json"))
		require.NoError(t, err)
		var shipped struct{ Value []forms.Mixing }
		require.NoError(t, json.Unmarshal(text, &shipped))
		require.Len(t, shipped.Value, len(configs[name]))
		for i, c := range configs[name] {
			require.Contains(t, string(text), c.ID())
			require.Equal(t, c.Seed, shipped.Value[i].Seed)
		}
	}
}
