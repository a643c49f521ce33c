package show_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/forms"
	"firsttoken/notebooks/forms/show"
	"firsttoken/sinks/stats"
)

// mixings are runs of seeds 1 to 3 whose relative spread over blocks and influence are about these.
func mixings(relative, influence float64) (list []forms.Mixing) {
	for i, f := range []float64{0.99, 1, 1.01} {
		seed := uint64(i + 1)
		m := forms.Mixed{Spread: 1, Relative: []float64{1, relative * f * 2, relative * f / 2}, Apart: []float64{1, 1, 1}, Influence: influence * f, Paths: 2}
		list = append(list, forms.Mixing{Seed: seed, Whole: m, Hidden: m, Heads: [][]forms.Head{{{RowSum: 0.5, Gate: 0.5, First: 0.1, Keys: 3, Written: 0.25, Silent: 0.5, Stream: 0.1}, {RowSum: 1, Gate: 1, Keys: 1, Written: 1, Stream: 0.3}}}})
	}
	return list
}

// A form that neither collapses nor reaches farther holds S1c, either failing alone breaks it, forms
// that differ are mixed, and one around a bound leaves it open.
func TestS1c(t *testing.T) {
	names := append([]string{"softmax"}, claims.SinklessForms...)
	rate := claims.Figure{Name: "softmax, sink rate", Unit: "%", Estimate: stats.Estimate{Value: 50, N: 3, CI: &stats.Interval{Lo: 40, Hi: 60, Level: 0.95}}}
	rested := mixings(0.5, 3)
	rested[0].Seed, rested[1].Seed = rested[1].Seed, rested[0].Seed // else all ratios are one
	judge := func(softpick, sinkLogit []forms.Mixing) claims.Verdict {
		figures, err := show.Figures(names, map[string][]forms.Mixing{"softmax": rested, "softpick": softpick, "sink-logit": sinkLogit}, forms.Measures()...)
		require.NoError(t, err)
		verdict, _, err := claims.S1c().Apply(append(figures, rate))
		require.NoError(t, err)
		return verdict
	}
	same, less := mixings(0.5, 3), mixings(0.6, 1)
	require.Equal(t, claims.Holds, judge(same, less))
	require.Equal(t, claims.DoesNotHold, judge(mixings(0.3, 3), mixings(0.5, 4)))
	require.Equal(t, claims.Mixed, judge(mixings(0.3, 3), same))
	wide := mixings(0.5, 3)
	for i := range wide {
		wide[i].Whole.Influence *= 1 + 0.1*float64(i)
	}
	require.Equal(t, claims.Undecided, judge(same, wide))
}

func TestRestTableAndFigures(t *testing.T) {
	channels := mixings(0.5, 3)
	for i := range channels {
		channels[i].Whole.Paths = 0
	}
	names, runs := []string{"softmax", "gate-element"}, map[string][]forms.Mixing{"softmax": mixings(0.5, 3), "gate-element": channels}
	table, err := show.RestTable(names, runs)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(table), "\n")
	require.Len(t, lines, 4)
	for _, line := range lines {
		require.Equal(t, strings.Count(lines[0], "|"), strings.Count(line, "|"), line)
	}
	require.Contains(t, lines[2], "| 0.62 | 5.0 | 2.0 | 0.62 | 25 | 0.20 | 1.00 |", "means over heads; row sum × gate is not the product of means")
	require.Contains(t, lines[3], "not defined")
	_, err = show.AgainstSoftmax(names, runs)
	require.NoError(t, err)
	_, err = show.AgainstSoftmax(names[:1], runs)
	require.ErrorContains(t, err, "nothing to compare")
	_, err = show.Rests(names, runs)
	require.NoError(t, err)
	_, err = show.ByDepth(names, runs)
	require.NoError(t, err)
	figures, err := show.Figures(names, runs, forms.Measures()[2])
	require.NoError(t, err)
	require.Equal(t, "| form | influence of other tokens with ⟨bos⟩'s key hidden / as it is | influence of other tokens / softmax's |\n| --- | --- | --- |\n"+
		"| softmax | 1 |  |\n| gate-element | 1 | 1 |\n", show.Table(figures))
}
