package tokenizer

import (
	gobuild "go/build"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpecialTextStaysText(t *testing.T) {
	for _, tok := range []*Tokenizer{smolLM2(), gpt2(), llama3(), gemma(), NewBytes()} {
		for id := range int32(tok.VocabSize()) {
			if !tok.IsSpecial(id) {
				continue
			}
			text := "x" + tok.Token(id) + "y"
			ids, err := tok.Encode(text, EncodeOptions{})
			require.NoError(t, err)
			for _, got := range ids {
				require.Falsef(t, tok.IsSpecial(got), "%q became special", text)
			}
			back, err := tok.Decode(ids)
			require.NoError(t, err)
			require.Equal(t, text, string(back))

			ids, err = tok.Encode(text, EncodeOptions{Special: true})
			require.NoError(t, err)
			require.Len(t, ids, 3)
			require.Equal(t, id, ids[1])
			back, err = tok.Decode(ids)
			require.NoError(t, err)
			require.Equal(t, text, string(back))
		}
	}
}

// A slice expression reaches up to the capacity: with room behind the ids, a text shorter than T
// would get a tail of zeros, and id 0 is a sink token of SmolLM2.
func TestNoRoomBehindTheTokens(t *testing.T) {
	for _, tok := range []*Tokenizer{smolLM2(), gpt2(), gemma(), NewBytes()} {
		for words := 1; words < 300; words++ {
			ids, err := tok.Encode(strings.Repeat("go ", words), EncodeOptions{})
			require.NoError(t, err)
			for _, T := range []int{64, 128, 192, 256} {
				if len(ids) < T {
					require.Panicsf(t, func() { _ = ids[:T] }, "%d tokens cut to %d", len(ids), T)
				}
			}
		}
	}
}

func TestMissingByte(t *testing.T) {
	_, err := smolLM2().Encode("ab <|im_end|>\n 12\x04", EncodeOptions{Special: true})
	require.EqualError(t, err, "tokenizer: byte 0x04 at offset 17 has no token in this vocabulary; AllowMissing lets such bytes pass")
	dst := []int32{7}
	dst, err = smolLM2().AppendEncode(dst, "word\xff", EncodeOptions{})
	require.ErrorContains(t, err, "byte 0xFF at offset 4")
	require.Equal(t, []int32{7}, dst)

	skip := EncodeOptions{AllowMissing: true}
	ids, err := smolLM2().Encode("a\x04b", skip)
	require.NoError(t, err)
	back, err := smolLM2().Decode(ids)
	require.NoError(t, err)
	require.Equal(t, "ab", string(back))
	// The cache must not let an earlier call with AllowMissing hide the byte.
	_, err = smolLM2().Encode("a\x04b", EncodeOptions{})
	require.Error(t, err)
}

func TestDecodeNamesABadID(t *testing.T) {
	_, err := gpt2().Decode([]int32{1, 2, 4000})
	require.EqualError(t, err, "tokenizer: id 4000 at position 2 lies outside the vocabulary of 4000 tokens")
	_, err = gpt2().Decode([]int32{-1})
	require.ErrorContains(t, err, "id -1 at position 0")
}

func TestBytesTokenizer(t *testing.T) {
	tok := NewBytes()
	require.Equal(t, 258, tok.VocabSize())
	ids, err := tok.Encode("a<bos>\xff", EncodeOptions{Special: true})
	require.NoError(t, err)
	require.Equal(t, []int32{'a', 256, 0xff}, ids)
	bos, ok := tok.BOS()
	require.True(t, ok)
	require.Equal(t, int32(256), bos)
	eos, ok := tok.EOS()
	require.True(t, ok)
	require.Equal(t, int32(257), eos)
}

// AppendEncode of two texts is not Encode of their concatenation, but each text
// must come out as on its own.
func TestAppendEncode(t *testing.T) {
	var dst, want []int32
	var err error
	for _, text := range []string{"Hello", ", world", "", " 's"} {
		dst, err = gpt2().AppendEncode(dst, text, EncodeOptions{})
		require.NoError(t, err)
		ids, err := gpt2().Encode(text, EncodeOptions{})
		require.NoError(t, err)
		want = append(want, ids...)
	}
	require.Equal(t, want, dst)
}

// Merging by the queue equals the definition: again and again, the pair of
// lowest rank, the leftmost of them.
func TestMergeMatchesDefinition(t *testing.T) {
	tok := smolLM2()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		word := make([]byte, rng.IntN(40))
		letters := "etaoin shrdlu'  "[:2+rng.IntN(14)]
		for i := range word {
			word[i] = letters[rng.IntN(len(letters))]
		}
		var sc mergeScratch
		var naive []int32
		for i, b := range word {
			id := tok.byteID[b]
			naive = append(naive, id)
			sc.symbols = append(sc.symbols, symbol{id: id, prev: int32(i) - 1, next: int32(i) + 1})
		}
		if n := len(sc.symbols); n > 0 {
			sc.symbols[n-1].next = -1
		}
		require.Equalf(t, naiveMerge(tok, naive), tok.appendMerged([]int32{}, &sc), "%q", word)
	}
}

func naiveMerge(tok *Tokenizer, ids []int32) []int32 {
	out := append([]int32{}, ids...)
	for {
		at, best := -1, mergeRule{}
		for i := range len(out) - 1 {
			if m, ok := tok.merges[pair(out[i], out[i+1])]; ok && (at < 0 || m.rank < best.rank) {
				at, best = i, m
			}
		}
		if at < 0 {
			return out
		}
		out = append(append(out[:at:at], best.id), out[at+2:]...)
	}
}

func TestConcurrentUse(t *testing.T) {
	text := strings.Repeat("The capital of France is Paris; it's 1969, naïve café.\n", 20)
	want, err := smolLM2().Encode(text, EncodeOptions{})
	require.NoError(t, err)
	got := make([][]int32, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], _ = smolLM2().Encode(text, EncodeOptions{}) })
	}
	wg.Wait()
	for _, ids := range got {
		require.Equal(t, want, ids)
	}
}

// Any bytes come back, from every tokenizer with a token for each byte; and the
// pre-tokens of any bytes are those bytes, cut.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "Hello, world!", "it's 'S ſ ½ Ⅷ", "\xff\xfe<|endoftext|>", "a\xe2\x82", "\r\n \t\u00a0x",
		"<|begin_of_text|>", "日本語\u3000", "\xed\xa0\x80", "👩\u200d👧"} {
		f.Add(s)
	}
	toks := []*Tokenizer{gpt2(), llama3(), NewBytes(), added()}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range toks {
			for _, special := range []bool{false, true} {
				ids, err := tok.Encode(text, EncodeOptions{Special: special})
				require.NoError(t, err)
				back, err := tok.Decode(ids)
				require.NoError(t, err)
				require.Equal(t, text, string(back))
			}
		}
		for _, p := range []preTokenizer{preSmolLM2, preGPT2, preLlama3, preBytes} {
			var joined strings.Builder
			for word := range p.split(text) {
				require.NotEmpty(t, word)
				joined.WriteString(word)
			}
			require.Equal(t, text, joined.String())
		}
	})
}

// English prose (Newton's Opticks, which comes with Go), first with an empty
// cache of words, then with what the text left in it.
func BenchmarkEncode(b *testing.B) {
	data, err := os.ReadFile(filepath.Join(gobuild.Default.GOROOT, "src", "testdata", "Isaac.Newton-Opticks.txt"))
	if err != nil {
		b.Skip(err)
	}
	text := string(data)
	for _, tok := range []*Tokenizer{smolLM2(), gpt2(), llama3()} {
		for _, cold := range []bool{true, false} {
			name := tok.Kind() + "/warm"
			if cold {
				name = tok.Kind() + "/cold"
			}
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					c := *tok
					if cold {
						c.cache = new(wordCache)
					}
					if _, err := c.Encode(text, EncodeOptions{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
