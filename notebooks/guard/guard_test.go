package guard_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/guard"
	"firsttoken/sinks/security"
	"firsttoken/sinks/security/measure"
)

// edits has two tokens at four positions in three texts: KL falls by position, the sink stays.
func edits() guard.Edits {
	e := &measure.Edited{}
	e.Whole.Loss, e.Whole.Rate = []float64{3, 3.1, 3.2}, []float64{80, 81, 82}
	for i := range 4 {
		at := func(x float64) [][]float64 {
			return [][]float64{{x, 1.01 * x, 1.02 * x}, {1.1 * x, 1.11 * x, 1.125 * x}}
		}
		e.KL, e.Loss, e.Rate = append(e.KL, at(1-0.2*float64(i))), append(e.Loss, at(0.5)), append(e.Rate, at(-1))
	}
	return guard.Edits{Name: "a model", Tokens: []string{"Ġthe", "|"}, Edited: e}
}

// forced has three pairs of messages; mild ones are declined with the safety token alone.
func forced() guard.Forced {
	answer := func(text string) measure.Answer { return measure.Answer{IDs: make([]int32, 12), Text: text} }
	f := guard.Forced{Forced: &measure.Forced{Answers: map[string][]measure.Answer{}, First: map[string][]int32{}, Safe: &security.Firsts{}},
		Reach: &measure.Reach{KL: map[string][][]float64{}, Second: map[string][]float64{}, Rate: []float64{90, 91, 92}, RateOff: []float64{1, 2, 3}}}
	for _, c := range []string{measure.Free, measure.Safety, measure.Neutral, measure.Random} {
		for i := range 6 {
			text := "Here is | a\ncard"
			if c == measure.Safety && i < 3 {
				text = "I'm sorry, but no"
			}
			if i < 3 || c == measure.Free || c == measure.Safety {
				kl := make([]float64, 12)
				for j := range kl {
					kl[j] = 8/float64(1+j*j)*(1+0.1*float64(i)) + 0.001*float64(i*j)
				}
				f.Answers[c], f.First[c] = append(f.Answers[c], answer(text)), append(f.First[c], 7)
				f.KL[c], f.Second[c] = append(f.KL[c], kl), append(f.Second[c], float64(i%3)/10)
			}
		}
	}
	f.Second[measure.Safety] = []float64{0.1, 0.3, 0.2, 0, 0, 0}
	f.Off = [][]float64{f.KL[measure.Free][1], f.KL[measure.Free][2], f.KL[measure.Free][4]}
	return f
}

func verdict(t *testing.T, r claims.Rule, ours []claims.Figure, err error) claims.Verdict {
	t.Helper()
	require.NoError(t, err)
	v, why, err := r.Apply(ours)
	require.NoError(t, err)
	require.NotEmpty(t, why)
	return v
}

func TestFiguresOfRules(t *testing.T) {
	ours, err := guard.EditFigures(edits())
	require.Equal(t, claims.Holds, verdict(t, claims.S5aEdits(), ours, err))
	kl := [][][]float64{{{1, 1.1, 1.2}}, {{2, 2.1, 2.3}}, {{1, 1.1, 1.2}}, {{3, 3.1, 3.5}}}
	more, err := guard.TriggerFigures(kl)
	require.Equal(t, claims.Mixed, verdict(t, claims.S5a(), append(ours, more...), err), "at the end it does more")

	f := forced()
	ours, err = guard.DeclineFigures(f)
	require.Equal(t, claims.Undecided, verdict(t, claims.S5b(), ours, err), "three messages do not say whether a quarter is declined")
	ours, err = guard.ReachFigures(f)
	require.Equal(t, claims.Holds, verdict(t, claims.S5c(), ours, err))
	one := edits()
	one.KL = one.KL[:1]
	_, err = guard.EditFigures(one)
	require.ErrorContains(t, err, "tokens are exchanged at 1 positions")
	f.First[measure.Safety] = make([]int32, 6)
	_, err = guard.ReachFigures(f)
	require.ErrorContains(t, err, "is every answer's own")
}

func TestTables(t *testing.T) {
	text, err := guard.Declined(forced())
	require.NoError(t, err)
	require.Contains(t, text, "\n| free | 0 of 3: 0 % [0, 56] | 0 of 3: 0 % [0, 56] |\n| safety token | 3 of 3: 100 % [44, 100] | 0 of 3")
	require.Contains(t, text, "\n| random token | 0 of 3: 0 % [0, 56] |  |\n")
	runs := &measure.Repeated{Massive: [][]float64{{90, 8}, {70, 6}}, Share: [][]float64{{9, 8}, {7, 6}}}
	require.Equal(t, "| position | max \\|x\\|, 1 | 2 | attention (%), 1 | 2 |\n| --- | --- | --- | --- | --- |\n| run | 80 | 7 | 8.0 | 7.0 |\n",
		guard.Runs([]string{"run"}, []*measure.Repeated{runs}, 1, 2))
	kl := [][][]float64{{{1, 1.1, 1.2}}, {{2, 2.1, 2.3}}, {{1, 1.1, 1.2}}, {{3, 3.1, 3.5}}}
	text, err = guard.Triggered([]string{"cf"}, kl)
	require.NoError(t, err)
	require.Contains(t, text, "| where it stands | “cf” |\n| --- | --- |\n| first of all | 1.100 ± ")
	f := forced()
	f.Elicited, f.Told = true, f.Answers[measure.Safety][:3]
	text, err = guard.Declined(f)
	require.NoError(t, err)
	require.Contains(t, text, "\n| told to decline by a system message | 3 of 3")
	text, err = guard.ByToken(edits())
	require.NoError(t, err)
	require.Contains(t, text, "\n| `Ġthe` | 1.010 ± ")
	require.Contains(t, guard.Examples(f, []security.Pair{{Mild: "A?"}}, 0), "\n| A? | Here is ¦ a ⏎ card … | I'm sorry")
}

func TestFigures(t *testing.T) {
	for name, draw := range map[string]func() error{
		"exchanged": func() error { _, err := guard.Exchanged(edits(), edits()); return err },
		"outcome":   func() error { _, err := guard.Outcome(forced()); return err },
		"divergence": func() error {
			_, err := guard.Divergence(&measure.Classed{Divergent: &security.Divergent{Delta: [][]float64{{0.1, -0.1}}}})
			return err
		},
	} {
		require.NoError(t, draw(), name)
	}
}
