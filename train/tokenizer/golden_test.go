package tokenizer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// goldenEnv names a directory to take in place of testdata: a copy of it with
// golden files of more strings or with other vocabularies.
const goldenEnv = "FIRSTTOKEN_TOKENIZER_TESTDATA"

// The tokenizers of testdata, read once.
var (
	smolLM2Vocab = sync.OnceValue(readSmolLM2)
	smolLM2      = sync.OnceValue(func() *Tokenizer { return must(FromGGUF(smolLM2Vocab())) })
	gpt2         = sync.OnceValue(func() *Tokenizer { return must(FromJSON(openGzip("gpt2.json.gz"))) })
	llama3       = sync.OnceValue(func() *Tokenizer { return must(FromJSON(openGzip("llama3.json.gz"))) })
	added        = sync.OnceValue(func() *Tokenizer { return must(FromJSON(openGzip("added.json.gz"))) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func openGzip(name string) io.Reader {
	dir := "testdata"
	if d := os.Getenv(goldenEnv); d != "" {
		dir = d
	}
	data := must(os.ReadFile(filepath.Join(dir, name)))
	return must(gzip.NewReader(bytes.NewReader(data)))
}

// readSmolLM2 expands testdata/smollm2.json.gz to what the GGUF file holds.
func readSmolLM2() GGUFVocab {
	var v struct{ Special, Bytes, Merges []string }
	if err := json.NewDecoder(openGzip("smollm2.json.gz")).Decode(&v); err != nil {
		panic(err)
	}
	bos, eos := int32(1), int32(2)
	g := GGUFVocab{Model: "gpt2", Pre: "smollm", Merges: v.Merges, BOS: &bos, EOS: &eos}
	g.Tokens = append(append(g.Tokens, v.Special...), v.Bytes...)
	for _, m := range v.Merges {
		g.Tokens = append(g.Tokens, strings.Replace(m, " ", "", 1))
	}
	g.Types = make([]int32, len(g.Tokens))
	for i := range g.Types {
		g.Types[i] = ggufNormal
		if i < len(v.Special) {
			g.Types[i] = ggufControl
		}
	}
	return g
}

// goldenIDs is what Python's tokenizers makes of one string.
type goldenIDs struct {
	IDs  []int32
	Text []int32 // special tokens read as text; nil if equal to IDs
	Pre  []int   // byte lengths of the pre-tokens
}

type goldenLine struct {
	T                                        string
	SmolLM2, GPT2, Llama3, Added, Unk, Fused *goldenIDs
}

func readGolden[L any](t *testing.T, name string) []L {
	var lines []L
	scan := bufio.NewScanner(openGzip(name))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var l L
		require.NoError(t, json.Unmarshal(scan.Bytes(), &l))
		lines = append(lines, l)
	}
	require.NoError(t, scan.Err())
	return lines
}

// checkGolden compares one string with Python's answer.
func checkGolden(t *testing.T, tok *Tokenizer, text string, want *goldenIDs) {
	t.Helper()
	var pre []int
	for word := range tok.pre.split(text) {
		pre = append(pre, len(word))
	}
	require.Equalf(t, len(want.Pre), len(pre), "pre-tokens of %q: %v, want %v", text, pre, want.Pre)
	for i := range pre {
		require.Equalf(t, want.Pre[i], pre[i], "pre-tokens of %q: %v, want %v", text, pre, want.Pre)
	}
	plain := want.Text
	if plain == nil {
		plain = want.IDs
	}
	for _, c := range []struct {
		special bool
		want    []int32
	}{{true, want.IDs}, {false, plain}} {
		ids, err := tok.Encode(text, EncodeOptions{Special: c.special, AllowMissing: true})
		require.NoError(t, err)
		require.Truef(t, equalIDs(ids, c.want), "%q, special %t:\n got %v\nwant %v", text, c.special, ids, c.want)
		if strict, err := tok.Encode(text, EncodeOptions{Special: c.special}); err == nil {
			require.Truef(t, equalIDs(strict, ids), "%q: AllowMissing changes ids without a missing byte", text)
			back, err := tok.Decode(ids)
			require.NoError(t, err)
			require.Equal(t, text, string(back))
		}
	}
}

func equalIDs(a, b []int32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestGoldenPython(t *testing.T) {
	lines := readGolden[goldenLine](t, "golden.jsonl.gz")
	require.GreaterOrEqual(t, len(lines), 10_000)
	for _, l := range lines {
		checkGolden(t, smolLM2(), l.T, l.SmolLM2)
		checkGolden(t, gpt2(), l.T, l.GPT2)
		checkGolden(t, llama3(), l.T, l.Llama3)
	}
	t.Logf("%d strings", len(lines))
}

// The added tokens of this file overlap, are special or not, and are looked for
// in two passes.
func TestGoldenAddedTokens(t *testing.T) {
	lines := readGolden[goldenLine](t, "added.jsonl.gz")
	require.GreaterOrEqual(t, len(lines), 1000)
	for _, l := range lines {
		checkGolden(t, added(), l.T, l.Added)
	}
}

// Bytes without a token become the unknown token, each or a run of them.
func TestGoldenUnknownToken(t *testing.T) {
	file := string(must(io.ReadAll(openGzip("unk.json.gz"))))
	unk, err := FromJSON(strings.NewReader(file))
	require.NoError(t, err)
	fused, err := FromJSON(strings.NewReader(strings.Replace(file, `"fuse_unk":false`, `"fuse_unk":true`, 1)))
	require.NoError(t, err)
	require.NotEqual(t, unk.Fingerprint(), fused.Fingerprint())
	for _, l := range readGolden[goldenLine](t, "added.jsonl.gz") {
		checkGolden(t, unk, l.T, l.Unk)
		checkGolden(t, fused, l.T, l.Fused)
	}
}

// Ids computed with the original file by another implementation.
func TestSmolLM2Reference(t *testing.T) {
	cases := []struct {
		text string
		ids  []int32
	}{
		{"", nil},
		{"The capital of France is", []int32{504, 3575, 282, 4649, 314}},
		{"  two  spaces ", []int32{216, 827, 216, 5600, 216}},
		{"tab\tand\nnewline\n\n\nthree", []int32{15999, 197, 397, 198, 28160, 1116, 198, 16347}},
		{"In 1969, 2 men walked on the Moon: it's  odd\n\n\tthat  they'll say 3.14159 — naïve café, 日本語!",
			[]int32{788, 216, 33, 41, 38, 41, 28, 216, 34, 1800, 13197, 335, 260, 8872, 42, 357, 506, 216, 12365, 1116,
				197, 5907, 216, 502, 3060, 1643, 216, 35, 30, 33, 36, 33, 37, 41, 1841, 15486, 46494, 37366, 28, 17097,
				241, 115, 40993, 179, 120, 248, 17}},
		{"I'm you're we've he'll she'd it's DON'T",
			[]int32{57, 5248, 346, 2316, 392, 3543, 384, 3060, 1041, 6737, 357, 506, 422, 2154, 23, 68}},
		{"<|im_start|>user\nWhat is gravity?<|im_end|>\n<|im_start|>assistant\n",
			[]int32{1, 4093, 198, 1780, 314, 9354, 47, 2, 198, 1, 520, 9531, 198}},
		{"<|endoftext|>Once upon a time", []int32{0, 6403, 1980, 253, 655}},
	}
	for _, c := range cases {
		ids, err := smolLM2().Encode(c.text, EncodeOptions{Special: true})
		require.NoError(t, err)
		require.Equal(t, c.ids, ids, c.text)
	}
}
