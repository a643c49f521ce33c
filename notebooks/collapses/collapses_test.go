package collapses_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/collapses"
	"firsttoken/notebooks/collapses/states"
	"firsttoken/plots"
	"firsttoken/sinks/collapse"
)

// texts are two texts of a model of two layers, in which all tokens and the last two draw together.
func texts() []states.Layers {
	depth := func(shift float64) *collapse.Depth {
		return &collapse.Depth{Rank: []float64{8, 4, 2}, Relative: []float64{.8 + shift, .4 + shift, .2 + shift}, Distance: []float64{4, 2, 1},
			Apart: []float64{.9, .5, .3}, Tightness: []float64{.5, .25, .125}}
	}
	return []states.Layers{{All: depth(0), Text: depth(.1), Effective: []float64{3, 2, 1}}, {All: depth(.1), Text: depth(.2), Effective: []float64{3, 2, 1}}}
}

func tightness(l states.Layers) []float64 { return l.Text.Tightness }
func relative(l states.Layers) []float64  { return l.Text.Relative }

func TestCurveAndSlack(t *testing.T) {
	s, err := collapses.Curve("x", texts(), relative)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{.95, .55, .35}, s.Y, 1e-9)
	same, err := collapses.Curve("x", texts(), tightness)
	require.NoError(t, err)
	require.Equal(t, same.Y, same.Lo, "equal texts have no spread")
	slack, err := collapses.Slack(texts(), tightness, 1, 2)
	require.NoError(t, err)
	require.Equal(t, "4 to 8", slack)
}

func TestFigures(t *testing.T) {
	kept := map[string][]states.Layers{}
	for _, w := range collapses.Wirings {
		kept[w] = texts()
	}
	_, err := collapses.Depth(plots.Lines{Title: "t", YName: "y"}, kept, relative)
	require.NoError(t, err)
	_, err = collapses.Both(plots.Lines{Title: "t", YName: "y"}, texts(), tightness, relative)
	require.NoError(t, err)
	_, err = collapses.Length(plots.Lines{Title: "t", YName: "y"}, map[int][]states.Layers{4: texts(), 8: texts()}, []int{4, 8}, []int{0, 2}, relative)
	require.NoError(t, err)
}

// C6 holds of texts in which both fall together, and does not where the correlation is the other
// way round.
func TestC6(t *testing.T) {
	var all states.Bound
	all.Count(texts())
	require.Equal(t, states.Bound{Tightest: .5, States: 12}, all)
	for together, want := range map[float64]claims.Verdict{.9: claims.Holds, -.9: claims.DoesNotHold} {
		figures, err := collapses.C6(all, []float64{0, .9}, []float64{together, together + .01, together - .01, together, together})
		require.NoError(t, err)
		verdict, why, err := claims.C6(claims.AnyFirst).Apply(figures)
		require.NoError(t, err)
		require.Equal(t, want, verdict, why)
	}
}

func TestTogether(t *testing.T) {
	r, err := collapses.Together(texts())
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1, 1}, r, 1e-9)
}

func TestRepeats(t *testing.T) {
	repeated := states.Repeated{Length: &collapse.Length{Relative: []float64{.5, .1, 1e-9}, Differing: []int{9, 3, 0}}, Front: 1, Tightest: .4, States: 7, Equal: 2}
	require.Equal(t, "4; at 100.0 % of the lengths from there on", repeated.EqualFrom())
	apart := repeated
	apart.Length = &collapse.Length{Relative: []float64{.5, .1, .1}, Differing: []int{9, 3, 5}}
	require.Equal(t, "not by 4: 3 components differ at least", apart.EqualFrom())
	prompts := []states.Repeat{{Front: "Count:", Token: " the"}}
	_, table, err := collapses.Repeats([]string{"trained"}, map[string][]states.Repeated{"trained": {repeated}}, prompts, 4)
	require.NoError(t, err)
	require.Contains(t, table, `| "Count:", then " the"… | 3 | 4; at 100.0 %`)
	var bound states.Bound
	bound.CountRepeated([]states.Repeated{repeated, repeated})
	require.Equal(t, states.Bound{Tightest: .4, States: 14, Equal: 4}, bound)
	require.Equal(t, `Nothing but " dog"…`, states.Repeat{Token: " dog"}.String())
}
