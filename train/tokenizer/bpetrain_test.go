package tokenizer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The vocabulary is that of Python's library, token by token and merge by merge, ties included.
func TestTrainBPEGolden(t *testing.T) {
	var golden struct {
		Texts   []string
		Trained []struct {
			Split  string
			Tokens []string
			Merges [][2]string
		}
	}
	require.NoError(t, json.NewDecoder(openGzip("bpetrain.json.gz")).Decode(&golden))
	require.Len(t, golden.Trained, 3)
	for _, want := range golden.Trained {
		t.Run(want.Split, func(t *testing.T) {
			c := BPEConfig{V: len(want.Tokens), Split: want.Split}
			tok, err := TrainBPE(slices.Values(golden.Texts), c)
			require.NoError(t, err)
			require.Equal(t, want.Tokens, tok.tokens)
			require.Equal(t, want.Merges, tok.mergeList())

			// The order of the texts is of no account.
			reversed := slices.Clone(golden.Texts)
			slices.Reverse(reversed)
			again, err := TrainBPE(slices.Values(reversed), c)
			require.NoError(t, err)
			require.Equal(t, tok.Fingerprint(), again.Fingerprint())

			// Encoding goes back to the text.
			for _, text := range golden.Texts[:10] {
				ids, err := tok.Encode(text, EncodeOptions{})
				require.NoError(t, err)
				back, err := tok.Decode(ids)
				require.NoError(t, err)
				require.Equal(t, text, string(back))
				require.Less(t, len(ids), len(text)/2)
			}
			bos, _ := tok.BOS()
			eos, _ := tok.EOS()
			require.Equal(t, []int32{0, 1}, []int32{bos, eos})
			require.True(t, tok.IsSpecial(bos) && tok.IsSpecial(eos))
		})
	}
}

// slowTrain is the definition of BPE, recounting all pairs before each merge.
func slowTrain(words map[string]int, v int) [][2]string {
	type word struct {
		tokens []string
		count  int
	}
	var all []word
	ids := map[string]int{TrainedBOS: 0, TrainedEOS: 1}
	for _, r := range slices.Sorted(slices.Values(byteToRune[:])) {
		ids[string(r)] = len(ids)
	}
	for w, n := range words {
		all = append(all, word{strings.Split(bytesToForm(w), ""), n})
	}
	var merges [][2]string
	for len(ids) < v {
		counts := map[[2]string]int{}
		for _, w := range all {
			for i := range len(w.tokens) - 1 {
				counts[[2]string{w.tokens[i], w.tokens[i+1]}] += w.count
			}
		}
		var best [2]string
		for p, n := range counts {
			if n > counts[best] || n == counts[best] && (ids[p[0]] < ids[best[0]] || ids[p[0]] == ids[best[0]] && ids[p[1]] < ids[best[1]]) {
				best = p
			}
		}
		merges = append(merges, best)
		token := best[0] + best[1]
		if _, ok := ids[token]; !ok {
			ids[token] = len(ids)
		}
		for w := range all {
			var out []string
			for _, s := range all[w].tokens {
				out = append(out, s)
				if n := len(out); n >= 2 && [2]string{out[n-2], out[n-1]} == best {
					out = append(out[:n-2], token)
				}
			}
			all[w].tokens = out
		}
	}
	return merges
}

// Few letters, so that pairs overlap themselves and each other.
func TestTrainBPEAgainstTheDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		words := map[string]int{}
		var texts []string
		for range 1 + rng.IntN(30) {
			w := make([]byte, 1+rng.IntN(12))
			for i := range w {
				w[i] = "abc"[rng.IntN(3)]
			}
			n := 1 + rng.IntN(5)
			words[string(w)] += n
			for range n {
				texts = append(texts, string(w))
			}
		}
		v := firstMerged + 1 + rng.IntN(6)
		tok, err := TrainBPE(slices.Values(texts), BPEConfig{V: v, Split: "gpt2"})
		if err != nil {
			require.ErrorContains(t, err, "tokens only")
			continue
		}
		require.Equal(t, slowTrain(words, v), tok.mergeList(), "%v", words)
	}
}

func TestTrainBPERefusals(t *testing.T) {
	texts := slices.Values([]string{"hello hello hello"})
	for _, c := range []struct {
		cfg  BPEConfig
		says string
	}{
		{BPEConfig{}, "V is 0: it must be in 258"},
		{BPEConfig{V: 257, Split: "gpt2"}, "V is 257"},
		{BPEConfig{V: 300, Split: "bytes"}, `Split is "bytes": use one of ["gpt2" "smollm2" "llama3"]`},
		{BPEConfig{V: 300, Split: "gpt2"}, "the texts give a vocabulary of 263 tokens only: train on more text, or set V to at most that"},
	} {
		_, err := TrainBPE(texts, c.cfg)
		require.ErrorContains(t, err, c.says)
	}
	tok, err := TrainBPE(slices.Values([]string(nil)), BPEConfig{V: 258, Split: "gpt2"})
	require.NoError(t, err)
	require.Equal(t, 258, tok.VocabSize(), "no text is needed for no merges")
}

// What is saved reads back as the same tokenizer, for every kind that has a tokenizer.json.
func TestSaveReadsBack(t *testing.T) {
	trained, err := TrainBPE(slices.Values([]string{"hello hello yellow 123 123"}), BPEConfig{V: 266, Split: "smollm2"})
	require.NoError(t, err)
	noMerges, err := TrainBPE(slices.Values([]string(nil)), BPEConfig{V: 258, Split: "llama3"})
	require.NoError(t, err)
	unk := must(FromJSON(openGzip("unk.json.gz")))
	for name, tok := range map[string]*Tokenizer{
		"trained": trained, "no merges": noMerges, "gpt2": gpt2(), "llama3": llama3(), "smollm2": smolLM2(), "added": added(), "unk": unk,
	} {
		dir := t.TempDir()
		require.NoError(t, tok.Save(dir), name)
		file, err := os.Open(filepath.Join(dir, "tokenizer.json"))
		require.NoError(t, err)
		defer file.Close()
		back, err := FromJSON(file)
		require.NoError(t, err, name)
		config, err := os.Open(filepath.Join(dir, "tokenizer_config.json"))
		require.NoError(t, err)
		defer config.Close()
		back, err = back.WithConfig(config)
		require.NoError(t, err, name)
		require.Equal(t, tok.Fingerprint(), back.Fingerprint(), name)
		require.Equal(t, []int32{tok.bos, tok.eos}, []int32{back.bos, back.eos}, name)
	}
	require.ErrorContains(t, NewBytes().Save(t.TempDir()), `kind "bytes" cannot be written as tokenizer.json`)
	require.ErrorContains(t, trained.Save(filepath.Join(t.TempDir(), "absent")), "no such file")
}

func ExampleTrainBPE() {
	texts := []string{"the cat sat on the mat", "the bat and the rat sat"}
	tok, err := TrainBPE(slices.Values(texts), BPEConfig{V: 262, Split: "gpt2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := tok.Encode("the hat", EncodeOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range ids {
		piece, _ := tok.Decode([]int32{id})
		fmt.Printf("%d %q\n", id, piece)
	}
	// Output:
	// 260 "the"
	// 222 " "
	// 73 "h"
	// 258 "at"
}

func BenchmarkTrainBPE(b *testing.B) {
	var golden struct{ Texts []string }
	require.NoError(b, json.NewDecoder(openGzip("bpetrain.json.gz")).Decode(&golden))
	size := 0
	for _, text := range golden.Texts {
		size += len(text)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := TrainBPE(slices.Values(golden.Texts), BPEConfig{V: 900, Split: "gpt2"}); err != nil {
			b.Fatal(err)
		}
	}
}
