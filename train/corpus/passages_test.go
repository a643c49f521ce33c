package corpus_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
	"firsttoken/train/tokenizer"
)

// tokenizerOf reads one of package tokenizer's, with the token as its ⟨bos⟩.
func tokenizerOf(file, bos string) *tokenizer.Tokenizer {
	data, err := os.ReadFile("../tokenizer/testdata/" + file)
	if err != nil {
		panic(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	tok, err := tokenizer.FromJSON(z)
	if err != nil {
		panic(err)
	}
	if tok, err = tok.WithBOSEOS(bos, ""); err != nil {
		panic(err)
	}
	return tok
}

// passageTokenizers are one of each form: bytes, byte-level BPE, BPE without pre-tokens.
var passageTokenizers = sync.OnceValue(func() []*tokenizer.Tokenizer {
	return []*tokenizer.Tokenizer{tokenizer.NewBytes(), tokenizerOf("gpt2.json.gz", "<|endoftext|>"), tokenizerOf("gemma.json.gz", "<bos>")}
})

// rambling is a text of sentences and lines, some with characters of several bytes, some of white
// space.
func rambling(r *rand.Rand, sentences int) string {
	words := []string{"state", "union", "Größe", "世界", "of", "the", "Mr. Speaker", "3.5", "U.S.", "▁", "\"so\"", "…"}
	var b strings.Builder
	for range sentences {
		for range 1 + r.IntN(20) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		b.WriteString("end" + []string{"ing. ", "ing? ", "ing!  ", "\n", "ing.\" "}[r.IntN(5)])
	}
	return b.String()
}

// Passages are what they say they are: pieces of documents that do not overlap and begin where a
// sentence does, exactly T tokens long, in the tokens of the text from there on.
func TestPassagesProperties(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i, tok := range passageTokenizers() {
		for trial := range 20 {
			var docs []corpus.Document
			texts := map[string]string{}
			for d := range 1 + r.IntN(4) {
				doc := corpus.Document{Name: fmt.Sprint("d", d), Text: rambling(r, 1+r.IntN(40))}
				docs, texts[doc.Name] = append(docs, doc), doc.Text
			}
			src := corpus.NewMemory("rambling", docs...)
			c := corpus.PassageConfig{N: 1, T: 2 + r.IntN(30), Seed: uint64(trial)}
			if trial%2 == 1 {
				c.MinT = 1 + r.IntN(c.T)
			}
			var all []corpus.Passage
			for { // as many as there are
				more, err := corpus.Passages(src, tok, c)
				if err != nil {
					require.ErrorContains(t, err, fmt.Sprintf("corpus: %d passages of ", c.N-1))
					break
				}
				if all != nil {
					require.Equal(t, all, more[:len(all)], "fewer passages are the beginning of more")
				}
				all = more
				c.N++
			}
			end := map[string]int{}
			slices.SortFunc(all, func(a, b corpus.Passage) int { return a.Start - b.Start })
			for _, p := range all {
				text := texts[p.Document]
				require.GreaterOrEqual(t, p.Start, end[p.Document], "overlap")
				end[p.Document] = p.End
				require.Equal(t, text[p.Start:p.End], p.Text)
				want, err := tok.Encode(text[p.Start:], tokenizer.EncodeOptions{})
				require.NoError(t, err)
				require.Equal(t, want[:len(p.IDs)], p.IDs, "tokenizer %d, T = %d", i, c.T)
				if c.MinT == 0 {
					require.Len(t, p.IDs, c.T)
				} else {
					require.True(t, len(p.IDs) == c.T || len(p.IDs) == len(want) && len(p.IDs) >= c.MinT)
				}
				before := strings.TrimRight(text[:p.Start], "\" ")
				require.True(t, before == "" || strings.ContainsAny(before[len(before)-1:], ".?!\n"), "begins behind %q", before)
				require.False(t, strings.HasSuffix(before, "Mr.") || strings.HasSuffix(before, "U.S."))
			}
		}
	}
}

// With ⟨bos⟩ in front, T counts it, the same places are cut, and the last token of the text makes
// room.
func TestPassagesWithBOS(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: tokenises speeches twice")
	}
	t.Parallel()
	src, err := corpus.OpenSpeeches(corpus.SpeechesConfig{From: 2000})
	require.NoError(t, err)
	for _, tok := range passageTokenizers() {
		bos, ok := tok.BOS()
		require.True(t, ok)
		bare, err := corpus.Passages(src, tok, corpus.PassageConfig{N: 30, T: 64, Seed: 3})
		require.NoError(t, err)
		front, err := corpus.Passages(src, tok, corpus.PassageConfig{N: 30, T: 64, BOS: true, Seed: 3})
		require.NoError(t, err)
		for i, p := range front {
			require.Len(t, p.IDs, 64)
			require.Equal(t, append([]int32{bos}, bare[i].IDs[:63]...), p.IDs)
			require.NotContains(t, p.IDs[1:], bos)
			require.Equal(t, bare[i].Start, p.Start)
			require.Equal(t, bare[i].Text[:len(p.Text)], p.Text)
			require.Less(t, p.End, bare[i].End)
			panics := func() { _ = bare[i].IDs[:65] }
			require.Panics(t, panics, "no room behind the tokens")
		}
	}
	noBOS, err := tokenizer.NewBytes().WithBOSEOS("", "")
	require.NoError(t, err)
	_, err = corpus.Passages(src, noBOS, corpus.PassageConfig{N: 1, T: 64, BOS: true})
	require.ErrorContains(t, err, "names no ⟨bos⟩: name one with WithBOSEOS")
	spelt := corpus.NewMemory("forged", corpus.Document{Name: "d", Text: "<|endoftext|>" + strings.Repeat(" word", 100)})
	gpt2 := passageTokenizers()[1]
	forged, err := corpus.Passages(spelt, gpt2, corpus.PassageConfig{N: 1, T: 32, BOS: true})
	require.NoError(t, err)
	bos, _ := gpt2.BOS()
	require.NotEqual(t, bos, forged[0].IDs[1], "a text cannot forge ⟨bos⟩")
}

// Passages come from as many documents as can be.
func TestPassagesSpread(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: tokenises all speeches")
	}
	t.Parallel()
	src, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	require.NoError(t, err)
	gpt2 := passageTokenizers()[1]
	count := func(seed uint64, n int) map[string]int {
		passages, err := corpus.Passages(src, gpt2, corpus.PassageConfig{N: n, T: 128, Seed: seed})
		require.NoError(t, err)
		of := map[string]int{}
		for _, p := range passages {
			of[p.Document]++
		}
		return of
	}
	require.Len(t, count(1, 50), 50)
	require.NotEqual(t, count(1, 50), count(2, 50))
	require.Len(t, count(1, 110), 110)
	for _, n := range count(1, 330) {
		require.Equal(t, 3, n)
	}
}

func TestSplitPassages(t *testing.T) {
	t.Parallel()
	src, err := corpus.OpenSpeeches(corpus.SpeechesConfig{})
	require.NoError(t, err)
	tok := passageTokenizers()[1]
	calibration, measured, err := corpus.SplitPassages(src, tok, 24, corpus.PassageConfig{N: 80, T: 64, Seed: 6})
	require.NoError(t, err)
	require.Len(t, calibration, 24)
	require.Len(t, measured, 80)
	seen := map[string]bool{}
	for _, p := range calibration {
		seen[p.Document] = true
	}
	for _, p := range measured {
		require.False(t, seen[p.Document], "%s serves both", p.Document)
	}
	_, _, err = corpus.SplitPassages(src, tok, 0, corpus.PassageConfig{N: 80, T: 64})
	require.ErrorContains(t, err, "0 passages to calibrate on")
	short := corpus.NewMemory("short", corpus.Document{Name: "a", Text: "one two"}, corpus.Document{Name: "b", Text: "three four"})
	_, _, err = corpus.SplitPassages(short, tok, 3, corpus.PassageConfig{N: 5, T: 64})
	require.ErrorContains(t, err, "to measure on: corpus: 0 passages of 64 tokens")
}

func TestPassagesRefuse(t *testing.T) {
	src := corpus.NewMemory("m", corpus.Document{Name: "d", Text: "Only a few words stand here."})
	for want, c := range map[string]corpus.PassageConfig{
		"N is 0":                        {T: 4},
		"T is 0":                        {N: 1},
		"needs at least 2 tokens":       {N: 1, T: 1, BOS: true},
		"MinT is 5":                     {N: 1, T: 4, MinT: 5},
		"MinT is -1":                    {N: 1, T: 4, MinT: -1},
		"0 passages of 64 tokens in 1":  {N: 1, T: 64},
		"1 passages of 2 to 64 tokens ": {N: 2, T: 64, MinT: 2},
	} {
		_, err := corpus.Passages(src, tokenizer.NewBytes(), c)
		require.ErrorContains(t, err, want)
	}
}

func ExamplePassages() {
	src, err := corpus.OpenSpeeches(corpus.SpeechesConfig{From: 1961, To: 1963})
	if err != nil {
		log.Fatal(err)
	}
	passages, err := corpus.Passages(src, tokenizer.NewBytes(), corpus.PassageConfig{N: 3, T: 40, BOS: true, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range passages {
		fmt.Printf("%v %d %q\n", p, len(p.IDs), p.Text)
	}
	// Output:
	// speeches/1963-john-f-kennedy[21297:21336] 40 "I am proud of a program that has helped"
	// speeches/1961-john-f-kennedy[26318:26357] 40 "-And I would address a special plea to "
	// speeches/1962-john-f-kennedy[7516:7555] 40 "And with all this effort under way, bot"
}
