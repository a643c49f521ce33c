package claims_test

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
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
	fmt.Println("rule:", r.Rule)
	// Output:
	// Without ⟨bos⟩, intra-document masking gives a weaker sink than causal packing.
	// paper: 28.23 against 65.15
	// holds: causal: 50 % [45, 55], n = 10; intra-document: 20 % [16, 24], n = 10
	// rule: causal > intra-document, with intervals that do not touch
}

func TestRegistry(t *testing.T) {
	all := claims.All()
	require.Len(t, all, 17)
	for i, c := range all {
		require.Equal(t, fmt.Sprintf("C%d", i+1), c.ID)
		require.NotEmpty(t, c.Statement)
		require.NotEmpty(t, c.Evidence)
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
		require.ErrorContains(t, err, "the ids are C1 to C17")
	}
}

func TestRules(t *testing.T) {
	figures := []claims.Figure{figure("a", 5, 1), figure("b", 3, 1.5), figure("c", 1, 0.5), bare("d", 7)}
	holds, mixed, fails := claims.Above("a", 0), claims.Above("a", 4.5), claims.Above("a", 9)
	for _, c := range []struct {
		name string
		rule claims.Rule
		want claims.Verdict
	}{
		{"above", claims.Above("a", 3), claims.Holds},
		{"above, interval reaches the bound", claims.Above("a", 4), claims.Mixed},
		{"above, equal", claims.Above("a", 5), claims.DoesNotHold},
		{"above without interval", claims.Above("d", 6.9), claims.Holds},
		{"below", claims.Below("a", 7), claims.Holds},
		{"below, interval reaches the bound", claims.Below("a", 6), claims.Mixed},
		{"below, equal", claims.Below("a", 5), claims.DoesNotHold},
		{"greater", claims.Greater("a", "c"), claims.Holds},
		{"greater, intervals touch", claims.Greater("a", "b"), claims.Mixed},
		{"greater, other way", claims.Greater("b", "a"), claims.DoesNotHold},
		{"greater, equal", claims.Greater("a", "a"), claims.DoesNotHold},
		{"within", claims.Within("a", 4, 6), claims.Holds},
		{"within, too wide", claims.Within("a", 4.5, 6), claims.Mixed},
		{"within, outside", claims.Within("a", 5.5, 6), claims.DoesNotHold},
		{"every holds", claims.Every(holds, holds), claims.Holds},
		{"every, one mixed", claims.Every(holds, mixed), claims.Mixed},
		{"every, one fails", claims.Every(holds, mixed, fails), claims.DoesNotHold},
		{"parts hold", claims.Parts(holds, holds), claims.Holds},
		{"parts differ", claims.Parts(holds, fails), claims.Mixed},
		{"parts mixed", claims.Parts(mixed, mixed), claims.Mixed},
		{"parts fail", claims.Parts(fails, fails), claims.DoesNotHold},
		{"every, one not testable", claims.Every(holds, mixed, claims.Given(fails, holds)), claims.NotTestable},
		{"every, one fails, one not testable", claims.Every(fails, claims.Given(fails, holds)), claims.DoesNotHold},
		{"parts not testable", claims.Parts(claims.Given(fails, holds), claims.Given(fails, holds)), claims.NotTestable},
		{"parts, one not testable", claims.Parts(holds, claims.Given(fails, holds)), claims.Mixed},
		{"given", claims.Given(holds, fails), claims.DoesNotHold},
		{"given, not met", claims.Given(fails, holds), claims.NotTestable},
		{"given, met in part", claims.Given(mixed, holds), claims.NotTestable},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := claims.Judge("C7", notebook, figures, c.rule)
			require.NoError(t, err)
			require.Equal(t, c.want, r.Verdict, r.Why)
			require.Equal(t, c.rule.Text, r.Rule)
			require.Equal(t, []string{"d has no interval (n = 1)"}, r.Warnings)
		})
	}
	require.Equal(t, "every one of: a > 0, with its whole interval; a > 9, with its whole interval", claims.Every(holds, fails).Text)
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
		"unknown verdict": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, []claims.Figure{bare("x", 1)}, claims.Rule{
				Text: "luck", Apply: func(claims.Figures) (claims.Verdict, string, error) { return "maybe", "why", nil },
			})
		},
		"without figures or rule": func() (*claims.Record, error) {
			return claims.Judge("C7", notebook, nil, claims.Rule{
				Text: "faith", Apply: func(claims.Figures) (claims.Verdict, string, error) { return claims.Holds, "why", nil },
			})
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
	require.Equal(t, map[string]*claims.Record{"C7": judged, "C17": untestable}, records)
	none, err := claims.LoadAll(filepath.Join(dir, "none"))
	require.NoError(t, err)
	require.Empty(t, none)

	seven, err := os.ReadFile(filepath.Join(dir, "C07.json"))
	require.NoError(t, err)
	for name, c := range map[string]struct{ file, text, want string }{
		"other claim":   {"C08.json", string(seven), "the file holds C7"},
		"no claim":      {"C18.json", "{}", "is the record of no claim"},
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
	records, err := claims.LoadAll(dir)
	require.NoError(t, err)
	for name, got := range map[string]string{"table.md": claims.Markdown(records), "table.txt": claims.Text(records)} {
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
		require.Contains(t, claims.Markdown(nil), "| "+id+" |", "claims without a record are listed too")
	}
	require.Contains(t, claims.Text(nil), "17 claims; not run: 17.")
}

// Only the figures that decided are in the table; reasons that belong together stay together.
func TestMarkdownOfManyReasons(t *testing.T) {
	ours := []claims.Figure{figure("a", 3, 1), figure("b", 1, 2), figure("c", 5, 1)}
	rule := claims.Parts(claims.Every(claims.Above("a", 0), claims.Above("a", 2.5)), claims.Below("b", 9))
	r, err := claims.Judge("C13", notebook, ours, rule)
	require.NoError(t, err)
	text := claims.Markdown(map[string]*claims.Record{"C13": r})
	require.Contains(t, text, "| a: 3 % [2, 4], n = 10<br>b: 1 % [-1, 3], n = 10 | **mixed** |")
	require.Contains(t, text, `**C13, mixed.** A model trained with a fixed ⟨bos⟩ depends on it: without it the sink vanishes and the loss rises steeply.

- Rule: part by part: every one of: a > 0, with its whole interval; a > 2.5, with its whole interval; b < 9, with its whole interval
- Why:
  - mixed (holds: a: 3 % [2, 4], n = 10; bound 0; mixed: a: 3 % [2, 4], n = 10; bound 2.5)
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
		require.NotEmpty(t, claims.Markdown(map[string]*claims.Record{"C7": again}))
	})
}
