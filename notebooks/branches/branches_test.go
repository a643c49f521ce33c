package branches_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/notebooks/branches"
	"firsttoken/notebooks/branches/find"
	"firsttoken/notebooks/claims"
	"firsttoken/notebooks/keep/keeptest"
	"firsttoken/sinks/ifelse"
	"firsttoken/sinks/stats"
)

// text is a document of one head that gives most to token 1, and to an apostrophe just before.
func text(extra float32, tokens ...string) (ifelse.Document, [][]float64) {
	n := len(tokens)
	row := func() [][][]float32 { return [][][]float32{{make([]float32, n)}} }
	d := ifelse.Document{Tokens: tokens, First: row(), Max: row(), Write: row()}
	pattern := make([][]float64, n)
	for t := range n {
		pattern[t] = make([]float64, n)
		switch {
		case t == 0:
			pattern[t][0] = 1
		case t > 1 && tokens[t-1] == "'":
			pattern[t][0], pattern[t][t-1], d.Write[0][0][t] = 0.1, 0.9-float64(extra), 3+extra
		default:
			pattern[t][0], pattern[t][t], d.Write[0][0][t] = 0.8-float64(extra), 0.2, 1
		}
		d.First[0][0][t] = float32(pattern[t][0])
		for _, a := range pattern[t] {
			d.Max[0][0][t] = max(d.Max[0][0][t], float32(a))
		}
	}
	d.Recent = [][][][]float32{{ifelse.Diagonals(pattern, 2)}}
	return d, pattern
}

// findings are those of the head, whose mass returns to token 1 by so much more than the control's.
func findings(t *testing.T, back float64) find.Findings {
	t.Helper()
	var docs []ifelse.Document
	for i := range 8 {
		d, _ := text(float32(i)/100, "<bos>", "It", "'", "s", " what", " it", "'", "s", " for")
		docs = append(docs, d)
	}
	best, err := ifelse.Search(docs, []ifelse.Trigger{find.Apostrophe}, ifelse.Options{Queries: 4, Documents: 4})
	require.NoError(t, err)
	held, err := ifelse.Hold(docs, best[0], stats.DefaultOptions())
	require.NoError(t, err)
	h := find.Held{Held: held}
	for i := range 8 {
		small := float64(i) / 200
		h.Swaps = append(h.Swaps, ifelse.Swapped{Before: ifelse.Masses{Sink: 0.1 + small, Trigger: 0.8}, Control: ifelse.Masses{Sink: 0.12, Trigger: 0.8},
			Removed: ifelse.Masses{Sink: 0.12 + back}, Without: ifelse.Masses{Sink: 0.8}, Inserted: ifelse.Masses{Sink: 0.1, Trigger: 0.8}})
	}
	return find.Findings{Triggers: 1, Best: best, Held: []find.Held{h, h}}
}

// The verdict is that of the first head; the apostrophe's stands beside.
func TestJudge(t *testing.T) {
	for back, want := range map[float64]claims.Verdict{0.6: claims.Holds, -0.2: claims.DoesNotHold} {
		r, err := branches.Judge("notebooks/11c-if-else-with-bos.ipynb", claims.FixedBOS, findings(t, back))
		require.NoError(t, err)
		require.Equal(t, want, r.Verdict, r.Why)
		require.Len(t, r.Warnings, 2)
		require.Contains(t, r.Warnings[0], `layer 1, head 1: "apostrophe" just before; 16 queries with X`)
		require.Contains(t, r.Warnings[1], "by the same rule, layer 1, head 1: \"apostrophe\" just before: "+string(want))
	}
	f := findings(t, 0.6)
	f.Held[0].Swaps = nil
	_, err := branches.Judge("n", claims.FixedBOS, f)
	require.ErrorContains(t, err, "has no causal check")
	_, err = branches.Judge("n", claims.FixedBOS, find.Findings{})
	require.ErrorContains(t, err, "0 heads were measured")
}

func TestFigures(t *testing.T) {
	f := findings(t, 0.6)
	_, err := branches.Swaps(f)
	require.NoError(t, err)
	_, err = branches.Map(f)
	require.NoError(t, err)
	require.Contains(t, branches.Table(f), "\n| layer 1, head 1 | `apostrophe` just before | 66 % | 66 [6")
	d, pattern := text(0, "<bos>", "It", "'", "s", " what")
	_, line, err := branches.Pattern(d.Tokens, pattern, 0, 0, find.Apostrophe)
	require.NoError(t, err)
	require.Equal(t, `"apostrophe" just before, »: 0.90 to it and 0.10 to token 1, in 1 queries; without it 0.80 to token 1, in 3`, line)
	_, _, err = branches.Pattern(d.Tokens, pattern[:4], 0, 0, find.Apostrophe)
	require.ErrorContains(t, err, "4 rows for 5 tokens")
	d, pattern = text(0, "<bos>", "It", " is", " what")
	_, _, err = branches.Pattern(d.Tokens, pattern, 0, 0, find.Apostrophe)
	require.ErrorContains(t, err, "0 queries with")
}

// Changes are differences of masses between states, in points.
func TestChanges(t *testing.T) {
	f := findings(t, 0.6)
	text, err := branches.Changes(f.Held[0])
	require.NoError(t, err)
	require.Contains(t, text, `layer 1, head 1: "apostrophe" just before`)
	require.Contains(t, text, "    X removed, to token 1:       +60 points [59, 61], 8 texts\n")
	require.Contains(t, text, "    X inserted, to token 1:      -70 points [-70, -70], 8 texts\n")
	f.Held[0].Swaps = nil
	_, err = branches.Changes(f.Held[0])
	require.Error(t, err)
}

// Later keys are left out of an excerpt, which stays as it was.
func TestExcerpt(t *testing.T) {
	d, pattern := text(0, "<bos>", "It", "'", "s", " what")
	e, err := find.Apostrophe.Excerpt(d.Tokens, pattern, 2, 4)
	require.NoError(t, err)
	_, err = branches.Excerpt(ifelse.Found{}, e)
	require.NoError(t, err)
	require.Equal(t, "'", e.Tokens[1])
	require.Zero(t, e.Pattern[0][2])
}

// The record of C4 on Gemma 3 holds what today's code makes of the heads that come with the
// checkout.
func TestRecord(t *testing.T) {
	record, err := claims.LoadOn("", "C4", claims.Gemma3)
	require.NoError(t, err)
	r, err := branches.Judge(record.Notebook, claims.FixedBOS, keeptest.Shipped[find.Findings](t, "11c/heads"))
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(record.Ours), fmt.Sprint(r.Ours))
	require.Equal(t, record.Verdict, r.Verdict)
	require.Equal(t, record.Warnings[:2], r.Warnings)
}
