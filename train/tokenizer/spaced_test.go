package tokenizer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// scoredVocab is testdata/scores.json.gz: a vocabulary merged by scores.
func scoredVocab(prefix bool) GGUFVocab {
	var v struct {
		Tokens []string
		Types  []int32
		Scores []float32
	}
	if err := json.NewDecoder(openGzip("scores.json.gz")).Decode(&v); err != nil {
		panic(err)
	}
	return GGUFVocab{Model: "llama", Tokens: v.Tokens, Types: v.Types, Scores: v.Scores, AddSpacePrefix: &prefix}
}

var (
	scored         = sync.OnceValue(func() *Tokenizer { return must(FromGGUF(scoredVocab(false))) })
	scoredPrefixed = sync.OnceValue(func() *Tokenizer { return must(FromGGUF(scoredVocab(true))) })
)

// llama2With is testdata/llama2.json.gz, a tokenizer.json of Llama 2's form, with Metaspace of
// a prepend_scheme in place of its normalizer where one is given.
func llama2With(t *testing.T, scheme string, split bool) *Tokenizer {
	t.Helper()
	data := must(io.ReadAll(openGzip("llama2.json.gz")))
	if scheme != "" {
		var file map[string]any
		require.NoError(t, json.Unmarshal(data, &file))
		file["normalizer"] = nil
		file["pre_tokenizer"] = map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
		if scheme == "never" {
			d := file["decoder"].(map[string]any)
			d["decoders"] = d["decoders"].([]any)[:3]
		}
		data = must(json.Marshal(file))
	}
	tok, err := FromJSON(bytes.NewReader(data))
	require.NoError(t, err)
	return tok
}

// goldenDigests are the first bytes of the SHA-256 of each string's ids, written by
// testdata/spaced.py.
func goldenDigests(t *testing.T, kind string) (texts []string, digests []byte) {
	t.Helper()
	golden := map[string][]byte{}
	require.NoError(t, json.Unmarshal(must(os.ReadFile(filepath.Join("testdata", "spaced.json"))), &golden))
	for _, l := range readGolden[struct{ T string }](t, "gemma.jsonl.gz") {
		texts = append(texts, l.T)
	}
	texts = append(texts, "")
	require.GreaterOrEqual(t, len(texts), 13_000)
	require.Len(t, golden[kind], 2*len(texts))
	return texts, golden[kind]
}

func checkDigest(t *testing.T, kind, text string, ids []int32, want []byte) {
	t.Helper()
	h := sha256.New()
	require.NoError(t, binary.Write(h, binary.LittleEndian, ids))
	require.Equalf(t, want, h.Sum(nil)[:2], "%q has ids %v; python testdata/spaced.py (or normalised.py) show %s TEXT gives those wanted", text, ids, kind)
}

// Merging by scores is SentencePiece's, id for id: user-defined tokens cut out first, equal
// scores from the left, unused tokens as steps, characters that are no tokens.
func TestGoldenScores(t *testing.T) {
	for kind, tok := range map[string]*Tokenizer{"none": scored(), "prefix": scoredPrefixed()} {
		t.Run(kind, func(t *testing.T) {
			apart, compared := 0, 0
			texts, digests := goldenDigests(t, kind)
			for i, text := range texts {
				if kind == "prefix" && cutFirst(tok, text) {
					// SentencePiece puts a space before the text alone; GGUF's own reader,
					// llama.cpp, before each piece between tokens that are cut out.
					apart++
					continue
				}
				ids, err := tok.Encode(text, EncodeOptions{})
				require.NoError(t, err)
				checkDigest(t, kind, text, ids, digests[2*i:2*i+2])
				back, err := tok.Decode(ids)
				require.NoError(t, err)
				require.Equal(t, strings.ReplaceAll(text, "▁", " "), string(back))
				compared++
			}
			t.Logf("%d strings, %d left out", compared, apart)
			require.GreaterOrEqual(t, compared, 8_000)
		})
	}
}

// cutFirst tells texts in which a token is cut out before merging.
func cutFirst(tok *Tokenizer, text string) bool {
	cut := false
	_ = tok.early.split(" "+text, false, func(_ string, id int32) error {
		cut = cut || id != noID
		return nil
	})
	return cut
}

// The forms that a tokenizer.json of such a vocabulary has, with special tokens read and not.
func TestGoldenSpacedJSON(t *testing.T) {
	for kind, tok := range map[string]*Tokenizer{
		"llama": llama2With(t, "", false), "always": llama2With(t, "always", false), "first": llama2With(t, "first", false),
		"never": llama2With(t, "never", false), "words": llama2With(t, "always", true),
	} {
		t.Run(kind, func(t *testing.T) {
			require.True(t, tok.AddsBOS())
			texts, digests := goldenDigests(t, kind)
			for i, text := range texts {
				ids, err := tok.Encode(text, EncodeOptions{Special: true})
				require.NoError(t, err)
				plain, err := tok.Encode(text, EncodeOptions{})
				require.NoError(t, err)
				checkDigest(t, kind, text, append(append(ids, -1), plain...), digests[2*i:2*i+2])
			}
		})
	}
}

// What decoding gives back, and what it cannot know.
func TestSpacedDecode(t *testing.T) {
	for _, c := range []struct {
		name      string
		tok       *Tokenizer
		text, got string
	}{
		{"a late token takes the space before it", llama2With(t, "", false), "func main func", "func mainfunc"},
		{"a space of the text's own", llama2With(t, "", false), " a  b", " a  b"},
		{"two", llama2With(t, "", false), "  a", "  a"},
		{"Metaspace takes it for its own", llama2With(t, "always", false), " a", "a"},
		{"but not two", llama2With(t, "always", false), "  a", " a"},
		{"none is put in front", llama2With(t, "never", false), " a", " a"},
		{"after a token that is cut out", llama2With(t, "", false), "a<b>b", "a<b> b"},
		{"by Metaspace's first scheme not", llama2With(t, "first", false), "a<b>b", "a<b>b"},
		{"by scores", scoredPrefixed(), " a", " a"},
		{"empty", scoredPrefixed(), "", ""},
	} {
		ids, err := c.tok.Encode(c.text, EncodeOptions{})
		require.NoError(t, err)
		back, err := c.tok.Decode(ids)
		require.NoError(t, err)
		require.Equal(t, c.got, string(back), c.name)
	}
}

// A slow, plain merge by scores: at each step the best pair of all, from the left.
func naiveScores(tok *Tokenizer, text string, scores []float32) []int32 {
	var pieces []string
	for _, r := range strings.ReplaceAll(text, " ", spaceMark) {
		pieces = append(pieces, string(r))
	}
	for {
		best, at := math.Inf(-1), -1
		for i := range len(pieces) - 1 {
			if id := tok.piece([]byte(pieces[i] + pieces[i+1])); id != noID && float64(scores[id]) > best {
				best, at = float64(scores[id]), i
			}
		}
		if at < 0 {
			break
		}
		pieces[at] += pieces[at+1]
		pieces = append(pieces[:at+1], pieces[at+2:]...)
	}
	var ids []int32
	for _, p := range pieces {
		if id := tok.piece([]byte(p)); id != noID {
			ids = append(ids, id)
			continue
		}
		for _, b := range []byte(p) {
			ids = append(ids, tok.byteID[b])
		}
	}
	return ids
}

// The queue finds what trying all pairs finds, on short words and scores that are often equal.
func TestScoresAgainstPlainMerging(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		g := GGUFVocab{Model: "llama", AddSpacePrefix: new(bool)}
		add := func(token string, kind int32, score float32) {
			for _, other := range g.Tokens {
				if other == token {
					return
				}
			}
			g.Tokens, g.Types, g.Scores = append(g.Tokens, token), append(g.Types, kind), append(g.Scores, score)
		}
		add("▁", ggufNormal, 0)
		for _, b := range []byte("abcé") {
			add("<0x"+strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))+">", ggufByte, 0)
		}
		letters := []string{"a", "b", "c", "é", "▁"}
		for range 12 {
			token := ""
			for range 1 + rng.IntN(4) {
				token += letters[rng.IntN(len(letters))]
			}
			add(token, ggufNormal, float32(rng.IntN(4)))
		}
		tok, err := FromGGUF(g)
		require.NoError(t, err)
		for range 20 {
			text := ""
			for range rng.IntN(12) {
				text += strings.ReplaceAll(letters[rng.IntN(len(letters))], "▁", " ")
			}
			ids, err := tok.Encode(text, EncodeOptions{})
			require.NoError(t, err)
			require.Truef(t, equalIDs(naiveScores(tok, text, g.Scores), ids), "%q with %q: %v", text, g.Tokens, ids)
		}
	}
}

func TestScoresUnknown(t *testing.T) {
	two := int32(2)
	g := GGUFVocab{Model: "llama", Tokens: []string{"▁", "a", "<unk>", "▁a", "<0xC3>", "<0xA9>"}, Types: []int32{1, 1, 2, 1, 6, 6},
		Scores: []float32{0, 0, 0, 0, 0, 0}, Unknown: &two}
	tok, err := FromGGUF(g)
	require.NoError(t, err)
	_, err = tok.Encode("a é日", EncodeOptions{})
	require.ErrorContains(t, err, "byte 0xE6 at offset 4 has no token")
	ids, err := tok.Encode("a é日本 日", EncodeOptions{AllowMissing: true})
	require.NoError(t, err)
	require.Equal(t, []int32{3, 0, 4, 5, 2, 0, 2}, ids, "one unknown token for a run")
	ids, err = tok.Encode("<unk>", EncodeOptions{AllowMissing: true})
	require.NoError(t, err)
	require.Equal(t, []int32{0, 2}, ids)
	ids, err = tok.Encode("<unk>", EncodeOptions{Special: true})
	require.NoError(t, err)
	require.Equal(t, []int32{2}, ids)
}

func TestScoresRefuse(t *testing.T) {
	nan := float32(math.NaN())
	for message, spoil := range map[string]func(*GGUFVocab){
		"tokenizer.ggml.scores is missing":        func(g *GGUFVocab) { g.Scores = nil },
		"tokens but 2 scores":                     func(g *GGUFVocab) { g.Scores = g.Scores[:2] },
		"has a score that is not a number":        func(g *GGUFVocab) { g.Scores[5] = nan },
		`has token type 6`:                        func(g *GGUFVocab) { g.Types[len(g.Types)-1] = ggufByte },
		`no token "▁"`:                            func(g *GGUFVocab) { g.Tokens = replaced(g.Tokens, "▁", "_▁_") },
		"unknown token id 9999999 lies outside":   func(g *GGUFVocab) { id := int32(9999999); g.Unknown = &id },
		"tokenizer.ggml.unknown_token_id is -1":   func(g *GGUFVocab) { id := int32(-1); g.Unknown = &id },
		`tokenizer.ggml.model is "t5"; supported`: func(g *GGUFVocab) { g.Model = "t5"; g.Types = make([]int32, len(g.Types)); fill1(g.Types) },
	} {
		g := scoredVocab(true)
		spoil(&g)
		_, err := FromGGUF(g)
		require.ErrorContains(t, err, message)
	}
}

func fill1(x []int32) {
	for i := range x {
		x[i] = ggufNormal
	}
}

func replaced(list []string, old, new string) []string {
	out := append([]string(nil), list...)
	for i := range out {
		if out[i] == old {
			out[i] = new
		}
	}
	return out
}

// A prefix and scores decide ids, so they belong to what a run remembers of its tokenizer.
func TestSpacedFingerprints(t *testing.T) {
	other := scoredVocab(false)
	other.Scores[len(other.Scores)-1]++
	seen := map[string]string{}
	for name, tok := range map[string]*Tokenizer{
		"none": scored(), "prefix": scoredPrefixed(), "another score": must(FromGGUF(other)),
		"llama": llama2With(t, "", false), "always": llama2With(t, "always", false), "first": llama2With(t, "first", false),
		"never": llama2With(t, "never", false), "words": llama2With(t, "always", true),
	} {
		require.Empty(t, seen[tok.Fingerprint()], name)
		seen[tok.Fingerprint()] = name
	}
}

// A megabyte without a cut takes a second or so, not hours.
func TestScoresLongText(t *testing.T) {
	text := strings.Repeat("for i := range x { y += f(x[i]) } é日 ", 1<<20/40)
	ids, err := scoredPrefixed().Encode(text, EncodeOptions{})
	require.NoError(t, err)
	back, err := scoredPrefixed().Decode(ids)
	require.NoError(t, err)
	require.Equal(t, len(text), len(back)-strings.Count(text, "x = ")) // no token is cut out
}

// Whatever the text, nothing is lost but the difference between "▁" and a space.
func FuzzScores(f *testing.F) {
	for _, text := range []string{"", "a b\n\n\t<b> <s>", "<0x41>\xe2\x96", "▁▁ ▁", "\x80é日\ufffd", "x = func ▁!"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, special := range []bool{false, true} {
			ids, err := scored().Encode(text, EncodeOptions{Special: special})
			require.NoError(t, err)
			back, err := scored().Decode(ids)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(text, "▁", " "), string(back))
			for _, id := range ids {
				require.False(t, !special && scored().IsSpecial(id), "text became special")
			}
		}
	})
}

// What a Metaspace pre-tokenizer may say, with the library's defaults for what it does not.
func TestMetaspace(t *testing.T) {
	file := string(must(io.ReadAll(openGzip("llama2.json.gz"))))
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(file), &fields))
	fields["normalizer"] = json.RawMessage("null")
	for _, c := range []struct {
		part, kind, error string
		same              *Tokenizer
	}{
		{part: `"prepend_scheme":"first","split":false`, kind: "gemma", same: llama2With(t, "first", false)},
		{part: `"split":false`, kind: "gemma", same: llama2With(t, "always", false)},
		{part: `"add_prefix_space":true,"str_rep":"▁","split":false`, kind: "gemma", same: llama2With(t, "always", false)},
		{part: `"prepend_scheme":"always"`, kind: "gemma-words", same: llama2With(t, "always", true)},
		{part: `"prepend_scheme":"last"`, error: `prepend_scheme is "last"; known are`},
		{part: `"add_prefix_space":false,"prepend_scheme":"first"`, error: "add_prefix_space is false, but prepend_scheme is"},
		{part: `"add_prefix_space":false`, error: "part Strip drops a space at the start, but none is put there"},
		{part: `"twice":1`, error: "unknown field"},
	} {
		fields["pre_tokenizer"] = json.RawMessage(`{"type":"Metaspace","replacement":"▁",` + c.part + `}`)
		tok, err := FromJSON(bytes.NewReader(must(json.Marshal(fields))))
		if c.error != "" {
			require.ErrorContains(t, err, c.error, c.part)
			continue
		}
		require.NoError(t, err, c.part)
		require.Equal(t, c.kind, tok.Kind())
		require.Equal(t, c.same.Fingerprint(), tok.Fingerprint(), c.part)
	}
	fields["pre_tokenizer"] = json.RawMessage(`{"type":"Metaspace","replacement":"_"}`)
	_, err := FromJSON(bytes.NewReader(must(json.Marshal(fields))))
	require.ErrorContains(t, err, `replacement is "_"`)
}
