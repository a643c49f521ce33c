package reach_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/reach"
	"firsttoken/sinks/squash"
	"firsttoken/train/local"
)

// sweep has a setting a name, whose documents have the shift plus a number of their own in every
// column; attention on token 1 grows from setting to setting.
func sweep(names []string, shift []float64) (s squash.Sweep) {
	for i, name := range names {
		one := squash.Setting{Name: name, X: 0.1 + 0.2*float64(i), Layers: 6, Mixing: map[squash.Column][]float64{}}
		for _, c := range []squash.Column{squash.FullFrobenius, squash.FrozenFrobenius, squash.FullSpectral, squash.FrozenSpectral, squash.Path, squash.Local} {
			for doc := range 6 {
				one.Mixing[c] = append(one.Mixing[c], shift[i]+float64(doc)+0.01*float64(doc*(i+1)%5))
			}
		}
		s.Settings = append(s.Settings, one)
	}
	return s
}

var random = sweep([]string{squash.AsIs, "0.5", "0.9"}, []float64{0, -1, -2})

// own is a trained model whose own sink shifts everything by that much.
func own(shift float64) squash.Sweep {
	return sweep([]string{squash.Hidden, "0.3", squash.AsIs, "0.9"}, []float64{0, 0.5, shift, -3})
}

var clean = []squash.Check{{Above: squash.Violations{Pairs: 12, LocalH: 3}, Theorem: 7, Local: 3}, {Above: squash.Violations{Pairs: 8}}}

// The verdict follows the model's own sink, whatever a mass put there by hand does.
func TestJudge(t *testing.T) {
	for verdict, shift := range map[claims.Verdict]float64{claims.Holds: -0.3, claims.DoesNotHold: 0.3, claims.Undecided: 0} {
		r, err := reach.Judge(clean, random, own(shift))
		require.NoError(t, err)
		require.Equal(t, verdict, r.Verdict, shift)
		require.Equal(t, 20, r.Ours[0].N)
		require.Len(t, r.Ours, 7)
		require.NoError(t, r.Validate())
	}
	r, err := reach.Judge(clean, random, own(0))
	require.NoError(t, err)
	require.Len(t, r.Warnings, 1, "the setting 0.3 alone is above")
	require.Contains(t, r.Warnings[0], "with 0.30 of the attention")
	broken := []squash.Check{{Above: squash.Violations{Pairs: 12, Theorem: 1}}}
	r, err = reach.Judge(broken, random, own(-0.3))
	require.NoError(t, err)
	require.Equal(t, claims.CheckFailed, r.Verdict, "a pair above the bound")
	_, err = reach.Judge(nil, random, own(0))
	require.ErrorContains(t, err, "no pair was compared")
	_, err = reach.Judge(clean, random, sweep([]string{squash.Hidden, squash.AsIs}, []float64{0, 0}))
	require.ErrorContains(t, err, `no setting "0.9"`)
}

func TestAgainst(t *testing.T) {
	e, err := reach.Against(random, "0.9", squash.AsIs, squash.Path)
	require.NoError(t, err)
	require.InDelta(t, -2, e.Value, 0.02)
	require.Equal(t, 6, e.N)
	_, err = reach.Against(random, "0.9", squash.Hidden, squash.Path)
	require.ErrorContains(t, err, "no setting")
	short := own(0)
	short.Settings[0].Mixing[squash.Path] = short.Settings[0].Mixing[squash.Path][:5]
	_, err = reach.Against(short, "0.9", squash.Hidden, squash.Path)
	require.ErrorContains(t, err, "cannot be paired")
}

func TestFigures(t *testing.T) {
	_, err := reach.Sinks(random, own(0))
	require.NoError(t, err)
	_, err = reach.Sinks(random, squash.Sweep{})
	require.ErrorContains(t, err, "SmolLM2: the sweep has no settings")
	_, text, err := reach.Own("SmolLM2", own(0.2))
	require.NoError(t, err)
	require.Contains(t, text, "log₁₀ of path product, as it is less key 1 hidden: 0.2")
	require.Equal(t, 2, strings.Count(text, "\n"))
	_, err = reach.Shapes(sweep([]string{squash.Depth, squash.Depth, squash.Heads, squash.Context}, []float64{0, 1, 0, 0}))
	require.NoError(t, err)
	_, err = reach.Shapes(random)
	require.Error(t, err, "it has no depths")
}

// Three tokens; of the pairs 2 ≤ i < j there is one, too few for an order, in the second document
// three that the path product orders the other way round.
func TestMaps(t *testing.T) {
	d := squash.Document{Tokens: []string{"a", "b", "c", "d"}, Comparison: &squash.Comparison{Layers: 3, Width: 4, FirstMass: 0.5}}
	for j := range 4 {
		for i := range j + 1 {
			x := float64(1 + i + 2*j)
			d.Pairs = append(d.Pairs, squash.Pair{I: i, J: j, Full: squash.Norm{Frobenius: x}, PathProduct: 1 / (x * x)})
		}
	}
	_, text, err := reach.Maps(d)
	require.NoError(t, err)
	require.Contains(t, text, "50 % of the attention of these 4 tokens")
	require.Contains(t, text, "Kendall's τ) -1.00")
}

func TestTrial(t *testing.T) {
	c := squash.Comparison{Exact: true, Layers: 2, CMax: 10}
	for i := range 3 {
		c.Pairs = append(c.Pairs, squash.Pair{I: i, J: 2, Full: squash.Norm{Spectral: 1, Frobenius: 10}, Frozen: squash.Norm{Spectral: 1, Frobenius: 10}, PathProduct: 10, Local: 100})
	}
	trial := squash.Trial{Comparison: &c, Estimates: []squash.Estimate{{Norm: 10, SE: 1}, {Norm: 11, SE: 1}, {Norm: 13, SE: 1}}}
	_, text, err := reach.Trial(trial)
	require.NoError(t, err)
	require.Contains(t, text, "in 2 of 3 cases")
	require.Contains(t, text, "the farthest is 30 % off")
	require.Contains(t, text, "theorem's bound 10^3.0 (C_max = 10), local bound 10^2.0, frozen norm 10^0.0")
	trial.Estimates = trial.Estimates[:2]
	_, _, err = reach.Trial(trial)
	require.ErrorContains(t, err, "3 pairs with 2 estimates")
}

func TestTables(t *testing.T) {
	tau := -0.2
	text := reach.Checks([]string{"a", "b"}, []squash.Check{{Above: squash.Violations{Pairs: 12, TheoremH: 1, LocalH: 3}, Theorem: 14, Local: 6.44, Tau: &tau}, {}})
	require.Contains(t, text, "\n| a | 12 | 0 | 1 | 0 | 3 | 14.0 | 6.4 | -0.20 |\n| b | 0 | 0 | 0 | 0 | 0 | 0.0 | 0.0 | – |\n")
	text = reach.Means([]string{"random"}, random)
	require.Contains(t, text, "\n| random | as it is | 10 | 2.52 | 2.52 | 2.52 |\n")
}

// What comes with the checkout gives the figures of the record in git.
func TestRecord(t *testing.T) {
	read := func(name string) (s squash.Sweep) {
		path, err := local.ShippedResult(name)
		require.NoError(t, err)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var file struct{ Value squash.Sweep }
		require.NoError(t, json.Unmarshal(text, &file))
		return file.Value
	}
	r, err := reach.Judge(clean, read("09/random-sink"), read("09/own-sink"))
	require.NoError(t, err)
	root, err := local.Root()
	require.NoError(t, err)
	want, err := claims.Load(root+"/notebooks/results/claims", "C5")
	require.NoError(t, err)
	require.Len(t, r.Ours, len(want.Ours))
	for i, f := range want.Ours[1:] {
		got := r.Ours[1+i]
		require.Equal(t, f.Name, got.Name)
		require.InDelta(t, f.Value, got.Value, 1e-3)
		require.InDelta(t, f.CI.Lo, got.CI.Lo, 1e-3)
		require.InDelta(t, f.CI.Hi, got.CI.Hi, 1e-3)
	}
	require.Equal(t, want.Verdict, r.Verdict)
}
