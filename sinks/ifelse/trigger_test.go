package ifelse_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/ifelse"
)

func TestClasses(t *testing.T) {
	members := map[string][]string{
		"'":        {"apostrophe", "punctuation"},
		" can":     nil,
		"n't":      {"apostrophe", "word piece"},
		"\n":       {"line break"},
		" (":       {"opening bracket", "punctuation"},
		")":        {"closing bracket", "punctuation"},
		"7":        {"digits"},
		" The":     {"article", "capitalised"},
		"ing":      {"word piece"},
		" of":      {"preposition"},
		" we":      {"pronoun"},
		"Not":      {"capitalised", "negation", "word piece"},
		" or":      {"conjunction"},
		" ":        nil,
		".":        {"full stop, ! or ?", "punctuation"},
		" +":       {"punctuation"},
		"`":        {"quotation mark", "punctuation"},
		",":        {"comma", "punctuation"},
		" --":      {"hyphen or dash", "punctuation"},
		"/":        {"slash", "punctuation"},
		"Reader":   {"capitalised", "word piece"},
		"\xe2\x80": nil,
	}
	for token, want := range members {
		var got []string
		for _, c := range ifelse.Classes() {
			if c.Match(token) {
				got = append(got, c.Name)
			}
		}
		require.ElementsMatch(t, want, got, "%q", token)
	}
	for _, c := range ifelse.Classes() {
		require.True(t, slices.ContainsFunc(slices.Collect(func(yield func(string) bool) {
			for token := range members {
				if !yield(token) {
					return
				}
			}
		}), c.Match), "no example of %s", c.Name)
	}
}

func TestSingles(t *testing.T) {
	docs := []ifelse.Document{{Tokens: []string{"a", "b", "b", "c"}}, {Tokens: []string{"b", "c", "a"}}, {}}
	names := func(n int) (out []string) {
		for _, c := range ifelse.Singles(docs, n) {
			require.True(t, c.Match(c.Name))
			out = append(out, c.Name)
		}
		return out
	}
	require.Equal(t, []string{"a", "b", "c"}, names(1))
	require.Equal(t, []string{"c"}, names(2), "the first token of a text does not count, nor does one text twice")
}

// The first token is never a trigger, and a query may find several.
func TestPlaces(t *testing.T) {
	tokens := []string{"a", "x", "a", "a", "x"}
	a := ifelse.Only("a")
	require.Equal(t, []ifelse.Place{{3, []int{2}}, {4, []int{3}}}, ifelse.Previous(a).Places(tokens))
	require.Equal(t, []ifelse.Place{{3, []int{2}}, {4, []int{2, 3}}}, ifelse.Within(a, 3).Places(tokens))
	require.Equal(t, []ifelse.Place{{2, []int{2}}, {3, []int{3}}}, ifelse.Itself(a).Places(tokens))
	require.Empty(t, ifelse.Previous(ifelse.Only("z")).Places(tokens))
}

func TestTriggerNames(t *testing.T) {
	a := ifelse.Only(" a")
	require.Equal(t, `" a" just before`, ifelse.Previous(a).String())
	require.Equal(t, "among the last 8", ifelse.Within(a, 8).Place())
	require.Equal(t, "itself", ifelse.Itself(a).Place())
	require.Equal(t, "2 to 4 before", ifelse.Trigger{Class: a, From: 2, To: 4}.Place())
	require.Equal(t, `layer 2, head 1: " a" itself`, ifelse.Found{Layer: 1, Trigger: ifelse.Itself(a)}.String())
}

// Masses at the places of a trigger are the means that its response reports.
func TestMassesAgreeWithResponse(t *testing.T) {
	docs := random(1, 6)
	for _, x := range []ifelse.Trigger{ifelse.Previous(ifelse.Only("b")), ifelse.Within(ifelse.Only("c"), 4)} {
		m, err := docs[0].Masses(1, 2, x.Places(docs[0].Tokens))
		require.NoError(t, err)
		r, err := ifelse.Measure(docs, 1, 2, x)
		require.NoError(t, err)
		require.InDelta(t, r.SinkPresent, m.Sink, 1e-9)
		require.InDelta(t, r.Trigger, m.Trigger, 1e-9)
	}
}

// On any text: removal leaves no place, control keeps all of them, insertion adds
// one for each position, and the three touch different tokens.
func TestSwaps(t *testing.T) {
	for i, d := range random(50, 8) {
		for _, x := range []ifelse.Trigger{ifelse.Previous(ifelse.Only("b")), ifelse.Itself(ifelse.Only("b")), ifelse.Within(ifelse.Only("b"), 4)} {
			s := x.Swaps(d.Tokens, uint64(i))
			require.Equal(t, s, x.Swaps(d.Tokens, uint64(i)), "the same seed chooses the same")
			places := x.Places(d.Tokens)
			with := func(positions []int, token string) []string {
				out := slices.Clone(d.Tokens)
				for _, p := range positions {
					require.Positive(t, p, "token 1 is never edited")
					out[p] = token
				}
				return out
			}
			require.Empty(t, x.Places(with(s.Remove, "z")))
			require.Equal(t, places, x.Places(with(s.Control, "z")))
			after := x.Places(with(s.Insert, "b"))
			for _, p := range x.InsertPlaces(s.Insert) {
				require.False(t, slices.ContainsFunc(places, func(q ifelse.Place) bool { return q.Query == p.Query }))
				require.True(t, slices.ContainsFunc(after, func(q ifelse.Place) bool {
					return q.Query == p.Query && slices.Contains(q.Keys, p.Keys[0])
				}))
			}
			require.LessOrEqual(t, len(s.Insert), len(s.Remove))
			require.LessOrEqual(t, len(s.Control), len(s.Remove))
		}
	}
}

func TestExchange(t *testing.T) {
	ids := []int32{1, 2, 3, 4}
	got, err := ifelse.Exchange(ids, []int{1, 3}, []int32{9}, 0)
	require.NoError(t, err)
	require.Equal(t, []int32{1, 9, 3, 9}, got)
	require.Equal(t, []int32{1, 2, 3, 4}, ids)
	same, err := ifelse.Exchange(ids, nil, []int32{9}, 0)
	require.NoError(t, err)
	require.Equal(t, ids, same)
	_, err = ifelse.Exchange(ids, []int{1}, nil, 0)
	require.ErrorContains(t, err, "no tokens to draw from")
	_, err = ifelse.Exchange(ids, []int{4}, []int32{9}, 0)
	require.ErrorContains(t, err, "position 5 of a text of 4")
}

func TestExcerpt(t *testing.T) {
	tokens := []string{"a", "b", "c", "a"}
	pattern := [][]float64{{1, 0, 0, 0}, {.5, .5, 0, 0}, {.2, .3, .5, 0}, {.1, .2, .3, .4}}
	x := ifelse.Previous(ifelse.Only("a"))
	e, err := x.Excerpt(tokens, pattern, 2, 4)
	require.NoError(t, err)
	require.Equal(t, ifelse.Excerpt{
		First: 2, Tokens: []string{"a", "c", "a"}, Pattern: [][]float64{{.2, .5, 0}, {.1, .3, .4}}, Triggers: []int{2},
	}, e)
	for _, bad := range [][2]int{{0, 2}, {2, 2}, {2, 5}} {
		_, err := x.Excerpt(tokens, pattern, bad[0], bad[1])
		require.ErrorContains(t, err, "no excerpt")
	}
}
