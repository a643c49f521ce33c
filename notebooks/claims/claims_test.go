package claims_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/claims"
	"firsttoken/sinks/stats"
)

// figure is a number with an interval of ± half around it.
func figure(name string, value, half float64) claims.Figure {
	return claims.Figure{Name: name, Unit: "%", Estimate: stats.Estimate{
		Value: value, N: 10, CI: &stats.Interval{Lo: value - half, Hi: value + half, SE: half / 2, Level: 0.95},
	}}
}

// exact is a number that is no estimate.
func exact(name string, value float64) claims.Figure {
	return claims.Figure{Name: name, Unit: "%", Exact: "counted", Estimate: stats.Estimate{Value: value, N: 5}}
}

// bare is a number without an interval.
func bare(name string, value float64) claims.Figure {
	return claims.Figure{Name: name, Estimate: stats.Estimate{Value: value, N: 1}}
}

const notebook = "notebooks/05_pretraining.ipynb"

func ExampleJudge() {
	ours := []claims.Figure{figure("intra-document", 20, 4), figure("causal", 50, 5)}
	r, err := claims.Judge("C15", notebook, ours, claims.Greater("causal", "intra-document"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Statement)
	fmt.Println("paper:", r.Paper[0].Value, "against", r.Paper[1].Value)
	fmt.Println(r.Verdict + ": " + claims.Verdict(r.Why))
	fmt.Println("rule:", r.Rule.Text())
	// Output:
	// Without ⟨bos⟩, intra-document masking gives a weaker sink than causal packing.
	// paper: 28.23 against 65.15
	// holds: causal: 50 % [45, 55], n = 10; intra-document: 20 % [16, 24], n = 10
	// rule: causal > intra-document, with intervals that do not touch
}

func TestRegistry(t *testing.T) {
	all := claims.All()
	ids := map[string]bool{}
	for i, c := range all {
		if i < 17 {
			require.Equal(t, fmt.Sprintf("C%d", i+1), c.ID, "the paper's come first")
		} else {
			require.NotEqual(t, "C", c.ID[:1])
		}
		require.False(t, ids[c.ID], "two claims are %s", c.ID)
		ids[c.ID] = true
		require.NotEmpty(t, c.Statement)
		require.NotEmpty(t, c.Evidence)
		require.NotEmpty(t, c.Model)
		names := map[string]bool{}
		for _, p := range c.Figures {
			require.False(t, names[p.Name], "%s names %q twice", c.ID, p.Name)
			names[p.Name] = true
		}
		found, err := claims.Find(c.ID)
		require.NoError(t, err)
		require.Equal(t, c, found)
	}
	all[0].ID = "changed"
	require.Equal(t, "C1", claims.All()[0].ID, "callers cannot change the registry")
	for _, id := range []string{"", "C0", "C18", "c1", "C01"} {
		_, err := claims.Find(id)
		require.ErrorContains(t, err, "the ids are C1, C2, ")
	}
}

func TestRules(t *testing.T) {
	figures := []claims.Figure{figure("a", 5, 1), figure("b", 3, 1.5), figure("c", 1, 0.5), bare("d", 7), exact("e", 7)}
	holds, open, fails := claims.Above("a", 0), claims.Above("a", 4.5), claims.Above("a", 9)
	mixed, untestable := claims.Parts(holds, fails), claims.Given(fails, holds)
	passed, failed := claims.Check(holds), claims.Check(fails)
	for _, c := range []struct {
		name string
		rule claims.Rule
		want claims.Verdict
	}{
		{"above", claims.Above("a", 3), claims.Holds},
		{"above, interval reaches the bound", claims.Above("a", 4), claims.Undecided},
		{"above, equal", claims.Above("a", 5), claims.Undecided},
		{"above, value below but not the interval", claims.Above("a", 5.5), claims.Undecided},
		{"above, interval ends at the bound", claims.Above("a", 6), claims.DoesNotHold},
		{"above without interval", claims.Above("d", 6.9), claims.Undecided},
		{"above without interval, below", claims.Above("d", 7.1), claims.Undecided},
		{"above, exact", claims.Above("e", 6.9), claims.Holds},
		{"above, exact and equal", claims.Above("e", 7), claims.DoesNotHold},
		{"below", claims.Below("a", 7), claims.Holds},
		{"below, interval reaches the bound", claims.Below("a", 6), claims.Undecided},
		{"below, value above but not the interval", claims.Below("a", 4.5), claims.Undecided},
		{"below, interval begins at the bound", claims.Below("a", 4), claims.DoesNotHold},
		{"greater", claims.Greater("a", "c"), claims.Holds},
		{"greater, intervals touch", claims.Greater("a", "b"), claims.Undecided},
		{"greater, other way, intervals touch", claims.Greater("b", "a"), claims.Undecided},
		{"greater, other way", claims.Greater("c", "a"), claims.DoesNotHold},
		{"greater, exact and equal", claims.Greater("e", "e"), claims.DoesNotHold},
		{"within", claims.Within("a", 4, 6), claims.Holds},
		{"within, too wide", claims.Within("a", 4.5, 6), claims.Undecided},
		{"within, value outside", claims.Within("a", 5.5, 7), claims.Undecided},
		{"within, above", claims.Within("a", 0, 3.9), claims.DoesNotHold},
		{"within, below", claims.Within("a", 6.1, 9), claims.DoesNotHold},
		{"every holds", claims.Every(holds, holds), claims.Holds},
		{"every, one undecided", claims.Every(holds, open), claims.Undecided},
		{"every, one mixed", claims.Every(holds, mixed), claims.Mixed},
		{"every, one fails", claims.Every(holds, open, fails), claims.DoesNotHold},
		{"every, one not testable", claims.Every(holds, open, untestable), claims.NotTestable},
		{"every, one fails, one not testable", claims.Every(fails, untestable), claims.DoesNotHold},
		{"parts hold", claims.Parts(holds, holds), claims.Holds},
		{"parts differ", mixed, claims.Mixed},
		{"parts undecided", claims.Parts(open, open), claims.Undecided},
		{"parts, one undecided", claims.Parts(holds, open), claims.Undecided},
		{"parts differ, one undecided", claims.Parts(holds, open, fails), claims.Mixed},
		{"parts fail", claims.Parts(fails, fails), claims.DoesNotHold},
		{"parts not testable", claims.Parts(untestable, untestable), claims.NotTestable},
		{"parts, one not testable", claims.Parts(holds, untestable), claims.Undecided},
		{"specific", claims.Specific(holds, holds), claims.Holds},
		{"specific, true without it", claims.Specific(holds, fails), claims.Mixed},
		{"specific, control undecided", claims.Specific(holds, open), claims.Undecided},
		{"specific, control not testable", claims.Specific(holds, untestable), claims.Undecided},
		{"specific, claim fails", claims.Specific(fails, holds), claims.DoesNotHold},
		{"specific, claim undecided", claims.Specific(open, fails), claims.Undecided},
		{"given", claims.Given(holds, fails), claims.DoesNotHold},
		{"given, not met", untestable, claims.NotTestable},
		{"given, not met, figure of the rule missing", claims.Given(fails, claims.Above("none", 0)), claims.NotTestable},
		{"given, undecided whether met", claims.Given(open, holds), claims.Undecided},
		{"given, met in part", claims.Given(mixed, holds), claims.NotTestable},
		{"check", passed, claims.CheckPassed},
		{"check fails", failed, claims.CheckFailed},
		{"check beside a rule", claims.Every(passed, fails), claims.DoesNotHold},
		{"check beside parts", claims.Parts(passed, holds, open), claims.Undecided},
		{"checks alone", claims.Every(passed, passed), claims.CheckPassed},
		{"a check that fails takes all with it", claims.Every(claims.Parts(failed, holds), fails), claims.CheckFailed},
		{"never", claims.Never("no such token"), claims.NotTestable},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := claims.Judge("C7", notebook, figures, c.rule)
			require.NoError(t, err)
			require.Equal(t, c.want, r.Verdict, r.Why)
			text, err := json.Marshal(c.rule)
			require.NoError(t, err)
			var again claims.Rule
			require.NoError(t, json.Unmarshal(text, &again))
			require.Equal(t, c.rule, again, "a rule is data")
		})
	}
	require.Equal(t, "every one of: a > 0; (part by part: a > 0; a > 9)", claims.Every(holds, mixed).Text())
	require.Equal(t, "given a > 9: a > 0", untestable.Text())
}

// The cases that showed the old rules to be one-sided: a value on the wrong side decided however
// wide its interval, one on the right side without any.
func TestDemonstrations(t *testing.T) {
	six := claims.Figure{Name: "x", Estimate: stats.Estimate{Value: -0.05, N: 6, CI: &stats.Interval{Lo: -0.77, Hi: 0.70, Level: 0.95}}}
	rate := func(name string, value, lo, hi float64) claims.Figure {
		return claims.Figure{Name: name, Unit: "%", Estimate: stats.Estimate{Value: value, N: 3, CI: &stats.Interval{Lo: lo, Hi: hi, Level: 0.95}}}
	}
	for name, c := range map[string]struct {
		figures []claims.Figure
		rule    claims.Rule
	}{
		"six values around 0":       {[]claims.Figure{six}, claims.Above("x", 0)},
		"C7, three seeds":           {[]claims.Figure{rate("64", 54.2, 48.9, 59.5), rate("256", 41.0, 10.6, 71.4)}, claims.Greater("256", "64")},
		"C8, five seeds":            {[]claims.Figure{rate("short", 60, 34, 86), rate("long", 76, 44, 100)}, claims.Greater("short", "long")},
		"one run of 6.0":            {[]claims.Figure{bare("x", 6)}, claims.Above("x", 5)},
		"6.0 against 5.9, one seed": {[]claims.Figure{bare("x", 6), bare("y", 5.9)}, claims.Greater("x", "y")},
	} {
		v, why, err := c.rule.Apply(c.figures)
		require.NoError(t, err)
		require.Equal(t, claims.Undecided, v, "%s: %s", name, why)
	}
}

func TestJudgeRefuses(t *testing.T) {
	upside := figure("x", 1, -1)
	for want, call := range map[string]func() (*claims.Record, error){
		`no claim "C18"`: func() (*claims.Record, error) {
			return claims.Judge("C18", notebook, []claims.Figure{bare("x", 1)}, claims.Above("x", 0))
		},
		`needs a figure "y" (claim C7)`: func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Greater("x", "y"))
		},
		"not finite": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", math.NaN())}, claims.Above("x", 0))
		},
		"upside down": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{upside}, claims.Above("x", 0))
		},
		`is in "", the paper's in "%"`: func() (*claims.Record, error) {
			return claims.Judge("C15", notebook, []claims.Figure{bare("causal", 0.5)}, claims.Above("causal", 0))
		},
		`cannot compare "x" in "" with "y" in "%"`: func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 0.5), figure("y", 1, 1)}, claims.Greater("x", "y"))
		},
		"two figures": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1), bare("x", 2)}, claims.Above("x", 0))
		},
		"has no name": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("", 1)}, claims.Above("x", 0))
		},
		"on 0 samples": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{{Name: "x"}}, claims.Above("x", 0))
		},
		"judges nothing": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Every())
		},
		"needs its notebook's path": func() (*claims.Record, error) {
			return claims.Judge("C7", "/abs.ipynb", []claims.Figure{bare("x", 1)}, claims.Above("x", 0))
		},
		`unknown kind "luck"`: func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Rule{Kind: "luck"})
		},
		"1 figures, 0 bounds and 0 rules": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Every(claims.Rule{Kind: "above", Figures: []string{"x"}}))
		},
		"bounds must ascend": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Within("x", 2, 1))
		},
		"the reason why nothing": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Never(""))
		},
		"does not say why":                 func() (*claims.Record, error) { return claims.Untestable("C17", notebook, "", "run it") },
		"give the command that would test": func() (*claims.Record, error) { return claims.Untestable("C17", notebook, "no weights", "") },
	} {
		_, err := call()
		require.ErrorContains(t, err, want)
	}
}

// someRecords are records of two claims, saved.
func someRecords(t *testing.T) (dir string, judged, untestable *claims.Record) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "claims")
	judged, err := claims.Judge("C7", notebook, []claims.Figure{
		figure("sink rate at context 128", 4, 2), figure("sink rate at context 2048", 31, 3), bare("seeds", 1),
	}, claims.Greater("sink rate at context 2048", "sink rate at context 128"))
	require.NoError(t, err)
	judged.Provenance = map[string]string{"seed": "1", "backend": "xla:cpu"}
	judged.Warnings = append(judged.Warnings, "a|b <3>")
	judged.Seen = "the figures of seed 1"
	_, err = judged.Save(dir)
	require.NoError(t, err)
	untestable, err = claims.Untestable("C17", notebook, "the weights of Gemma 7B are not here", "go run ./train/cmd/evaluate gemma-7b")
	require.NoError(t, err)
	_, err = untestable.Save(dir)
	require.NoError(t, err)
	return dir, judged, untestable
}

func TestSaveLoad(t *testing.T) {
	dir, judged, untestable := someRecords(t)
	for _, want := range []*claims.Record{judged, untestable} {
		got, err := claims.Load(dir, want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	path := filepath.Join(dir, "C07.json")
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	again, err := judged.Save(dir)
	require.NoError(t, err)
	require.Equal(t, path, again)
	second, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))
	require.Contains(t, string(first), "a|b <3>", "text is kept readable")

	_, err = claims.Load(dir, "C1")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = claims.Load(dir, "C99")
	require.ErrorContains(t, err, `no claim "C99"`)
	judged.Statement = "something else"
	_, err = judged.Save(dir)
	require.ErrorContains(t, err, "another wording")
}

// A notebook whose settings were changed leaves the record alone.
func TestSaveAt(t *testing.T) {
	dir, judged, _ := someRecords(t)
	t.Setenv(claims.DirEnv, dir)
	judged.Warnings = []string{"other settings"}
	require.NoError(t, judged.SaveAt([]any{50, "smollm2", []string{"a"}}, []any{5, "smollm2", []string{"a"}}))
	kept, err := claims.Load("", "C7")
	require.NoError(t, err)
	require.NotEqual(t, judged.Warnings, kept.Warnings)
	require.NoError(t, judged.SaveAt([]any{50, "smollm2", []string{"a"}}, []any{50, "smollm2", []string{"a"}}))
	kept, err = claims.Load("", "C7")
	require.NoError(t, err)
	require.Equal(t, judged.Warnings, kept.Warnings)
}

func TestLoadAll(t *testing.T) {
	dir, judged, untestable := someRecords(t)
	records, err := claims.LoadAll(dir)
	require.NoError(t, err)
	require.Equal(t, map[string][]*claims.Record{"C7": {judged}, "C17": {untestable}}, records)
	none, err := claims.LoadAll(filepath.Join(dir, "none"))
	require.NoError(t, err)
	require.Empty(t, none)

	seven, err := os.ReadFile(filepath.Join(dir, "C07.json"))
	require.NoError(t, err)
	for name, c := range map[string]struct{ file, text, want string }{
		"other claim":   {"C08.json", string(seven), "the file holds C7"},
		"other model":   {"C07.json", strings.Replace(string(seven), `"trained here"`, `"Gemma 3 270M"`, 1), "belongs into C07-gemma-3-270m.json"},
		"no claim":      {"C18.json", "{}", `no claim ""`},
		"other verdict": {"C07.json", strings.Replace(string(seven), `"verdict": "holds"`, `"verdict": "mixed"`, 1), `its rule gives "holds"`},
		"other figure":  {"C07.json", strings.Replace(string(seven), `"value": 31`, `"value": 30.5`, 1), "its rule gives"},
		"other rule":    {"C07.json", strings.Replace(string(seven), `"kind": "greater"`, `"kind": "smaller"`, 1), `unknown kind "smaller"`},
		"unknown field": {"C08.json", `{"id":"C8","verdikt":"holds"}`, "unknown field"},
		"trailing text": {"C07.json", string(seven) + "{}", "text after the record"},
		"empty":         {"C08.json", "", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, c.file)
			old, readErr := os.ReadFile(path)
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o644))
			_, err := claims.LoadAll(dir)
			require.ErrorContains(t, err, c.want)
			require.NoError(t, os.Remove(path))
			if readErr == nil {
				require.NoError(t, os.WriteFile(path, old, 0o644))
			}
		})
	}
}

func TestTables(t *testing.T) {
	dir, _, _ := someRecords(t)
	// A second column of the same claim.
	gemma, err := claims.Judge("C7", notebook, []claims.Figure{figure("a", 1, 2)}, claims.Above("a", 0))
	require.NoError(t, err)
	gemma.Model = claims.Gemma3
	_, err = gemma.Save(dir)
	require.NoError(t, err)
	records, err := claims.LoadAll(dir)
	require.NoError(t, err)
	formerly := []claims.Former{
		{ID: "C7", Model: claims.Trained, Verdict: claims.DoesNotHold, Rule: "luck", Until: "2026-11-28", Reason: "it was luck"},
		{ID: "C7", Model: claims.Gemma3, Verdict: claims.Undecided, Rule: "luck", Until: "2026-11-28", Reason: "the verdict is the same"},
		{ID: "C9", Model: claims.Trained, Verdict: claims.Holds, Rule: "luck", Until: "2026-11-28", Reason: "no record"},
	}
	for name, got := range map[string]string{"table.md": claims.Markdown(records, formerly), "table.txt": claims.Text(records)} {
		path := filepath.Join("testdata", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "UPDATE_GOLDEN=1 go test writes %s anew", path)
	}
	ids := slices.Collect(func(yield func(string) bool) {
		for _, c := range claims.All() {
			if !yield(c.ID) {
				return
			}
		}
	})
	for _, id := range ids {
		require.Contains(t, claims.Markdown(nil, nil), "| "+id+" |", "claims without a record are listed too")
	}
	require.Contains(t, claims.Text(nil), fmt.Sprintf("%d claims, 0 records; not run: %[1]d.", len(claims.All())))
}

// Only the figures that decided are in the table; reasons that belong together stay together.
func TestMarkdownOfManyReasons(t *testing.T) {
	ours := []claims.Figure{figure("a", 3, 1), figure("b", 1, 2), figure("c", 5, 1)}
	rule := claims.Parts(claims.Every(claims.Above("a", 0), claims.Above("a", 2.5)), claims.Below("b", 9))
	r, err := claims.Judge("C13", notebook, ours, rule)
	require.NoError(t, err)
	text := claims.Markdown(map[string][]*claims.Record{"C13": {r}}, nil)
	require.Contains(t, text, "| trained here | a: 3 % [2, 4], n = 10<br>b: 1 % [-1, 3], n = 10 | **undecided** |")
	require.Contains(t, text, `**C13, trained here, undecided.** A model trained with a fixed ⟨bos⟩ depends on it: without it the sink vanishes and the loss rises steeply.

- Rule: part by part: (every one of: a > 0; a > 2.5); b < 9
- Why:
  - undecided (holds: a: 3 % [2, 4], n = 10; bound 0; undecided: a: 3 % [2, 4], n = 10; bound 2.5)
  - holds: b: 1 % [-1, 3], n = 10; bound 9
- Beside it: c: 5 % [4, 6], n = 10
`)
}

func FuzzLoad(f *testing.F) {
	dir := f.TempDir()
	r, err := claims.Judge("C7", notebook, []claims.Figure{figure("x", 1, 0.5)}, claims.Above("x", 0))
	require.NoError(f, err)
	path, err := r.Save(dir)
	require.NoError(f, err)
	good, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"id":"C7","ours":[{"name":"x","value":1,"n":1,"ci":null}]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "C07.json"), text, 0o644))
		r, err := claims.Load(dir, "C7")
		if err != nil {
			return
		}
		_, err = r.Save(dir)
		require.NoError(t, err)
		again, err := claims.Load(dir, "C7")
		require.NoError(t, err)
		_, err = again.Save(dir)
		require.NoError(t, err)
		require.NotEmpty(t, claims.Markdown(map[string][]*claims.Record{"C7": {again}}, nil))
	})
}
