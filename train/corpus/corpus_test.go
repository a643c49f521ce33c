package corpus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

// golden is what testdata/golden.py computed.
type golden struct {
	Texts       []string `json:"texts"`
	Normal      []string `json:"normal"`
	Fingerprint string   `json:"fingerprint"`
	Bytes       int64    `json:"bytes"`
	Runes       int64    `json:"runes"`
	Median      int      `json:"median"`
	P90         int      `json:"p90"`
	Sample      []string `json:"sample_seed_7"`
	HeldOut     []string `json:"held_out_half_seed_7"`
}

func readGolden(t *testing.T) (golden, corpus.Source) {
	data, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(data, &g))
	var docs []corpus.Document
	for i, text := range g.Texts {
		docs = append(docs, corpus.Document{Name: fmt.Sprint("golden", i), Text: text})
	}
	return g, corpus.NewMemory("golden", docs...)
}

// failing yields its documents, then an error.
type failing struct{ corpus.Source }

var errDisk = errors.New("the disk is gone")

func (f failing) Documents() iter.Seq2[corpus.Document, error] {
	return func(yield func(corpus.Document, error) bool) {
		for d := range f.Source.Documents() {
			if !yield(d, nil) {
				return
			}
		}
		yield(corpus.Document{}, errDisk)
	}
}

func texts(t *testing.T, src corpus.Source) []string {
	t.Helper()
	docs, err := corpus.Collect(src)
	require.NoError(t, err)
	out := []string{}
	for _, d := range docs {
		out = append(out, d.Text)
	}
	return out
}

func names(t *testing.T, src corpus.Source) []string {
	t.Helper()
	docs, err := corpus.Collect(src)
	require.NoError(t, err)
	out := []string{}
	for _, d := range docs {
		out = append(out, d.Name)
	}
	return out
}

func TestNormalizeGolden(t *testing.T) {
	g, _ := readGolden(t)
	for i, text := range g.Texts {
		require.Equal(t, g.Normal[i], corpus.Normalize(text))
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("The First, token!")
	f.Add("İstanbul\xff ǅ 第一 ---")
	f.Fuzz(func(t *testing.T, text string) {
		normal := corpus.Normalize(text)
		require.Equal(t, normal, corpus.Normalize(normal), "a normal form is its own")
	})
}

func TestSummarize(t *testing.T) {
	g, src := readGolden(t)
	s, err := corpus.Summarize(src)
	require.NoError(t, err)
	require.Equal(t, corpus.Summary{
		Recipe: "golden", Fingerprint: g.Fingerprint, Documents: 8, Bytes: g.Bytes, Runes: g.Runes,
		Shortest: 3, Median: g.Median, P90: g.P90, Longest: 100,
	}, s)
}

func TestSummarizeFlagsInvalidUTF8(t *testing.T) {
	var docs []corpus.Document
	for i := range 7 {
		docs = append(docs, corpus.Document{Name: fmt.Sprint("latin1-", i), Text: "caf\xe9"})
	}
	s, err := corpus.Summarize(corpus.NewMemory("old files", docs...))
	require.NoError(t, err)
	require.Equal(t, []string{"invalid UTF-8, kept as bytes, in 7 of 7 documents: latin1-0, latin1-1, latin1-2, latin1-3, latin1-4, …"}, s.Warnings)
	require.EqualValues(t, 28, s.Bytes)
	require.EqualValues(t, 28, s.Runes)
}

func TestSummarizeEmpty(t *testing.T) {
	s, err := corpus.Summarize(corpus.NewMemory("nothing"))
	require.NoError(t, err)
	require.Zero(t, s.Documents)
	require.Equal(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", s.Fingerprint, "SHA-256 of nothing")
}

func TestErrorsEndEveryPass(t *testing.T) {
	_, src := readGolden(t)
	src = failing{src}
	_, err := corpus.Summarize(src)
	require.ErrorIs(t, err, errDisk)
	sampled, err := corpus.Sample(src, 3, 1)
	require.NoError(t, err)
	training, held, err := corpus.Split(src, 0.5, 1)
	require.NoError(t, err)
	for _, s := range []corpus.Source{src, sampled, training, held, corpus.Dedup(src), corpus.MinRunes(src, 1)} {
		_, err := corpus.Collect(s)
		require.ErrorIs(t, err, errDisk, s.Recipe())
	}
}

func TestPassesCanStopEarly(t *testing.T) {
	_, src := readGolden(t)
	sampled, err := corpus.Sample(src, 3, 1)
	require.NoError(t, err)
	for _, s := range []corpus.Source{src, sampled, corpus.Dedup(src), corpus.MinRunes(src, 1)} {
		n := 0
		for range s.Documents() {
			n++
			break
		}
		require.Equal(t, 1, n)
	}
}
