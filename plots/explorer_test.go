package plots

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostile are tokens that would break a page that trusted them.
var hostile = []string{
	"</script><script>document.title='run'</script>", "<img src=x onerror=document.title='run'>", "<!--", "]]>", "&lt;b&gt;", `"'\`, "{{data}}", "\u2028", "␣ok",
}

// tiny is a condition that tests can do in their heads: in layer 1 every head
// attends evenly, in layer 2 head 1 gives everything to token 1 and head 2 all to itself.
func tiny(name string, tokens []string) ExplorerCondition {
	t := len(tokens)
	even, first, self := make([][]float64, t), make([][]float64, t), make([][]float64, t)
	score := 0.0
	for i := range t {
		even[i], first[i], self[i] = make([]float64, t), make([]float64, t), make([]float64, t)
		for j := range i + 1 {
			even[i][j] = 1 / float64(i+1)
		}
		first[i][0], self[i][i] = 1, 1
		score += even[i][0] / float64(t)
	}
	row := func(x float64) []float64 {
		out := make([]float64, t)
		for i := range out {
			out[i] = x + float64(i)
		}
		return out
	}
	return ExplorerCondition{
		Name: name, Tokens: tokens,
		Patterns: [][][][]float64{{even, even}, {first, self}},
		Score:    [][]float64{{score, score}, {1, 1 / float64(t)}},
		Entropy:  [][]float64{{1, 1}, {0, 0}}, ValueRatio: [][]float64{{1, 1}, {math.NaN(), 0.5}}, Write: [][]float64{{1, 2}, {3, 4}},
		ValueNorm: [][][]float64{{row(1)}, {row(2)}}, ResidNorm: [][]float64{row(1), row(10), row(100)},
		About: map[string]string{"model": "tiny <b>", "seed": "1"},
	}
}

// shifted are two conditions of one text, with and without a token in front.
func shifted() Explorer {
	with := tiny("with", append([]string{"<bos>"}, hostile...))
	with.Lead = 1
	return Explorer{Title: "Look </title><script>document.title='run'</script>", Conditions: []ExplorerCondition{with, tiny("without", hostile)}}
}

// The golden file is the page as it is; after a change of the page's look:
//
//	go test ./plots -run ExplorerGolden -update
func TestExplorerGolden(t *testing.T) {
	page, err := shifted().HTML()
	require.NoError(t, err)
	again, err := shifted().HTML()
	require.NoError(t, err)
	require.True(t, bytes.Equal(page, again), "same input, other bytes")

	// The data are all that depends on the input; script and style have files of their own.
	data := between(t, string(page), `id="data">`, "</script>")
	file := filepath.Join("testdata", "explorer.json")
	if flag.Lookup("update").Value.String() == "true" { // of the gallery's tests
		require.NoError(t, os.WriteFile(file, []byte(data+"\n"), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSuffix(string(want), "\n"), data)
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, before)
	require.True(t, ok, "no %s", before)
	inner, _, ok := strings.Cut(rest, after)
	require.True(t, ok, "no %s", after)
	return inner
}

func TestExplorerShowsTextAndNeverRunsIt(t *testing.T) {
	page, err := shifted().HTML()
	require.NoError(t, err)
	require.Equal(t, 2, bytes.Count(page, []byte("</script>")), "the data's end and the script's")
	require.Contains(t, string(page), "<title>Look &lt;/title&gt;&lt;script&gt;")
	require.NotContains(t, string(page), "<img")
	var back pageData
	require.NoError(t, json.Unmarshal([]byte(between(t, string(page), `id="data">`, "</script>")), &back))
	require.Equal(t, hostile, back.Conditions[1].Tokens)
	require.Regexp(t, `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-[A-Za-z0-9+/]{43}='`, string(page))
	for _, away := range []string{"http:", "https:", "//cdn", "import(", "fetch(", "url("} {
		require.NotContains(t, string(page), away)
	}
}

// A byte a weight, lower triangles: what the script reads back is within 0.004.
func TestPackedPatterns(t *testing.T) {
	for i := range 1001 {
		a := float64(i) / 1000
		q := packPatterns([][][][]float64{{{{a}}}})
		require.Len(t, q, 1)
		back := math.Pow(float64(q[0])/255, 2)
		require.InDelta(t, a, back, 0.004, "weight %g", a)
	}
	require.Equal(t, []byte{255, 0, 255, 180, 180, 0}, packPatterns([][][][]float64{{{{1, 9, 9}, {0, 1, 9}, {0.5, 0.5, 0}}}}), "future keys are not read")
}

func TestExplorerAlignsTexts(t *testing.T) {
	require.True(t, shifted().data().Aligned)
	for _, c := range []struct {
		a, b []string
		want bool
	}{
		{[]string{"a", "b"}, []string{"a", "b", "c"}, true},
		{[]string{"a", "b"}, []string{"a", "x"}, true}, // an edit
		{[]string{"a", "b"}, []string{"a", "x", "c"}, false},
	} {
		require.Equal(t, c.want, sameText(c.a, c.b), "%q %q", c.a, c.b)
	}
}

func TestExplorerRefusesWhatIsTooLarge(t *testing.T) {
	require.NoError(t, CheckExplorerSize(30, 9, 64, 64))
	require.NoError(t, CheckExplorerSize(30, 9, 208))
	require.EqualError(t, CheckExplorerSize(30, 9, 1000),
		"plots: Explorer: 30 × 9 heads on 1000 tokens make a file of 180.2 MB, above the limit of 8 MB; take at most 208 tokens")
	require.EqualError(t, CheckExplorerSize(30, 9, 160, 159),
		"plots: Explorer: 2 conditions of 30 × 9 heads on 160 tokens make a file of 9.2 MB, above the limit of 8 MB; take at most 147 tokens, or one condition")
	require.ErrorContains(t, CheckExplorerSize(3000, 3000, 1), "take a smaller model")

	// What passes that, but not with all its text.
	e := Explorer{Conditions: []ExplorerCondition{tiny("", []string{"a", "b"})}}
	e.Conditions[0].About = map[string]string{"text": strings.Repeat("x", explorerBytes)}
	_, err := e.HTML()
	require.ErrorContains(t, err, "MB, above the limit of 8 MB; take fewer tokens")
}

func TestExplorerValidate(t *testing.T) {
	require.NoError(t, shifted().Validate())
	for want, change := range map[string]func(*Explorer){
		"0 conditions; give one, or two":                        func(e *Explorer) { e.Conditions = nil },
		"threshold Epsilon is 1; use one in (0, 1)":             func(e *Explorer) { e.Epsilon = 1 },
		`both conditions are named "with"`:                      func(e *Explorer) { e.Conditions[1].Name = "with" },
		`condition 2, "without": no Tokens`:                     func(e *Explorer) { e.Conditions[1].Tokens = nil },
		"Lead is 11; it counts the tokens in front of the text": func(e *Explorer) { e.Conditions[0].Lead = 11 },
		"pattern of layer 1, head 1: it is 10 × 10; it must be 9 × 9": func(e *Explorer) {
			e.Conditions[0].Tokens, e.Conditions[0].Lead = hostile, 0
		},
		"pattern of layer 2, head 1: query 1 gives NaN to key 1": func(e *Explorer) { e.Conditions[0].Patterns[1][0][0][0] = math.NaN() },
		"query 3 gives 1.5 to key 2; weights lie in [0, 1]":      func(e *Explorer) { e.Conditions[0].Patterns[1][0][2][1] = 1.5 },
		"no Score; give the sink score of each head, [2][2]":     func(e *Explorer) { e.Conditions[0].Score = nil },
		"Write is 1 × 2; it must be 2 × 2":                       func(e *Explorer) { e.Conditions[0].Write = e.Conditions[0].Write[:1] },
		"ResidNorm is 2 × 10; it must be 3 × 10":                 func(e *Explorer) { e.Conditions[0].ResidNorm = e.Conditions[0].ResidNorm[:2] },
		"ValueNorm has 3 key/value heads, which 2 heads cannot share": func(e *Explorer) {
			row := e.Conditions[0].ValueNorm[0][0]
			e.Conditions[0].ValueNorm[0] = [][]float64{row, row, row}
		},
	} {
		t.Run(want, func(t *testing.T) {
			e := shifted()
			change(&e)
			require.ErrorContains(t, e.Validate(), want)
			_, err := e.HTML()
			require.ErrorContains(t, err, want)
		})
	}
}

func TestExplorerIsShownInNotebooksOnly(t *testing.T) {
	require.ErrorContains(t, shifted().Show(), "works in a GoNB notebook cell only")
}

func ExampleExplorer() {
	pattern := [][]float64{{1, 0, 0}, {0.9, 0.1, 0}, {0.8, 0.1, 0.1}} // a sink
	page, err := Explorer{Title: "One head", Conditions: []ExplorerCondition{{
		Tokens:   []string{"The", "␣cat", "␣sat"},
		Patterns: [][][][]float64{{pattern}},
		Score:    [][]float64{{0.9}},
	}}}.HTML()
	fmt.Println(bytes.HasPrefix(page, []byte("<!doctype html>")), err)
	// Output: true <nil>
}
