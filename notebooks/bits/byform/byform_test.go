package byform_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/bits/byform"
	"firsttoken/notebooks/bits/byform/measure"
	"firsttoken/notebooks/claims"
	"firsttoken/sinks/quantize"
	"firsttoken/sinks/stats"
	"firsttoken/train/transformer"
)

// form has five runs, in whose loss static steps of any number of bits cost so much, and what is
// left of it with token 1 and with another token kept; a little more from seed to seed.
func form(name string, cost, first, other float64) byform.Form {
	f := byform.Form{Name: name}
	for seed := range 5 {
		r := measure.Run{ID: name, Seed: uint64(seed + 1), Loss: map[string]float64{}, Output: []quantize.Outliers{{Ratio: 5}, {Ratio: 7}},
			Sites: measure.Sites{All: [][transformer.Sites]float64{{2, 3, 2, 4}}, Without: [][transformer.Sites]float64{{2, 2, 2, 2}}}}
		for _, s := range measure.Schemes() {
			more := 3.0
			if s.Static {
				more += map[int]float64{0: cost, 1: first, measure.Other: other}[s.Keep] * (1 + 0.01*float64(seed))
			}
			r.Loss[s.String()] = more + 0.001*float64(s.Bits)
		}
		f.Runs = append(f.Runs, r)
	}
	return f
}

var rate = claims.Figure{Name: "softmax, sink rate", Unit: "%", Estimate: stats.Estimate{Value: 50, N: 5, CI: &stats.Interval{Lo: 40, Hi: 60, Level: 0.95}}}

// S4t comes out each way: the cost gone without a sink and with softmax's token 1 kept; gone, but
// not with token 1; there without a sink; and nothing to pay.
func TestVerdicts(t *testing.T) {
	without := func(cost float64) []byform.Form {
		return []byform.Form{form("sink-logit", cost, cost, cost), form("softpick", cost, cost, cost)}
	}
	for _, c := range []struct {
		want             claims.Verdict
		softmax, without []byform.Form
	}{
		{claims.Holds, []byform.Form{form("softmax", 0.1, 0.01, 0.09)}, without(0.01)},
		{claims.Mixed, []byform.Form{form("softmax", 0.1, 0.09, 0.09)}, without(0.01)},
		{claims.DoesNotHold, []byform.Form{form("softmax", 0.1, 0.01, 0.09)}, without(0.08)},
		{claims.Mixed, []byform.Form{form("softmax", 0.1, 0.01, 0.09)}, []byform.Form{without(0.08)[0], without(0.01)[1]}},
		{claims.NotTestable, []byform.Form{form("softmax", 0.01, 0.001, 0.009)}, without(0.001)},
	} {
		m := byform.Measured(append(c.softmax, c.without...))
		r, err := m.Judge(rate, "notebooks/14b.ipynb", byform.Plan{N: 64, T: 64, Draws: 4})
		require.NoError(t, err)
		require.NoError(t, r.Validate())
		require.Equal(t, c.want, r.Verdict, r.Why)
	}
}

// Figures are paired by seed, whatever the order of the runs.
func TestPaired(t *testing.T) {
	softmax, softpick := form("softmax", 0.1, 0.05, 0.1), form("softpick", 0.04, 0.04, 0.04)
	softpick.Runs[0], softpick.Runs[3] = softpick.Runs[3], softpick.Runs[0]
	figures, err := byform.Measured{softmax, softpick, form("sink-logit", 0.1, 0.1, 0.1)}.Figures(rate)
	require.NoError(t, err)
	f, err := claims.Figures(figures).Get("softpick, 6 bits, static − dynamic, less half of softmax's")
	require.NoError(t, err)
	require.InDelta(t, (0.04-0.05)*1.02, f.Value, 1e-9)
	require.InDelta(t, f.Value-(0.05-0.04)*0.0197, f.CI.Lo, 1e-4, "no wider than the seeds' own differences")
	f, err = claims.Figures(figures).Get("sink-logit, 8 bits, static − dynamic")
	require.NoError(t, err)
	require.InDelta(t, 0.102, f.Value, 1e-9)
}

func TestShown(t *testing.T) {
	m := byform.Measured{form("softmax", 0.1, 0.05, 0.1), form("softpick", 0.04, 0.03, 0.04)}
	_, err := m.Static(8, 6)
	require.NoError(t, err)
	_, err = m.Outliers()
	require.NoError(t, err)
	text, err := m.Costs()
	require.NoError(t, err)
	require.Contains(t, text, "| scheme | against | softmax | softpick |\n| --- | --- | --- | --- |\n| KV4 | float | 0.0")
	require.Contains(t, text, "\n| W8A6 static, token 1 kept | W8A6 dynamic | 51.0 ± 1.0 | 30.6 ± 0.6 |")
	require.Contains(t, text, "\n| W4A4 dynamic | float | 4.0")
}

func TestRefused(t *testing.T) {
	softmax, softpick := form("softmax", 1, 1, 1), form("softpick", 1, 1, 1)
	_, err := byform.Measured{softpick, softmax}.Costs()
	require.ErrorContains(t, err, "softmax must come first")
	_, err = byform.Measured{softmax, softpick}.Figures(rate)
	require.ErrorContains(t, err, "sink-logit was not measured")
	delete(softpick.Runs[2].Loss, "W4")
	_, err = byform.Measured{softmax, softpick}.Outliers()
	require.ErrorContains(t, err, `run softpick was not measured as "W4"`)
	_, err = byform.Measured{softmax, {Name: "sigmoid"}}.Static(8)
	require.ErrorContains(t, err, "no runs of sigmoid")
}
