package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a tokenizer.json to be made worse, one replacement at a time.
const small = `{"version":"1.0","truncation":null,"padding":null,
"added_tokens":[{"id":5,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
"normalizer":null,
"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
"post_processor":null,
"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"","end_of_word_suffix":"",
"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
"vocab":{"a":0,"b":1,"Ġ":2,"ab":3,"Ġab":4},"merges":["a b","Ġ ab"]}}`

func TestFromJSONSmall(t *testing.T) {
	want := []int32{3, 4, 2, 5, 0}
	pairs := strings.Replace(small, `["a b","Ġ ab"]`, `[["a","b"],["Ġ","ab"]]`, 1)
	untyped := strings.Replace(small, `"type":"BPE",`, "", 1)
	for _, file := range []string{small, pairs, untyped} {
		tok, err := FromJSON(strings.NewReader(file))
		require.NoError(t, err)
		require.Equal(t, 6, tok.VocabSize())
		require.Equal(t, "gpt2", tok.Kind())
		ids, err := tok.Encode("ab ab <s>a", EncodeOptions{Special: true})
		require.NoError(t, err)
		require.Equal(t, want, ids)
		_, ok := tok.BOS()
		require.False(t, ok)
	}
}

func TestFromJSONRefuses(t *testing.T) {
	cases := []struct{ name, old, new, message string }{
		{"not JSON", small, `{"version"`, "unexpected EOF"},
		{"more data", `["a b","Ġ ab"]}}`, `["a b","Ġ ab"]}} {}`, "more data"},
		{"version", `"1.0"`, `"2.0"`, `version "2.0"`},
		{"unknown field", `"padding":null`, `"padding":null,"stemmer":1`, `unknown field "stemmer"`},
		{"unknown model field", `"fuse_unk"`, `"fuse_all":1,"fuse_unk"`, `unknown field "fuse_all"`},
		{"normalizer", `"normalizer":null`, `"normalizer":{"type":"NFKC"}`, `normalizer is set ({"type":"NFKC"})`},
		{"model type", `"BPE"`, `"Unigram"`, `type "Unigram"`},
		{"dropout", `"dropout":null`, `"dropout":0.1`, "dropout is 0.1"},
		{"prefix", `"continuing_subword_prefix":""`, `"continuing_subword_prefix":"##"`, `continuing_subword_prefix is "##"`},
		{"suffix", `"end_of_word_suffix":""`, `"end_of_word_suffix":"</w>"`, `end_of_word_suffix is "</w>"`},
		{"byte fallback", `"byte_fallback":false`, `"byte_fallback":true`, "byte_fallback"},
		{"unknown token", `"unk_token":null`, `"unk_token":"?"`, `unk_token "?" is not in model.vocab`},
		{"pre-tokenizer missing", `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},`, ``, "pre_tokenizer: missing"},
		{"pre-tokenizer type", `"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"type":"Whitespace"`, `type "Whitespace"`},
		{"prefix space", `"add_prefix_space":false`, `"add_prefix_space":true`, "add_prefix_space is true"},
		{"no regex", `"use_regex":true},
"post`, `"use_regex":false},
"post`, "[ByteLevel without regex] is not supported"},
		{"ByteLevel field", `"pre_tokenizer":{`, `"pre_tokenizer":{"speed":1,`, `unknown field "speed"`},
		{"digits", `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`,
			`"pre_tokenizer":{"type":"Digits","individual_digits":false}`, "individual_digits is false"},
		{"split pattern", `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`,
			`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated","invert":false}`, `\\w+`},
		{"sequence field", `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`,
			`"pre_tokenizer":{"type":"Sequence","order":1,"pretokenizers":[]}`, `unknown field "order"`},
		{"empty sequence", `"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`,
			`"pre_tokenizer":{"type":"Sequence","pretokenizers":[]}`, "[] is not supported"},
		{"decoder", `"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"WordPiece"`, `decoder: type "WordPiece"`},
		{"post-processor", `"post_processor":null`, `"post_processor":{"type":"BertProcessing"}`, `post_processor: type "BertProcessing"`},
		{"template ids", `"post_processor":null`, `"post_processor":` + template("9"), `special token "<s>" has ids [9]`},
		{"two ids in a template", `"post_processor":null`, `"post_processor":` + template("5,5"), "has ids [5 5]"},
		{"same id", `"b":1`, `"b":0`, `"a" and "b" have the same id 0`},
		{"hole", `"Ġab":4`, `"Ġab":6`, `token "Ġab" has id 6, but there are 6 tokens`},
		{"id beyond range", `"b":1`, `"b":2147483647`, `token "b" has id 2147483647`},
		{"id beyond int32", `"b":1`, `"b":4294967296`, "cannot unmarshal"},
		{"negative id", `"b":1`, `"b":-1`, `token "b" has id -1`},
		{"empty token", `"b":1`, `"":1`, "the token with id 1 is empty"},
		{"empty vocabulary", `{"a":0,"b":1,"Ġ":2,"ab":3,"Ġab":4}`, `{}`, `added_tokens: token "<s>" has id 5`},
		{"added token with the id of another", `"id":5`, `"id":3`, `have the same id 3`},
		{"added token with two ids", `"content":"<s>"`, `"content":"ab"`, `"ab" has id 5, but 3 in model.vocab`},
		{"added token stripped", `"lstrip":false`, `"lstrip":true`, `"<s>" has single_word, lstrip or rstrip true`},
		{"added token twice", `"normalized":false,"special":true}`, `"normalized":false,"special":true},{"id":5,"content":"<s>"}`, "listed twice"},
		{"merge of a missing token", `"a b"`, `"a z"`, `merge 0 ("a" + "z"): token "z" is not in the vocabulary`},
		{"merge into a missing token", `"a b"`, `"b a"`, `token "ba" is not in the vocabulary`},
		{"merge twice", `"a b"`, `"a b","a b"`, "repeats merge 0"},
		{"merge of three", `"a b"`, `"a b c"`, `["a" "b" "c"], not two tokens`},
		{"merge of one", `"a b"`, `"ab"`, `["ab"], not two tokens`},
		{"merges of a wrong type", `["a b","Ġ ab"]`, `{"a":"b"}`, "neither a list"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, small, c.old)
			_, err := FromJSON(strings.NewReader(strings.Replace(small, c.old, c.new, 1)))
			require.ErrorContains(t, err, c.message)
			require.ErrorContains(t, err, "tokenizer.json")
		})
	}
}

func template(ids string) string {
	return fmt.Sprintf(`{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
		"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[%s],"tokens":["<s>"]}}}`, ids)
}

// A special token that the model can make from plain text would break the
// promise that text never becomes a special id.
func TestFromJSONRefusesReachableSpecial(t *testing.T) {
	file := strings.Replace(small, `{"id":5,"content":"<s>"`, `{"id":3,"content":"ab"`, 1)
	_, err := FromJSON(strings.NewReader(file))
	require.ErrorContains(t, err, `merge 0 ("a" + "b") makes "ab", which is a special`)
}

// The template tells which token is BOS, and is not applied.
func TestTemplateIsReadNotApplied(t *testing.T) {
	bos, ok := llama3().BOS()
	require.True(t, ok)
	require.Equal(t, "<|begin_of_text|>", llama3().Token(bos))
	_, ok = llama3().EOS()
	require.False(t, ok)
	ids, err := llama3().Encode("x", EncodeOptions{})
	require.NoError(t, err)
	require.Len(t, ids, 1)

	tail := strings.Replace(small, `"post_processor":null`, `"post_processor":{"type":"TemplateProcessing",
		"single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":0}}],"pair":[],
		"special_tokens":{"<s>":{"id":"<s>","ids":[5],"tokens":["<s>"]}}}`, 1)
	tok, err := FromJSON(strings.NewReader(tail))
	require.NoError(t, err)
	_, ok = tok.BOS()
	require.False(t, ok)
	eos, ok := tok.EOS()
	require.True(t, ok)
	require.Equal(t, int32(5), eos)
}

// The same model from GGUF metadata and from a tokenizer.json is the same tokenizer.
func TestJSONAndGGUFAgree(t *testing.T) {
	g := smolLM2Vocab()
	vocab := make(map[string]int32)
	var special []map[string]any
	for i, tok := range g.Tokens {
		vocab[tok] = int32(i)
		if g.Types[i] == ggufControl {
			special = append(special, map[string]any{"id": i, "content": tok, "special": true})
		}
	}
	file, err := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": special,
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Digits", "individual_digits": true},
			map[string]any{"type": "ByteLevel", "add_prefix_space": false}}},
		"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": g.Merges},
	})
	require.NoError(t, err)
	tok, err := FromJSON(bytes.NewReader(file))
	require.NoError(t, err)
	require.Equal(t, smolLM2().Fingerprint(), tok.Fingerprint())
	require.NotEqual(t, gpt2().Fingerprint(), tok.Fingerprint())
	require.Len(t, tok.Fingerprint(), 64)
}

func TestWithConfig(t *testing.T) {
	for _, file := range []string{
		`{"bos_token":"<|endoftext|>","eos_token":null,"model_max_length":1024}`,
		`{"bos_token":{"__type":"AddedToken","content":"<|endoftext|>","lstrip":false}}`,
	} {
		tok, err := gpt2().WithConfig(strings.NewReader(file))
		require.NoError(t, err)
		bos, ok := tok.BOS()
		require.True(t, ok)
		require.Equal(t, "<|endoftext|>", tok.Token(bos))
		_, ok = tok.EOS()
		require.False(t, ok)
		_, ok = gpt2().BOS()
		require.False(t, ok, "the tokenizer it came from is changed")
	}
	for file, message := range map[string]string{
		`{"bos_token":"<s>"}`: `BOS token "<s>" is not in the vocabulary of 4000 tokens`,
		`{"eos_token":7}`:     "neither a token nor an object",
		`[`:                   "unexpected EOF",
	} {
		_, err := gpt2().WithConfig(strings.NewReader(file))
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "tokenizer_config.json")
	}
}

// What the files ask for in front, and what they pad with, is told, never done.
func TestWhatFilesAskFor(t *testing.T) {
	require.False(t, gpt2().AddsBOS())
	_, ok := gpt2().Pad()
	require.False(t, ok)
	for file, want := range map[string]struct {
		adds bool
		pad  string
	}{
		`{"bos_token":"<|endoftext|>"}`: {false, ""},
		`{"bos_token":"<|endoftext|>","add_bos_token":true,"pad_token":{"content":"!"}}`:          {true, "!"},
		`{"bos_token":"<|endoftext|>","add_bos_token":false,"pad_token":null}`:                    {false, ""},
		`{"bos_token":"<|endoftext|>","add_bos_token":null,"pad_token":"[PAD]"}`:                  {false, ""},
		`{"bos_token":null,"add_bos_token":true,"pad_token":"<|endoftext|>"}`:                     {false, "<|endoftext|>"},
		`{"bos_token":"<|endoftext|>","pad_token":"<|endoftext|>","add_bos_token":true,"more":1}`: {true, "<|endoftext|>"},
	} {
		tok, err := gpt2().WithConfig(strings.NewReader(file))
		require.NoError(t, err)
		require.Equal(t, want.adds, tok.AddsBOS(), file)
		pad, ok := tok.Pad()
		require.Equal(t, want.pad != "", ok, file)
		if ok {
			require.Equal(t, want.pad, tok.Token(pad), file)
		}
		other, err := tok.WithBOSEOS("!", "")
		require.NoError(t, err)
		require.False(t, other.AddsBOS(), "the files ask for their own ⟨bos⟩")
	}
	require.True(t, llama3().AddsBOS(), "its template has <|begin_of_text|>")

	three := int32(3)
	g := GGUFVocab{Model: "gpt2", Pre: "llama-bpe", Tokens: []string{"a", "b", "<s>", "<pad>"},
		Types: []int32{ggufNormal, ggufNormal, ggufControl, ggufControl}, Merges: []string{}, AddBOS: true, Pad: &three}
	tok, err := FromGGUF(g)
	require.NoError(t, err)
	require.False(t, tok.AddsBOS(), "no ⟨bos⟩ is named")
	pad, ok := tok.Pad()
	require.True(t, ok)
	require.Equal(t, three, pad)
	g.BOS = new(int32(2))
	tok, err = FromGGUF(g)
	require.NoError(t, err)
	require.True(t, tok.AddsBOS())
}

// Whatever a file holds, FromJSON returns a tokenizer that works or an error.
func FuzzFromJSON(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `"post_processor":null`, `"post_processor":`+template("5"), 1)))
	f.Add([]byte(strings.Replace(small, `"b":1`, `"b":2147483647`, 1)))
	f.Add([]byte(`{"version":"1.0","pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Sequence"}]}}`))
	f.Add([]byte(`null`))
	f.Add([]byte(smallGemma))
	f.Add([]byte(strings.Replace(small, `"normalizer":null`, `"normalizer":{"type":"NFC"}`, 1)))
	for _, scheme := range []string{"always", "first", "never"} {
		metaspace := strings.Replace(smallGemma, `"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"}`, `"normalizer":null`, 1)
		split := `{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}`
		f.Add([]byte(strings.Replace(metaspace, split, `{"type":"Metaspace","replacement":"▁","prepend_scheme":"`+scheme+`"}`, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := FromJSON(bytes.NewReader(data))
		if err != nil {
			return
		}
		text := "ab a<s>'s 12\n\xff"
		ids, err := tok.Encode(text, EncodeOptions{Special: true, AllowMissing: true})
		require.NoError(t, err)
		_, err = tok.Decode(ids)
		require.NoError(t, err)
		for id := range int32(tok.VocabSize()) {
			require.NotEmpty(t, tok.Token(id))
			require.NotEmpty(t, tok.Display(id))
		}
	})
}

// A file without an end is not read into memory for ever.
func TestFromJSONBoundsItsInput(t *testing.T) {
	_, err := fromJSON(endless{}, 1000)
	require.EqualError(t, err, "larger than 1000 bytes")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// What a batch was once filled up or cut to is no part of a tokenizer: said, not done.
func TestFromJSONWarns(t *testing.T) {
	plain, err := FromJSON(strings.NewReader(small))
	require.NoError(t, err)
	require.Empty(t, plain.Warnings())
	saved := strings.Replace(small, `"truncation":null,"padding":null`, `"truncation":{"max_length":2},"padding":{"pad_id":0}`, 1)
	tok, err := FromJSON(strings.NewReader(saved))
	require.NoError(t, err)
	require.Len(t, tok.Warnings(), 2)
	require.Contains(t, tok.Warnings()[0], `truncation saved ({"max_length":2}), which would cut texts short: it is not done`)
	require.Contains(t, tok.Warnings()[1], "padding saved")
	ids, err := tok.Encode("abababab", EncodeOptions{})
	require.NoError(t, err)
	require.Len(t, ids, 4)
	require.Equal(t, plain.Fingerprint(), tok.Fingerprint())
}
