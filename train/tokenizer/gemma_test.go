package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var gemma = sync.OnceValue(func() *Tokenizer { return must(FromJSON(openGzip("gemma.json.gz"))) })

func TestGoldenGemma(t *testing.T) {
	lines := readGolden[struct {
		T string
		goldenIDs
	}](t, "gemma.jsonl.gz")
	require.GreaterOrEqual(t, len(lines), 12_000)
	fallbacks := 0
	for _, l := range lines {
		// Bytes all have a token here: nothing may differ with AllowMissing.
		for _, o := range []EncodeOptions{{}, {Special: true}, {AllowMissing: true}} {
			want := l.IDs
			if !o.Special && l.Text != nil {
				want = l.Text
			}
			ids, err := gemma().Encode(l.T, o)
			require.NoError(t, err)
			require.Truef(t, equalIDs(ids, want), "%q, %+v:\n got %v\nwant %v", l.T, o, ids, want)
			back, err := gemma().Decode(ids)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(l.T, "▁", " "), string(back))
			for _, id := range ids {
				if _, ok := byteOfToken(gemma().Token(id)); ok {
					fallbacks++
				}
			}
		}
	}
	require.Positive(t, fallbacks)
	t.Logf("%d strings", len(lines))
}

func TestGemma(t *testing.T) {
	tok := gemma()
	require.Equal(t, "gemma", tok.Kind())
	bos, ok := tok.BOS()
	require.True(t, ok)
	require.Equal(t, "<bos>", tok.Token(bos))
	_, ok = tok.EOS()
	require.False(t, ok, "the template names none")

	ids, err := tok.Encode("日 \xe6\xff", EncodeOptions{})
	require.NoError(t, err)
	var tokens, shown []string
	for _, id := range ids {
		tokens, shown = append(tokens, tok.Token(id)), append(shown, tok.Display(id))
	}
	require.Equal(t, []string{"<0xE6>", "<0x97>", "<0xA5>", "▁", "<0xE6>", "<0xFF>"}, tokens)
	require.Equal(t, []string{"⟨0xE6⟩", "⟨0x97⟩", "⟨0xA5⟩", "␣", "⟨0xE6⟩", "⟨0xFF⟩"}, shown)
	back, err := tok.Decode(ids)
	require.NoError(t, err)
	require.Equal(t, "日 \xe6\xff", string(back), "bytes that are not UTF-8 come back")

	with, err := tok.ApplyBOS(ids, BOSAdd)
	require.NoError(t, err)
	require.Equal(t, append([]int32{bos}, ids...), with)
	require.ErrorContains(t, tok.Save(t.TempDir()), `kind "gemma" cannot be written`)
}

// smallGemma is a tokenizer.json to be made worse, one replacement at a time.
const smallGemma = `{"version":"1.0","truncation":null,"padding":null,
"added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
{"id":9,"content":"b b","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":false}],
"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},
"pre_tokenizer":{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false},
"post_processor":null,
"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},
"model":{"type":"BPE","dropout":null,"unk_token":"<s>","continuing_subword_prefix":null,"end_of_word_suffix":null,
"fuse_unk":true,"byte_fallback":true,"ignore_merges":false,
"vocab":{"<s>":0,"a":1,"▁":2,"a▁":3,"<0xC3>":4,"<0xA9>":5,"<":6,"s>":7,"<0x61>":8,"b b":9},"merges":["a ▁","< s>"]}}`

func smallGemmaWith(t *testing.T, old, new string) (*Tokenizer, error) {
	t.Helper()
	require.Contains(t, smallGemma, old)
	return FromJSON(strings.NewReader(strings.Replace(smallGemma, old, new, 1)))
}

func TestGemmaRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, message string }{
		{"normalizer type", `{"type":"Replace","pattern":{"String":" "}`, `{"type":"NFKC","pattern":{"String":" "}`, `normalizer is set ({"type":"NFKC"`},
		{"another pattern", `"pattern":{"String":" "},"content":"▁"`, `"pattern":{"String":"_"},"content":"▁"`, "normalizer is set"},
		{"another content", `"pattern":{"String":" "},"content":"▁"`, `"pattern":{"String":" "},"content":"_"`, "normalizer is set"},
		{"expression", `"pattern":{"String":" "},"content":"▁"`, `"pattern":{"Regex":" +"},"content":"▁"`, "normalizer is set"},
		{"normalizer field", `"content":"▁"`, `"content":"▁","twice":1`, `unknown field "twice"`},
		{"no normalizer", `"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"}`, `"normalizer":null`, "pre_tokenizer: part Split: pattern"},
		{"Metaspace", `"pre_tokenizer":{"type":"Split"`, `"pre_tokenizer":{"type":"Metaspace"`, `pre_tokenizer: type "Metaspace"`},
		{"split pattern", `"pre_tokenizer":{"type":"Split","pattern":{"String":" "}`, `"pre_tokenizer":{"type":"Split","pattern":{"String":"a"}`, "pre_tokenizer: part Split"},
		{"split behaviour", `MergedWithPrevious`, `Isolated`, "pre_tokenizer: part Split"},
		{"split inverted", `"invert":false`, `"invert":true`, "pre_tokenizer: part Split"},
		{"no decoder", `"decoder":{"type":"Sequence"`, `"decoder":null,"x":{"type":"Sequence"`, "unknown field"},
		{"decoder missing", `"decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},`, ``, "decoder: missing or null"},
		{"decoder strips", `{"type":"Fuse"}]`, `{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]`, "decoder: part Strip drops a space at the start, but none is put there"},
		{"decoder of bytes", `{"type":"ByteFallback"},{"type":"Fuse"}`, `{"type":"Fuse"},{"type":"ByteFallback"}`, `decoder: type "Fuse" is not supported; only "ByteFallback" is`},
		{"decoder field", `{"type":"Fuse"}`, `{"type":"Fuse","all":1}`, `decoder: part Fuse: json: unknown field "all"`},
		{"decoder writes _", `"pattern":{"String":"▁"},"content":" "`, `"pattern":{"String":"▁"},"content":"_"`, "decoder: part"},
		{"no byte fallback", `"byte_fallback":true`, `"byte_fallback":false`, "model: byte_fallback is false"},
		{"unknown tokens apart", `"fuse_unk":true`, `"fuse_unk":false`, "model: fuse_unk is false"},
		{"whole words", `"ignore_merges":false`, `"ignore_merges":true`, "model: ignore_merges is true"},
		{"no space", `"▁":2`, `"_":2`, `model.vocab: no token "▁"`},
		{"added byte", `"content":"b b"`, `"content":"<0x61>"`, `"<0x61>" has id 9, but 8`},
		{"byte as added token", `{"id":9,"content":"b b"`, `{"id":8,"content":"<0x61>"`, `added_tokens: "<0x61>" is the token of a byte`},
		{"merge of a missing token", `"a ▁"`, `"a z"`, `merge 0 ("a" + "z"): token "z"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := smallGemmaWith(t, c.old, c.new)
			require.ErrorContains(t, err, c.message)
			require.ErrorContains(t, err, "tokenizer.json")
		})
	}
}

// What a small vocabulary lacks: an error that names byte and place, or the unknown
// token, once for a run. And what plain text must not become.
func TestGemmaMissing(t *testing.T) {
	for _, pre := range []string{"", `"pre_tokenizer":null,`} {
		tok, err := smallGemmaWith(t, `"pre_tokenizer":{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false},`, pre)
		require.NoError(t, err)
		encode := func(text string, o EncodeOptions) []int32 {
			ids, err := tok.Encode(text, o)
			require.NoError(t, err)
			return ids
		}
		require.Equal(t, []int32{3, 1, 3}, encode("a aa ", EncodeOptions{}))
		require.Equal(t, []int32{4, 5, 2}, encode("é▁", EncodeOptions{}), "é in bytes")
		require.Equal(t, []int32{9, 2, 9, 9}, encode("b b b▁bb b", EncodeOptions{}), "an added token, its space in either form")
		require.Equal(t, []int32{1, 0}, encode("a<s>", EncodeOptions{Special: true}))

		_, err = tok.Encode("a é ü", EncodeOptions{})
		require.EqualError(t, err, "tokenizer: byte 0xBC at offset 6 has no token in this vocabulary; AllowMissing lets such bytes pass")
		// é is written in bytes while the unknown token of what is before is still due:
		// so does the library.
		require.Equal(t, []int32{4, 5, 0, 1, 0}, encode("zzéza\xff", EncodeOptions{AllowMissing: true}))
	}
	tok, err := smallGemmaWith(t, `"<":6,"s>":7`, `"<":7,"s>":6`)
	require.NoError(t, err)
	require.NotEqual(t, must(smallGemmaWith(t, "a ▁", "a ▁")).Fingerprint(), tok.Fingerprint())

	letters := strings.Replace(smallGemma, `"b b":9}`, `"b b":9,"s":10,">":11,"0x61>":12,"0":13}`, 1)
	letters = strings.Replace(letters, `"< s>"]`, `"s >","< s>","< 0x61>"]`, 1)
	tok, err = FromJSON(strings.NewReader(letters))
	require.NoError(t, err)
	ids, err := tok.Encode("<s>", EncodeOptions{})
	require.NoError(t, err)
	require.Equal(t, []int32{6, 7}, ids, "the merge that would forge <s> is left out")
}

// Merging in a word as long as the text equals the definition.
func TestGemmaMergeMatchesDefinition(t *testing.T) {
	tok := gemma()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		letters := []rune("etaoin  \t(){}.é日")[:2+rng.IntN(14)]
		text := make([]rune, rng.IntN(60))
		start := make([]int32, 0, len(text))
		for i := range text {
			text[i] = letters[rng.IntN(len(letters))]
			form := strings.ReplaceAll(string(text[i]), " ", "▁")
			if id, ok := tok.ID(form); ok {
				start = append(start, id)
				continue
			}
			for _, b := range []byte(form) {
				id, ok := tok.ID(fmt.Sprintf("<0x%02X>", b))
				require.True(t, ok)
				start = append(start, id)
			}
		}
		e := encoder{t: tok, scratch: new(mergeScratch)}
		_, err := e.merge(string(text))
		require.NoError(t, err)
		require.Truef(t, equalIDs(naiveMerge(tok, start), e.dst), "%q", string(text))
	}
}

// A megabyte without a cut takes a second or so, not hours (the test would run into its time
// limit); and leaves no word in the cache.
func TestGemmaLongText(t *testing.T) {
	tok := must(FromJSON(openGzip("gemma.json.gz")))
	text := strings.Repeat("for i := range x { y += f(x[i]) } é日 ", 1<<20/40)
	ids, err := tok.Encode(text, EncodeOptions{})
	require.NoError(t, err)
	back, err := tok.Decode(ids)
	require.NoError(t, err)
	require.Equal(t, text, string(back))
	require.Nil(t, tok.cache.slots, "no word of it was short enough to be kept")
}

// Whatever the text, nothing is lost but the difference between "▁" and a space.
func FuzzGemmaText(f *testing.F) {
	for _, text := range []string{"", "a b\n\n\t<b> <bos>", "<0x41>\xe2\x96", "▁▁ ▁", "\x80é日\ufffd", "if a b ! ▁ ▁!"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, special := range []bool{false, true} {
			ids, err := gemma().Encode(text, EncodeOptions{Special: special})
			require.NoError(t, err)
			back, err := gemma().Decode(ids)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(text, "▁", " "), string(back))
			for _, id := range ids {
				require.False(t, !special && gemma().IsSpecial(id), "text became special")
			}
		}
	})
}
