package resting_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/notebooks/resting"
	"firsttoken/notebooks/resting/values"
)

// What notebook 4b says of text: there is no other sink, and ⟨bos⟩ makes the first layer write less.
func TestText(t *testing.T) {
	_, table, err := resting.Text{Points: keeptest.Points(t, "packing"), Layers: keeptest.Shipped[[][]values.Layer](t, "04b/rests")}.Show()
	require.NoError(t, err)
	require.Contains(t, table, "| causal, none | 1 | 2.2 ± 0.8 | 4.7 ± 2.4 | 0.8 ± 0.2 | 30.0 ± 6.0 | 0.49 ± 0.03 |")
	require.Contains(t, table, "| causal, fixed | 1 | 47.8 ± 19.7 |")
}

// And of the task: the rules come out as it says.
func TestTask(t *testing.T) {
	task := resting.Task{Points: keeptest.Points(t, "rest"), Runs: keeptest.Shipped[[]values.TaskRun](t, "04b/looked")}
	_, table, err := task.Show()
	require.NoError(t, err)
	require.Contains(t, table, "| fixed | 1 | 176 | 82.8 ± 11.0 |")
	figures, err := task.Figures()
	require.NoError(t, err)
	var verdicts []claims.Verdict
	for _, rule := range resting.Rules() {
		verdict, _, err := rule.Apply(figures)
		require.NoError(t, err)
		verdicts = append(verdicts, verdict)
	}
	require.Equal(t, []claims.Verdict{claims.Undecided, claims.DoesNotHold, claims.Holds, claims.Holds, claims.DoesNotHold}, verdicts)
}

func TestEven(t *testing.T) {
	require.InDelta(t, 100*(1./2+1./3)/2, resting.Even(2, 3), 1e-9)
}
