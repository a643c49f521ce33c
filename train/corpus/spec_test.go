package corpus_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/train/corpus"
)

func TestSpecDefaultsAreValid(t *testing.T) {
	for _, kind := range []corpus.Kind{"godoc", "gosource", "speeches", "files", "jsonl", "hub", "backcopy", "trigger-mean"} {
		s := corpus.DefaultSpec(kind)
		if kind == corpus.KindHub { // the one default that cannot be valid: it needs a name
			require.ErrorContains(t, s.Validate(), "HubConfig.Dataset")
			s.Hub.Dataset = "roneneldan/TinyStories"
		}
		require.NoError(t, s.Validate(), kind)
		data, err := json.Marshal(s)
		require.NoError(t, err)
		back, err := corpus.ParseSpec(strings.NewReader(string(data)))
		require.NoError(t, err)
		require.Equal(t, s, back, kind)
	}
}

func TestParseSpecFillsInDefaults(t *testing.T) {
	got, err := corpus.ParseSpec(strings.NewReader(
		`{"kind": "godoc", "godoc": {"unit": "block"}, "held_out": 0.1, "tokenizer": {"kind": "bpe", "bpe": {"vocab": 2048}}}`))
	require.NoError(t, err)
	want := corpus.DefaultSpec(corpus.KindGoDoc)
	want.GoDoc.Unit = corpus.UnitBlock
	want.HeldOut = 0.1
	want.Tokenizer = corpus.DefaultTokenizerSpec(corpus.TokenizerBPE)
	want.Tokenizer.BPE.V = 2048
	require.Equal(t, want, got)
	require.True(t, got.GoDoc.Commands && got.GoDoc.MinRunes == 200, "defaults of the kind stay")
}

func TestParseSpecRefuses(t *testing.T) {
	for _, c := range []struct{ json, says string }{
		{``, "EOF"},
		{`[]`, "cannot unmarshal"},
		{`{}`, `Spec.Kind is "": use one of ["backcopy" "files" "godoc"`},
		{`{"kind": "web"}`, `Spec.Kind is "web"`},
		{`{"kind": "godoc"} {}`, "more behind the closing brace"},
		{`{"kind": "godoc", "heldout": 0.1}`, `unknown field "heldout"`},
		{`{"kind": "godoc", "godoc": {"units": "block"}}`, `unknown field "units"`},
		{`{"kind": "godoc", "tokenizer": {"kind": "bytes", "vocab": 3}}`, `unknown field "vocab"`},
		{`{"kind": "godoc", "godoc": {"unit": "word"}}`, `GoDocConfig.Unit is "word"`},
		{`{"kind": "godoc", "godoc": null}`, "has no options"},
		{`{"kind": "godoc", "files": {"paths": ["x"]}}`, `options of kind "files", but its kind is "godoc"`},
		{`{"kind": "godoc", "backcopy": {"tokens": 9}}`, `options of kind "backcopy"`},
		{`{"kind": "godoc", "min_runes": -1}`, "MinRunes is -1"},
		{`{"kind": "godoc", "min_runes": 9, "max_runes": 8}`, "MaxRunes is 8, below MinRunes = 9"},
		{`{"kind": "godoc", "sample": -2}`, "Sample is -2"},
		{`{"kind": "godoc", "held_out": 0}`, "HeldOut is 0"},
		{`{"kind": "godoc", "held_out": 1}`, "HeldOut is 1"},
		{`{"kind": "godoc", "tokenizer": {"kind": "words"}}`, `TokenizerSpec.Kind is "words"`},
		{`{"kind": "godoc", "tokenizer": {"kind": "bytes", "pretrained": "x"}}`, `TokenizerSpec.Pretrained is "x", but kind is "bytes"`},
		{`{"kind": "godoc", "tokenizer": {"kind": "pretrained"}}`, `TokenizerSpec.Pretrained is ""`},
		{`{"kind": "godoc", "tokenizer": {"kind": "bytes", "bpe": {"vocab": 300}}}`, "TokenizerSpec.BPE goes with kind"},
		{`{"kind": "godoc", "tokenizer": {"kind": "bpe", "bpe": {"vocab": 3}}}`, "BPEConfig.V is 3"},
		{`{"kind": "godoc", "tokenizer": {"kind": "bpe", "bpe": {"max_bytes": 0}}}`, "MaxBytes is 0"},
		{`{"kind": "hub", "hub": {"dataset": "TinyStories"}}`, `HubConfig.Dataset is "TinyStories": give owner/name`},
		{`{"kind": "hub", "hub": {"dataset": "a/b", "split": "../x"}}`, `Split is "../x"`},
		{`{"kind": "hub", "hub": {"dataset": "a/b", "column": ""}}`, "HubConfig.Column is empty"},
		{`{"kind": "hub", "hub": {"dataset": "a/b", "rows": -1}}`, "HubConfig.Rows is -1"},
		{`{"kind": "speeches", "speeches": {"from": 1990, "to": 1980}}`, "from 1990 to 1980: give years in order"},
		{`{"kind": "speeches", "speeches": {"year": 1990}}`, `unknown field "year"`},
		{`{"kind": "backcopy", "backcopy": {"triggers": 64}}`, "Triggers is 64"},
		{`{"kind": "backcopy", "held_out": 0.1}`, "has fields for documents"},
		{`{"kind": "trigger-mean", "tokenizer": {"kind": "bytes"}}`, "has fields for documents"},
	} {
		_, err := corpus.ParseSpec(strings.NewReader(c.json))
		require.ErrorContains(t, err, c.says, c.json)
	}
}

// FuzzParseSpec: what is accepted is valid, and says the same when written and read again.
func FuzzParseSpec(f *testing.F) {
	for _, seed := range []string{
		`{"kind": "godoc", "godoc": {"unit": "block"}, "held_out": 0.1, "tokenizer": {"kind": "bpe", "bpe": {"vocab": 2048}}}`,
		`{"kind": "files", "files": {"paths": ["a", "b/*.txt"], "cut": "separator", "separator": "\n"}, "dedup": true, "sample": 3}`,
		`{"kind": "hub", "hub": {"dataset": "a/b"}, "tokenizer": {"kind": "pretrained", "pretrained": "x.gguf"}}`,
		`{"kind": "backcopy", "backcopy": {"peak": 0.5}}`,
		`{"kind": "trigger-mean"}`, `{"kind": 3}`, `{"kind": "jsonl", "jsonl": {"max_line_bytes": 1e9}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := corpus.ParseSpec(strings.NewReader(text))
		if err != nil {
			return
		}
		require.NoError(t, s.Validate())
		data, err := json.Marshal(s)
		require.NoError(t, err)
		back, err := corpus.ParseSpec(strings.NewReader(string(data)))
		require.NoError(t, err)
		again, err := json.Marshal(back)
		require.NoError(t, err)
		require.Equal(t, string(data), string(again))
	})
}

func TestOpenAppliesDerivations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines.txt")
	require.NoError(t, os.WriteFile(path, []byte("a\nbb\nBB!\nccc\ndddd\neeeee\n"), 0o644))
	s := corpus.DefaultSpec(corpus.KindFiles)
	s.Files.Paths, s.Files.Cut = []string{path}, corpus.CutLines
	texts := func() (out []string) {
		src, err := corpus.Open(s)
		require.NoError(t, err)
		docs, err := corpus.Collect(src)
		require.NoError(t, err)
		for _, d := range docs {
			out = append(out, d.Text)
		}
		return out
	}
	require.Equal(t, []string{"a", "bb", "BB!", "ccc", "dddd", "eeeee"}, texts())
	s.MinRunes, s.MaxRunes = 2, 4
	require.Equal(t, []string{"bb", "BB!", "ccc", "dddd"}, texts())
	s.Dedup = true
	require.Equal(t, []string{"bb", "ccc", "dddd"}, texts())
	s.Sample = 2
	require.Len(t, texts(), 2)
	s.SampleSeed = 99
	require.Subset(t, []string{"bb", "ccc", "dddd"}, texts())

	_, err := corpus.Open(corpus.DefaultSpec(corpus.KindBackcopy))
	require.ErrorContains(t, err, `kind "backcopy" is a synthetic task and has no documents`)
	_, err = corpus.Open(corpus.Spec{})
	require.ErrorContains(t, err, "Spec.Kind")
}
