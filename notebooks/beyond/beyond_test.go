package beyond_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/beyond"
	"firsttoken/notebooks/beyond/values"
	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/plots"
)

// scores are the sink scores of a layer's heads.
type scores struct{ early, late, beyond, any float64 }

// measured has eight texts through a local and a global layer of four heads, the last of each without
// a sink. Losses rise by 0.1 a text, and by what a run costs.
func measured(local, global scores) *values.Measured {
	m := &values.Measured{Window: 16, T: 32, Bin: 2, Kinds: "LG", Heads: 4, Runs: map[string]values.Run{}, Looks: []values.Look{
		{From: 8, To: 16, Lags: map[string]float64{values.First: 1}, Layers: []values.Layer{{Layer: 1, First: 0.8, Massive: 0.1}}}, {From: 16, To: 32, Lags: map[string]float64{"farther": 1}, Layers: []values.Layer{{Layer: 1, Heads: 3, Massive: 0.6, Text: ",", Share: 0.2, Value: 0.15}},
			Tokens: []values.Token{{Text: ".", Share: 0.5, Base: 0.04, Value: 0.2}}}}}
	for name, cost := range map[string]float64{values.AsIs: 0, values.Hidden: 2, values.Local: 1.5, values.Global: 0.5, values.Wide: 0.25, values.Later: 0.1, values.Second: 1, values.Others: 0.1} {
		var run values.Run
		run.Local, run.Global = values.Rows{}, values.Rows{}
		for doc := range 8 {
			var losses []float64
			for b := range 16 {
				losses = append(losses, 3+0.1*float64(doc)+cost+0.01*float64((b+doc)%3)*cost)
			}
			if name == values.Later {
				losses = losses[4:]
			}
			run.Loss = append(run.Loss, losses)
			row := func(a, b float64) (x []float64) {
				for i := range 8 {
					x = append(x, []float64{a, b}[i/4])
					if i%4 == 3 {
						x[i] = 0
					}
				}
				return x
			}
			run.Early, run.Late = append(run.Early, row(local.early, global.early)), append(run.Late, row(local.late, global.late))
			run.Beyond, run.Any = append(run.Beyond, row(local.beyond, global.beyond)), append(run.Any, row(local.any, global.any))
			run.Massive, run.Most = append(run.Massive, []values.Massive{{Row: 9 + doc, Token: ".", Share: 0.9}}), append(run.Most, 0.3)
			if name == values.Second {
				run.Massive[doc] = append(run.Massive[doc], values.Massive{Row: 20, Token: ",", Share: 0.8})
			}
			for _, q := range []string{values.First, values.Oldest, values.Largest, values.Entropy, values.Passed, values.Read, values.Top, values.Written, values.OnFirst, values.OnSecond} {
				run.Local[q] = append(run.Local[q], losses)
				run.Global[q] = append(run.Global[q], losses)
			}
		}
		m.Runs[name] = run
	}
	return m
}

// W1 comes out either way, for each of its reasons.
func TestW1(t *testing.T) {
	kept := scores{0.6, 0.5, 0.5, 0.5}
	for _, c := range []struct {
		name          string
		local, global scores
		want          claims.Verdict
	}{
		{"it goes with ⟨bos⟩", scores{0.6, 0.5, 0, 0.1}, kept, claims.Holds},
		{"another key takes it", scores{0.6, 0.5, 0, 0.4}, kept, claims.DoesNotHold},
		{"it is gone before", scores{0.6, 0.2, 0, 0.1}, kept, claims.DoesNotHold},
		{"global layers lose it too", scores{0.6, 0.5, 0, 0.1}, scores{0.6, 0.5, 0.1, 0.1}, claims.Mixed},
	} {
		figures, err := beyond.W1(measured(c.local, c.global))
		require.NoError(t, err, c.name)
		verdict, why, err := claims.W1().Apply(figures)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, verdict, "%s: %s", c.name, why)
	}
	_, err := beyond.W1(measured(scores{0.1, 0.1, 0.1, 0.1}, kept))
	require.ErrorContains(t, err, "text 1 has no such head")
}

// Shares are of the heads with a sink, three of four; losses are paired by target, the later text's
// bins shifted to where they lie in the whole.
func TestFigures(t *testing.T) {
	m := measured(scores{0.6, 0.5, 0, 0.1}, scores{0.6, 0.5, 0.5, 0.5})
	figures, err := beyond.W1(m)
	require.NoError(t, err)
	for name, want := range map[string]float64{claims.WindowSinks: 75, claims.WindowInView: 100, claims.WindowBeyond: 0, claims.WindowGlobal: 100,
		"loss, ⟨bos⟩ hidden − as it is, queries 17 to 24": 2.02, "loss, as it is − text begins half a window later, queries 17 to 24": -0.1} {
		f, err := claims.Figures(figures).Get(name)
		require.NoError(t, err)
		require.InDelta(t, want, f.Value, 0.02, name)
	}
	m.Runs[values.Later].Loss[0][0] += 100
	again, err := beyond.W1(m)
	require.NoError(t, err)
	changed := 0
	for i, f := range again {
		if math.Abs(f.Value-figures[i].Value) > 1e-9 {
			changed++
			require.Equal(t, "loss, as it is − text begins half a window later, queries 9 to 16", f.Name)
		}
	}
	require.Equal(t, 1, changed)
}

func TestShow(t *testing.T) {
	m := measured(scores{0.6, 0.5, 0, 0.1}, scores{0.6, 0.5, 0.5, 0.5})
	for _, draw := range []func(*values.Measured) (*plots.Figure, error){beyond.Sinks, beyond.Massive, beyond.Price} {
		figure, err := draw(m)
		require.NoError(t, err)
		require.NotNil(t, figure)
	}
	text, err := beyond.Table(m)
	require.NoError(t, err)
	require.Contains(t, text, "\n| local, no windows | 17 – 32 | 3.6")
	text = beyond.Relay(m)
	require.Contains(t, text, "| as it is | 8 | 1.0 | 14, 10 – 17 | none | 0.90 – 0.90 | 0.30 |")
	require.Contains(t, text, "| new ones where those as it is are hidden | 8 | 1.0 | 21, 21 – 21 | none | 0.80 – 0.80 | 0.30 |")
	text = beyond.Rests(m)
	require.Contains(t, text, "| 9 – 16 | 100.0 | 0.0 |")
	require.Contains(t, text, "\n| 1 | 3.0 | 80 | 10 | 60 | `,` | 20 | 0.15 |")
	require.Contains(t, text, "| `.` | 50.0 | 4.0 | 0.20 |")
}

// The figures of what ships are those of the record, and the rule gives the verdict that stands there.
func TestFiguresAreTheRecords(t *testing.T) {
	m := keeptest.Shipped[*values.Measured](t, "11d/beyond")
	ours, err := beyond.W1(m)
	require.NoError(t, err)
	record, err := claims.LoadOn("", "W1", claims.Gemma3)
	require.NoError(t, err)
	require.Equal(t, record.Ours, claims.Figures(ours))
	verdict, _, err := claims.W1().Apply(ours)
	require.NoError(t, err)
	require.Equal(t, record.Verdict, verdict)

	// Every text has a massive token in the window, and nothing lies between them and the others.
	for doc, list := range m.Runs[values.AsIs].Massive {
		require.Less(t, list[0].Row, m.Window)
		for _, x := range list {
			require.Greater(t, x.Share, 2*m.Runs[values.AsIs].Most[doc])
		}
	}
}
