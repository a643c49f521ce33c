package fronted_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/fronted"
	"firsttoken/notebooks/fronted/values"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/sinks/tasks"
)

var (
	fronts  = []string{"with", "without", "random"}
	lengths = []int{256, 512, 1024}
)

// gemma are the answers that come with the checkout.
func gemma(t *testing.T) map[string]values.Answers {
	t.Helper()
	return keeptest.Shipped[map[string]values.Answers](t, "10b/tests gemma3")
}

// Figures are those of the record, and the rule gives the verdict that stands there.
func TestFiguresAreTheRecords(t *testing.T) {
	asked, err := fronted.NewAsked(fronts, lengths, gemma(t))
	require.NoError(t, err)
	ours, err := asked.C17()
	require.NoError(t, err)
	scores, err := asked.Scores("gemma3")
	require.NoError(t, err)
	record, err := claims.LoadOn("", "C17", claims.Gemma3)
	require.NoError(t, err)
	ours = append(ours, scores...)
	require.Len(t, ours, len(record.Ours))
	for i, f := range ours {
		then := record.Ours[i]
		require.Equal(t, then.Name, f.Name)
		require.InDelta(t, then.Value, f.Value, 1e-9, f.Name)
		require.InDelta(t, then.CI.Lo, f.CI.Lo, 1e-9, f.Name)
		require.InDelta(t, then.CI.Hi, f.CI.Hi, 1e-9, f.Name)
		require.Equal(t, then.N, f.N)
	}
	verdict, _, err := claims.C17(claims.FixedBOS).Apply(ours)
	require.NoError(t, err)
	require.Equal(t, record.Verdict, verdict)

	lines, err := asked.Moved()
	require.NoError(t, err)
	require.Len(t, lines, 2*len(fronts))
	require.Contains(t, lines[0], fmt.Sprintf("%.0f of 85 right", math.Round(scores[0].Value*0.85)))
	figure, err := asked.Figure()
	require.NoError(t, err)
	require.NotNil(t, figure)
}

// A model that answers as before loses nothing; one that cannot answer with ⟨bos⟩ has no share to
// lose.
func TestNothingLost(t *testing.T) {
	answers := func(right ...int) (list []tasks.Result) {
		for _, r := range right {
			list = append(list, tasks.Result{Scores: []float64{-1, -2, -3, -4}, Right: r})
		}
		return list
	}
	same := values.Answers{Choice: answers(0, 0, 0, 1, 0, 0, 2, 0), Needle: map[int][]tasks.Result{7: answers(0, 0, 0, 0, 0, 3)}}
	asked, err := fronted.NewAsked([]string{"with", "without"}, []int{7}, map[string]values.Answers{"with": same, "without": same})
	require.NoError(t, err)
	figures, err := asked.C17()
	require.NoError(t, err)
	require.Len(t, figures, 5)
	require.InDelta(t, 50, figures[0].Value, 1e-9, "six of eight are right, two by chance")
	require.Equal(t, "multiple choice: share of that lost without ⟨bos⟩", figures[1].Name)
	require.Zero(t, figures[1].Value)
	lines, err := asked.Moved()
	require.NoError(t, err)
	require.Contains(t, lines[1], "6 right, 0 turned; margin +0.00 nats a token")

	guess := values.Answers{Choice: answers(0, 1, 2, 3, 0, 1, 2, 3), Needle: same.Needle}
	asked, err = fronted.NewAsked([]string{"with", "without"}, []int{7}, map[string]values.Answers{"with": guess, "without": same})
	require.NoError(t, err)
	figures, err = asked.C17()
	require.NoError(t, err)
	require.Zero(t, figures[0].Value)
	for _, f := range figures {
		require.NotEqual(t, "multiple choice: share of that lost without ⟨bos⟩", f.Name)
	}
}

func TestNewAskedRefuses(t *testing.T) {
	all := gemma(t)
	_, err := fronted.NewAsked([]string{"without", "with"}, lengths, all)
	require.ErrorContains(t, err, `the first front must be "with"`)
	_, err = fronted.NewAsked(append(fronts, "masked"), lengths, all)
	require.ErrorContains(t, err, `test 1 has 0 answers behind "masked" and 85 behind "with"`)
	_, err = fronted.NewAsked(fronts, []int{256, 100}, all)
	require.ErrorContains(t, err, "test 3 has 0 answers")
}
