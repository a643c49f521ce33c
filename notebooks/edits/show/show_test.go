package show_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/edits"
	"firsttoken/notebooks/edits/show"
	"firsttoken/plots"
	"firsttoken/sinks/perturb"
)

var study = edits.Study{Model: "a model", Edits: 8, Draws: 2, T: 40, Blocks: 3, Maker: 1, High: 3}

// outcomes have spreads and entropies of a size by condition, a little different by text.
func outcomes(spread, entropy map[string]float64) map[string]edits.Outcome {
	all := map[string]edits.Outcome{}
	for k, c := range edits.Conditions() {
		o := edits.Outcome{}
		for i := range study.Edits {
			x := 1 + 0.01*float64(i*(i+k)%5)
			put := func(name string, v ...float64) { o[name] = append(o[name], v) }
			s, e := spread[c.Key]*x, entropy[c.Key]*x
			put("loss", map[bool]float64{true: 3, false: 5}[c.Key == "intact" || c.Key == "bos"])
			put("rate", 50+x)
			put("rate above", map[bool]float64{true: 5, false: 90}[c.Key == "off"]+x)
			put("rate above, any", 95)
			for _, name := range []string{"relative", "absolute", "typical"} {
				put(name, s/2, s, s)
			}
			for _, name := range []string{"entropy", "entropy without key 1", "maximum"} {
				put(name, e, e, e)
			}
			put("heads", e, e, e, e, e, e)
		}
		all[c.Key] = o
	}
	return all
}

var spread = map[string]float64{"intact": 1, "bos": 1.01, "masked": 1, "hidden": 2, "off": 2, "noise": 1.2, "mlps": 1.5}
var entropy = map[string]float64{"intact": 1, "bos": 1, "masked": 1, "hidden": 1.5, "off": 1.5, "noise": 1.1, "mlps": 1.2}

// The figures are those that the rules ask for, and verdicts come of them either way.
func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		mlps, off float64
		c1, c2    claims.Verdict
	}{{1.5, 2, claims.Holds, claims.Holds}, {3, 2, claims.Mixed, claims.Mixed}, {1.5, 0.9, claims.DoesNotHold, claims.DoesNotHold}} {
		s, e := map[string]float64{}, map[string]float64{}
		for key := range spread {
			s[key], e[key] = spread[key], entropy[key]
		}
		s["mlps"], s["off"], e["mlps"], e["off"] = c.mlps, c.off, c.mlps, c.off
		for rule, want := range map[string]claims.Verdict{"C1": c.c1, "C2": c.c2} {
			judge := map[string]func(edits.Study, string, map[string]edits.Outcome) (*claims.Record, error){"C1": show.C1, "C2": show.C2}[rule]
			r, err := judge(study, "notebooks/06.ipynb", outcomes(s, e))
			require.NoError(t, err)
			require.Equal(t, want, r.Verdict, "%s: %s", rule, r.Why)
			require.NoError(t, r.Validate())
			require.Contains(t, r.Provenance["controls"], "2 draws")
			require.NotContains(t, r.Warnings[0], "?")
		}
	}
	short := outcomes(spread, entropy)
	short["noise"]["relative"] = short["noise"]["relative"][:3]
	_, err := show.C1(study, "notebooks/06.ipynb", short)
	require.ErrorContains(t, err, "relative spread, sink off / noise of equal loss")
	short["mlps"]["entropy"] = nil
	_, err = show.C2(study, "notebooks/06.ipynb", short)
	require.ErrorContains(t, err, "row entropy, sink off − MLPs")
}

func TestFigures(t *testing.T) {
	all := outcomes(spread, entropy)
	text, err := show.Table(study, all)
	require.NoError(t, err)
	require.Contains(t, text, "| condition | sink rate % | blocks 2–3 |")
	require.Contains(t, text, "\n| sink off | 51.0 | 6.0 | 95.0 | 5.00 | 1.98 [1.96, 2.00] | ")
	list := show.Of(study, all)
	require.Len(t, list, len(edits.Conditions()))
	require.Equal(t, "intact", list[0].Name)
	_, err = show.Farther("edits", list[0], list[1:]...)
	require.NoError(t, err)
	list[2].Absolute = list[2].Absolute[:3]
	_, err = show.Farther("edits", list[0], list[1:]...)
	require.ErrorContains(t, err, "3 texts masked, 8 intact")
	_, err = show.Lines(study, plots.Lines{YName: "nats"}, all, "entropy", "off", "intact")
	require.NoError(t, err)
	_, err = show.Heads(study, "heads", all, "heads")
	require.NoError(t, err)
}

// Panels show the same words in the same columns, whatever stands in front of some.
func TestPicture(t *testing.T) {
	row := func(n int) [][]float32 { return [][]float32{make([]float32, n), make([]float32, n)} }
	maps := map[string]*perturb.Map{"a": {Pos: 2, Delta: row(5), Norm: row(5)}, "b": {Pos: 3, Delta: row(6), Norm: row(6)}}
	maps["a"].Delta[1][2], maps["a"].Norm[1][2] = 3, 4
	_, err := show.Picture("a word", perturb.Relative, maps, "a", "b")
	require.NoError(t, err)
	_, err = show.Picture("a word", perturb.Absolute, maps, "c")
	require.ErrorContains(t, err, `no map of "c"`)
	_, err = show.Picture("a word", "loud", maps, "a")
	require.ErrorContains(t, err, `"loud"`)
}
