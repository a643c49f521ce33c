package corpus_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// lines is a text of so many lines, those from a on being another text's.
func lines(own string, n, a int) string {
	var b strings.Builder
	for i := range n {
		if i < a {
			fmt.Fprintf(&b, "line %d of %s\n\n", i, own)
		} else {
			fmt.Fprintf(&b, "\tline %d that many have in common\n", i)
		}
	}
	return b.String()
}

// families are texts of 20 lines, 15 shingles each: two of a family share the last ones.
func families(n int, own int, shuffle uint64) corpus.Source {
	var docs []corpus.Document
	for f := range n {
		for member := range 3 {
			text := strings.ReplaceAll(lines(fmt.Sprint(f, " ", member), 20, own), "many", fmt.Sprint("family ", f))
			docs = append(docs, corpus.Document{Name: fmt.Sprintf("%d.%d", f, member), Text: text})
		}
		docs = append(docs, corpus.Document{Name: fmt.Sprintf("%d.alone", f), Text: lines(fmt.Sprint("single ", f), 20, 20)})
	}
	rng := rand.New(rand.NewPCG(shuffle, 0))
	rng.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	return corpus.NewMemory("families", docs...)
}

func TestSplitGroups(t *testing.T) {
	const n, share, seed = 200, 0.3, 5
	heldBy := func(src corpus.Source, above float64) []string {
		training, held, err := corpus.SplitGroups(src, share, seed, above)
		require.NoError(t, err)
		require.ElementsMatch(t, names(t, src), append(names(t, training), names(t, held)...), "no document is lost or on both sides")
		return slices.Sorted(slices.Values(names(t, held)))
	}
	split := func(src corpus.Source) []string {
		_, held, err := corpus.Split(src, share, seed)
		require.NoError(t, err)
		return slices.Sorted(slices.Values(names(t, held)))
	}
	// 7 lines of their own: shingles from line 7 on are common, 8 of 15.
	src := families(n, 7, 1)
	held := heldBy(src, 0.5)
	count := map[string]int{}
	for _, name := range held {
		family, member, _ := strings.Cut(name, ".")
		if member != "alone" {
			count[family]++
		}
	}
	for family, members := range count {
		require.Equal(t, 3, members, "family %s is on both sides", family)
	}
	require.InDelta(t, share*n, len(count), 5*6.5, "families are drawn as documents are: 5σ")
	for _, name := range split(src) {
		if strings.HasSuffix(name, "alone") {
			require.Contains(t, held, name, "a document without near duplicates is where Split puts it")
		}
	}
	require.Equal(t, held, heldBy(families(n, 7, 2), 0.5), "the order of the source changed the split")

	// 8 lines of their own: 7 of 15 are common, which is not above 0.5, but above 0.4.
	fewer := families(n, 8, 1)
	require.Equal(t, split(fewer), heldBy(fewer, 0.5))
	require.NotEqual(t, split(fewer), heldBy(fewer, 0.4))
}

// A short file that lies in a long one is a near duplicate of it, and what connects two of them is
// one group.
func TestNearDuplicatesConnect(t *testing.T) {
	a, b := lines("a", 12, 12), lines("b", 12, 12)
	for seed := range uint64(20) {
		src := corpus.NewMemory("", corpus.Document{Name: "a", Text: a}, corpus.Document{Name: "b", Text: b}, corpus.Document{Name: "both", Text: a + b})
		_, held, err := corpus.SplitGroups(src, 0.5, seed, 0.5)
		require.NoError(t, err)
		require.Contains(t, []int{0, 3}, len(names(t, held)))
	}
	short := corpus.NewMemory("", corpus.Document{Name: "a", Text: "one\ntwo\n"}, corpus.Document{Name: "b", Text: "one\ntwo\nthree\n"})
	var apart bool
	for seed := range uint64(20) {
		_, held, err := corpus.SplitGroups(short, 0.5, seed, 0.5)
		require.NoError(t, err)
		apart = apart || len(names(t, held)) == 1
	}
	require.True(t, apart, "texts below a shingle's length are alike as a whole or not at all")
	for _, wrong := range [][2]float64{{0, 0.5}, {0.5, 0}, {0.5, 1}} {
		_, _, err := corpus.SplitGroups(src(t), wrong[0], 1, wrong[1])
		require.ErrorContains(t, err, "fractions between 0 and 1")
	}
}

func src(t *testing.T) corpus.Source {
	t.Helper()
	return corpus.NewMemory("", corpus.Document{Name: "a", Text: "a"})
}
