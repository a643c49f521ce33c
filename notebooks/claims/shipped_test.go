package claims_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

const shipped = "../results/claims"

// Every shipped record is what its own rule gives on its own figures: loading judges it again.
func TestShippedRecords(t *testing.T) {
	records, err := claims.LoadAll(shipped)
	require.NoError(t, err)
	for _, c := range claims.All() {
		require.NotEmpty(t, records[c.ID], c.ID)
		for _, r := range records[c.ID] {
			require.NotNil(t, r.Rule, c.ID)
			v, why, err := r.Rule.Apply(r.Ours)
			require.NoError(t, err)
			require.Equal(t, [2]string{string(v), why}, [2]string{string(r.Verdict), r.Why})
		}
	}
	history, err := claims.History()
	require.NoError(t, err)
	require.NotEmpty(t, history)
	for _, f := range history {
		_, err := claims.LoadOn(shipped, f.ID, f.Model)
		require.NoError(t, err, "a former verdict of a record that there is")
	}
}

func TestHistoryRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`[{"id":"C99"}]`:      `no claim "C99"`,
		`[{"id":"C1"}]`:       "lacks a field",
		`[{"id":"C1","x":1}]`: "unknown field",
		`[{"id":"C1","model":"m","verdict":"holds","rule":"r","until":"soon","reason":"r"}]`: "no date",
	} {
		_, err := claims.ParseHistory([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

// Claims that are not the paper's have records like the others.
func TestOtherClaims(t *testing.T) {
	claims.Register(t, claims.Claim{ID: "S3b", Statement: "Softpick has no sink.", Evidence: "arXiv 2504.20966", Model: claims.Trained})
	r, err := claims.Judge("S3b", notebook, []claims.Figure{figure("sink rate", 1, 0.5)}, claims.Below("sink rate", 5))
	require.NoError(t, err)
	dir := t.TempDir()
	path, err := r.Save(dir)
	require.NoError(t, err)
	require.Equal(t, "S03b.json", filepath.Base(path))
	r.Model = "OLMo 1B (0724)"
	path, err = r.Save(dir)
	require.NoError(t, err)
	require.Equal(t, "S03b-olmo-1b-0724.json", filepath.Base(path))
	records, err := claims.LoadAll(dir)
	require.NoError(t, err)
	require.Len(t, records["S3b"], 2)
	require.Equal(t, claims.Trained, records["S3b"][0].Model, "the claim's own first")
	require.Contains(t, claims.Markdown(records, nil), "**S3b, OLMo 1B (0724), holds.**")
	r.Model = "…"
	_, err = r.Save(dir)
	require.ErrorContains(t, err, "does not name the model")
}

// rules are those of all claims on all models.
func rules() map[string]claims.Rule {
	out := map[string]claims.Rule{
		"C7": claims.C7(), "C8": claims.C8(), "C9": claims.C9(), "C10": claims.C10(), "C11, trained": claims.C11Trained(), "C12": claims.C12(),
		"C13, trained": claims.C13Trained(), "C14": claims.C14(), "C15": claims.C15(), "C16": claims.C16(),
		"S1": claims.S1(), "S1b": claims.S1b(), "S1c": claims.S1c(), "S3b": claims.S3b(), "S1, a gate": claims.S1Of("gate"), "S1t": claims.S1t(), "S1t, a gate": claims.S1tOf("gate"), "S2": claims.S2(), "S3": claims.S3(), "S4": claims.S4(),
		"S5a": claims.S5a(), "S5a, edits alone": claims.S5aEdits(), "S5b": claims.S5b(), "S5c": claims.S5c(), "S6a": claims.S6a(), "S6b": claims.S6b(), "W1": claims.W1(),
	}
	for name, rule := range map[string]func(claims.Habit) claims.Rule{"C1": claims.C1, "C2": claims.C2, "C3": claims.C3, "C4": claims.C4, "C5": claims.C5,
		"C6": claims.C6, "C11": claims.C11, "C13": claims.C13, "C17": claims.C17} {
		for _, h := range []claims.Habit{claims.AnyFirst, claims.FixedBOS} {
			out[name+", "+string(h)] = rule(h)
		}
	}
	return out
}

// leaves are the bounds of a rule.
func leaves(r claims.Rule) (list []claims.Rule) {
	if len(r.Figures) > 0 {
		list = append(list, r)
	}
	for _, sub := range r.Rules {
		list = append(list, leaves(sub)...)
	}
	return list
}

// Every rule can come out either way, and undecided: with each figure well on the right side it
// holds, with all on the wrong side it does not or there is nothing to judge, and with intervals
// that hold every bound nothing is decided.
func TestRulesCanComeOutEitherWay(t *testing.T) {
	for name, rule := range rules() {
		require.NoError(t, rule.Validate(), name)
		if len(leaves(rule)) == 0 {
			require.Contains(t, rule.Text(), "none: ", name)
			continue
		}
		judge := func(side float64) claims.Verdict {
			byName := map[string]claims.Figure{}
			for _, leaf := range leaves(rule) {
				at := leaf.Bounds[0] // just inside, on, or beyond the bound
				inside := map[claims.Kind]float64{"above": 1, "below": -1}[leaf.Kind]
				if leaf.Kind == "within" {
					at = leaf.Bounds[1]
					inside = -(leaf.Bounds[1] - leaf.Bounds[0]) / 2
				}
				f := claims.Figure{Name: leaf.Figures[0], Estimate: stats.Estimate{Value: at, N: 9, CI: &stats.Interval{Lo: at - 1, Hi: at + 1, Level: 0.95}}}
				switch {
				case side > 0:
					f.Value, f.CI.Lo, f.CI.Hi = at+inside, at+inside, at+inside
				case side < 0:
					f.Value, f.CI.Lo, f.CI.Hi = at-inside-1e-9, at-inside-1e-9, at-inside-1e-9
					if leaf.Kind == "within" {
						f.Value, f.CI.Lo, f.CI.Hi = at+1, at+1, at+1
					}
				}
				byName[f.Name] = f
			}
			var fs claims.Figures
			for _, f := range byName {
				fs = append(fs, f)
			}
			v, why, err := rule.Apply(fs)
			require.NoError(t, err, name)
			require.NotEmpty(t, why)
			return v
		}
		require.Equal(t, claims.Holds, judge(1), name)
		require.Contains(t, []claims.Verdict{claims.DoesNotHold, claims.NotTestable, claims.CheckFailed}, judge(-1), name)
		require.Contains(t, []claims.Verdict{claims.Undecided, claims.CheckFailed}, judge(0), name)
	}
}

// What the rules say of figures that are on file, or were measured when the old rules were found
// wanting, against what was said: a rule that had changed nothing would not have been worth
// changing.
func TestRulesOnKeptFigures(t *testing.T) {
	ci := func(name, unit string, value, lo, hi float64, n int) claims.Figure {
		return claims.Figure{Name: name, Unit: unit, Estimate: stats.Estimate{Value: value, N: n, CI: &stats.Interval{Lo: lo, Hi: hi, Level: 0.95}}}
	}
	kept := func(id, model string) claims.Figures {
		r, err := claims.LoadOn(shipped, id, model)
		require.NoError(t, err)
		return r.Ours
	}
	off := []claims.Figure{
		ci("sink rate of the sink's blocks, intact", "%", 92.88, 91.26, 94, 50), ci("sink rate of the sink's blocks, sink off", "%", 6.319, 5.764, 6.944, 50),
	}
	for _, c := range []struct {
		name     string
		figures  claims.Figures
		rule     claims.Rule
		old, new claims.Verdict
	}{
		{"C2", append(off, ci("row entropy without key 1, sink off − intact", "nats", -0.106, -0.122, -0.090, 50),
			ci("row entropy without key 1, sink off − noise of equal loss", "nats", 0, -1, 1, 50), ci("row entropy without key 1, sink off − MLPs weakened, equal loss", "nats", 0.007, -0.012, 0.025, 50),
		), claims.C2(claims.AnyFirst), claims.Holds, claims.DoesNotHold},
		{"C4", kept("C4", claims.SmolLM2), claims.C4(claims.AnyFirst), claims.Holds, claims.Holds},
		{"C5", kept("C5", claims.SmolLM2), claims.C5(claims.AnyFirst), claims.Holds, claims.Undecided},
		{"C11", kept("C11", claims.SmolLM2), claims.C11(claims.AnyFirst), claims.Mixed, claims.Holds},
		{"C11, trained", kept("C11", claims.Trained), claims.C11Trained(), claims.Mixed, claims.NotTestable},
		{"C12", kept("C12", claims.Trained), claims.C12(), claims.Holds, claims.NotTestable},
		{"C14", kept("C14", claims.Trained), claims.C14(), claims.NotTestable, claims.NotTestable},
		{"C15", kept("C15", claims.Trained), claims.C15(), claims.NotTestable, claims.NotTestable},
		{"C17", kept("C17", claims.SmolLM2), claims.C17(claims.AnyFirst), claims.NotTestable, claims.NotTestable},
		{"C1 where the MLPs' control spreads farther", append(off,
			exactNats("loss, sink off − noise of equal loss"), exactNats("loss, sink off − MLPs weakened, equal loss"),
			ci("relative spread, sink off / intact", "", 1.469, 1.398, 1.542, 50), ci("absolute spread, sink off / intact", "", 1.849, 1.733, 1.967, 50),
			ci("relative spread, sink off / noise of equal loss", "", 1.621, 1.533, 1.707, 50), ci("absolute spread, sink off / noise of equal loss", "", 2.102, 1.963, 2.24, 50),
			ci("relative spread, sink off / MLPs weakened, equal loss", "", 0.8, 0.75, 0.85, 50), ci("absolute spread, sink off / MLPs weakened, equal loss", "", 1, 0.95, 1.05, 50),
		), claims.C1(claims.AnyFirst), claims.DoesNotHold, claims.Mixed},
	} {
		v, why, err := c.rule.Apply(c.figures)
		require.NoError(t, err, c.name)
		require.Equal(t, c.new, v, "%s: %s", c.name, why)
		t.Logf("%s: %s → %s", c.name, c.old, v)
	}
}

// exactNats is a loss that was calibrated to be equal.
func exactNats(name string) claims.Figure {
	return claims.Figure{Name: name, Unit: "nats", Exact: "calibrated on these texts", Estimate: stats.Estimate{Value: 0.004, N: 50}}
}

// The identifiers of all claims make file names that list in order.
func TestFileNames(t *testing.T) {
	for _, c := range claims.All() {
		require.True(t, claims.IDForm.MatchString(c.ID))
	}
}
