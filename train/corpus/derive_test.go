package corpus_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// numbered is n documents, with a near-copy of every tenth at the end, shuffled.
func numbered(n int, shuffle uint64) corpus.Source {
	var docs []corpus.Document
	for i := range n {
		docs = append(docs, corpus.Document{Name: fmt.Sprint("doc", i), Text: fmt.Sprintf("This is document %d.", i)})
		if i%10 == 0 {
			docs = append(docs, corpus.Document{Name: fmt.Sprint("copy", i), Text: fmt.Sprintf("THIS is — document %d", i)})
		}
	}
	rng := rand.New(rand.NewPCG(shuffle, 0))
	rng.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	return corpus.NewMemory("numbered", docs...)
}

func TestSampleGolden(t *testing.T) {
	g, src := readGolden(t)
	for n := 1; n <= len(g.Texts)+2; n++ {
		s, err := corpus.Sample(src, n, 7)
		require.NoError(t, err)
		require.Equal(t, g.Sample[:min(n, len(g.Sample))], texts(t, s), "a sample is the beginning of a larger one")
	}
}

func TestSampleDependsOnSeedNotOrder(t *testing.T) {
	draw := func(shuffle, seed uint64) []string {
		s, err := corpus.Sample(numbered(500, shuffle), 40, seed)
		require.NoError(t, err)
		return names(t, s)
	}
	want := draw(1, 3)
	require.Len(t, want, 40)
	for shuffle := range uint64(5) {
		require.Equal(t, want, draw(shuffle, 3))
	}
	require.NotEqual(t, want, draw(1, 4))
}

func TestSampleOrdersCopiesByName(t *testing.T) {
	a, b := corpus.Document{Name: "a", Text: "same"}, corpus.Document{Name: "b", Text: "same"}
	for _, src := range []corpus.Source{corpus.NewMemory("", a, b), corpus.NewMemory("", b, a)} {
		s, err := corpus.Sample(src, 1, 1)
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, names(t, s))
	}
}

func TestSplitGolden(t *testing.T) {
	g, src := readGolden(t)
	training, held, err := corpus.Split(src, 0.5, 7)
	require.NoError(t, err)
	require.Equal(t, g.HeldOut, texts(t, held))
	require.ElementsMatch(t, g.Texts, append(texts(t, training), g.HeldOut...))
}

func TestSplitSides(t *testing.T) {
	const n, share = 2000, 0.2
	var first []string
	for shuffle := range uint64(3) {
		src := numbered(n, shuffle)
		training, held, err := corpus.Split(src, share, 11)
		require.NoError(t, err)
		require.ElementsMatch(t, names(t, src), append(names(t, training), names(t, held)...), "no document is lost or on both sides")

		normal := map[string]bool{}
		for _, text := range texts(t, training) {
			normal[corpus.Normalize(text)] = true
		}
		for _, text := range texts(t, held) {
			require.False(t, normal[corpus.Normalize(text)], "%q has a near-copy on the training side", text)
		}

		got := names(t, held)
		slices.Sort(got)
		if first == nil {
			first = got
		}
		require.Equal(t, first, got, "the order of the source changed the split")
	}
	// Binomial: a deviation of 5σ would be a defect of the hash.
	deviation := math.Abs(float64(len(first)) - share*n*1.1)
	require.Less(t, deviation, 5*math.Sqrt(n*1.1*share*(1-share)*1.1))

	_, other, err := corpus.Split(numbered(n, 0), share, 12)
	require.NoError(t, err)
	require.NotEqual(t, first, slices.Sorted(slices.Values(names(t, other))))
}

func TestSplitStaysWhenDocumentsAreAdded(t *testing.T) {
	_, small, err := corpus.Split(numbered(300, 0), 0.3, 5)
	require.NoError(t, err)
	_, large, err := corpus.Split(numbered(600, 0), 0.3, 5)
	require.NoError(t, err)
	require.Subset(t, names(t, large), names(t, small))
}

// One hash for both would draw the sample from one end of the split's range, and leave the other
// side empty.
func TestSampleAndSplitOfOneSeedAreIndependent(t *testing.T) {
	src := numbered(1000, 0)
	s, err := corpus.Sample(src, 200, 9)
	require.NoError(t, err)
	training, held, err := corpus.Split(s, 0.5, 9)
	require.NoError(t, err)
	require.Greater(t, len(texts(t, training)), 60)
	require.Greater(t, len(texts(t, held)), 60)
}

func TestDedupKeepsTheFirst(t *testing.T) {
	src := corpus.NewMemory("", corpus.Document{Name: "a", Text: "One, two."}, corpus.Document{Name: "b", Text: "one two"},
		corpus.Document{Name: "c", Text: "---"}, corpus.Document{Name: "d", Text: "***"}, corpus.Document{Name: "e", Text: "two one"})
	unique := corpus.Dedup(src)
	require.Equal(t, []string{"a", "c", "d", "e"}, names(t, unique))
	require.Equal(t, []string{"a", "c", "d", "e"}, names(t, unique), "a second pass remembers nothing of the first")
}

func TestRunesCountCharacters(t *testing.T) {
	src := corpus.NewMemory("", corpus.Document{Name: "1", Text: "é"}, corpus.Document{Name: "2", Text: "日本"}, corpus.Document{Name: "3", Text: "abc"})
	require.Equal(t, []string{"2", "3"}, names(t, corpus.MinRunes(src, 2)))
	require.Equal(t, []string{"1", "2"}, names(t, corpus.MaxRunes(src, 2)))
}

func TestDerivedRecipesNameEveryStep(t *testing.T) {
	training, held, err := corpus.Split(corpus.MaxRunes(corpus.MinRunes(corpus.NewMemory("books"), 10), 99), 0.05, 3)
	require.NoError(t, err)
	s, err := corpus.Sample(corpus.Dedup(training), 8, 4)
	require.NoError(t, err)
	const upTo = "books | at least 10 characters | at most 99 characters | "
	require.Equal(t, upTo+"training side of a 0.05 split, seed 3 | without duplicates | sample of 8, seed 4", s.Recipe())
	require.Equal(t, upTo+"held-out side of a 0.05 split, seed 3", held.Recipe())
}

func TestDeriveRefusesNonsense(t *testing.T) {
	src := corpus.NewMemory("")
	for _, n := range []int{0, -3} {
		_, err := corpus.Sample(src, n, 1)
		require.ErrorContains(t, err, "at least 1")
	}
	for _, share := range []float64{0, 1, -0.1, 5, math.NaN()} {
		_, _, err := corpus.Split(src, share, 1)
		require.ErrorContains(t, err, "between 0 and 1")
	}
}
