package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
)

// pageData are the numbers of a written page that tests look at.
type pageData struct {
	Aligned    bool
	Conditions []struct {
		Name     string
		Tokens   []string
		Lead     int
		L, H     int
		Score    []float64
		Patterns []byte
	}
}

// writtenPage writes a page and reads its data back.
func writtenPage(t *testing.T, args ...string) (page string, d pageData) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.html")
	status, out, errs := sinkscan("", append(args, "-html", name)...)
	require.Zero(t, status, errs)
	require.Equal(t, name+": open it in a browser\n", out)
	raw, err := os.ReadFile(name)
	require.NoError(t, err)
	_, data, ok := strings.Cut(string(raw), `id="data">`)
	require.True(t, ok)
	data, _, _ = strings.Cut(data, "</script>")
	require.NoError(t, json.Unmarshal([]byte(data), &d))
	return string(raw), d
}

// The page's scores are the report's, and its patterns have them as first columns.
func TestPageShowsTheReportsNumbers(t *testing.T) {
	model := tiny.Model(t, nil)
	const text = "</script><b>x"
	args := []string{"-model", model, "-prompt", text}
	page, d := writtenPage(t, args...)
	again, _ := writtenPage(t, args...)
	require.Equal(t, page, again, "same input, other bytes")
	require.NotContains(t, page, text)
	require.Equal(t, text, strings.Join(d.Conditions[0].Tokens, ""))

	rep := succeed(t, "", append(args, "-json")...)[0]
	c, n := d.Conditions[0], len(text)
	for i, score := range c.Score {
		want := rep["first_token_attention"].([]any)[i/c.H].([]any)[i%c.H].(float64)
		require.InDelta(t, want, score, 1e-6)
		mean, at := 0.0, i*n*(n+1)/2
		for row := range n {
			q := float64(c.Patterns[at+row*(row+1)/2]) / 255
			mean += q * q / float64(n)
		}
		require.InDelta(t, want, mean, 0.004)
	}
}

func TestPageOfTwoConditions(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	model := tiny.Model(t, nil)
	base := []string{"-model", model, "-prompt", "a sentence"}
	for _, c := range []struct {
		against, bos string
		names        [2]string
		lengths      [2]int
		aligned      bool
	}{
		{"bos=none", "add", [2]string{"with ⟨bos⟩", "without ⟨bos⟩"}, [2]int{11, 10}, true},
		{"bos=add", "keep", [2]string{"without ⟨bos⟩", "with ⟨bos⟩"}, [2]int{10, 11}, true},
		{"mask=1", "keep", [2]string{"as it is", "key 1 hidden"}, [2]int{10, 10}, true},
		{"zero=2", "keep", [2]string{"as it is", "value 2 zero"}, [2]int{10, 10}, true},
		{"model=" + tiny.Model(t, func(_ string, w []float32) { w[0]++ }), "keep", [2]string{}, [2]int{10, 10}, true},
	} {
		t.Run(c.against[:4], func(t *testing.T) {
			_, d := writtenPage(t, append(base, "-bos", c.bos, "-against", c.against)...)
			require.Len(t, d.Conditions, 2)
			require.Equal(t, c.aligned, d.Aligned)
			a, b := d.Conditions[0], d.Conditions[1]
			if c.names[0] != "" {
				require.Equal(t, c.names, [2]string{a.Name, b.Name})
			}
			require.Equal(t, c.lengths, [2]int{len(a.Tokens), len(b.Tokens)})
			require.Equal(t, strings.Join(a.Tokens[a.Lead:], ""), strings.Join(b.Tokens[b.Lead:], ""))
			require.NotEqual(t, a.Patterns, b.Patterns)
			if c.against == "mask=1" {
				for _, s := range b.Score {
					require.InDelta(t, 0.1, s, 1e-6, "only its own query sees it")
				}
			}
		})
	}
}

func TestPageRefusals(t *testing.T) {
	model := tiny.Model(t, nil)
	out := filepath.Join(t.TempDir(), "page.html")
	for want, args := range map[string][]string{
		"-html is empty": {"-prompt", "a", "-html", ""},
		"-against is the second condition of a page": {"-prompt", "a", "-against", "bos=none"},
		"leave out -json":                                 {"-prompt", "a", "-html", out, "-json"},
		`-against "bos": say bos=none, bos=add`:           {"-prompt", "a", "-html", out, "-against", "bos"},
		`-against "bos=keep": say bos=none or bos=add`:    {"-prompt", "a", "-html", out, "-against", "bos=keep"},
		`-against "mask=0": tokens are counted from 1`:    {"-prompt", "a", "-html", out, "-against", "mask=0"},
		`-against "zero=1x": tokens are counted from 1`:   {"-prompt", "a", "-html", out, "-against", "zero=1x"},
		"-against bos=none: the text is so already":       {"-model", model, "-prompt", "a", "-html", out, "-against", "bos=none"},
		"-html shows a single document":                   {"-model", model, "-ids", file(t, "ids.json", "[[1],[2]]"), "-html", out},
		"-against model=… needs -text or -prompt":         {"-model", model, "-ids", file(t, "ids.json", "[[1]]"), "-html", out, "-against", "model=" + model},
		"mask key 9, layers all: document 1 has 1 tokens": {"-model", model, "-prompt", "a", "-html", out, "-against", "mask=9"},
	} {
		t.Run(want, func(t *testing.T) {
			status, printed, errs := sinkscan("", args...)
			require.NotZero(t, status)
			require.Empty(t, printed)
			require.Contains(t, errs, want)
			require.NoFileExists(t, out)
		})
	}
}
