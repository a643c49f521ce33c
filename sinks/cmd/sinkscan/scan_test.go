package main

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/internal/tiny"
	"firsttoken/sinks"
)

var update = flag.Bool("update", false, "write testdata/table.golden anew")

// keys of the JSON object, those of one document and of any number.
var (
	oneKeys = []string{
		"T", "bos", "even_attention", "first_token_attention", "ids", "logits_last", "loss", "model", "provenance", "residual_norms",
		"row_entropy", "sink_rate", "tokens", "top1", "value_norms", "warnings",
	}
	manyKeys = slices.Sorted(slices.Values(append([]string{"documents", "sink_rate_ci"}, oneKeys...)))
)

func keys(object map[string]any) []string {
	var names []string
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shape lists the lengths of nested lists.
func shape(v any) (dims []int) {
	for list, ok := v.([]any); ok; list, ok = list[0].([]any) {
		dims = append(dims, len(list))
	}
	return dims
}

func TestJSONOfOneDocument(t *testing.T) {
	folder := tiny.Model(t, nil)
	got := succeed(t, "", "-model", folder, "-prompt", "To be, or not", "-json", "-eps", "0.3,0.05, 0")[0]
	require.Equal(t, oneKeys, keys(got))
	require.Equal(t, folder, got["model"])
	require.Equal(t, "keep", got["bos"])
	require.Equal(t, 13.0, got["T"])
	require.Equal(t, []any{"T", "o", "Ġ", "b"}, got["tokens"].([]any)[:4], "as the vocabulary writes them")
	require.Equal(t, []any{84.0, 111.0, 32.0}, got["ids"].([]any)[:3])
	for name, want := range map[string][]int{
		"ids": {13}, "tokens": {13}, "top1": {13}, "logits_last": {257}, "first_token_attention": {2, 4},
		"value_norms": {2, 2, 13}, "residual_norms": {3, 13}, "row_entropy": {2, 4},
	} {
		require.Equal(t, want, shape(got[name]), name)
	}
	require.Greater(t, got["loss"], 0.0)
	rates := got["sink_rate"].(map[string]any)
	require.Equal(t, []string{"0", "0.05", "0.3"}, keys(rates))
	require.Equal(t, 1.0, rates["0"], "softmax gives every key something")
	require.Equal(t, rateOf(got, 0.3), rates["0.3"])
	require.Contains(t, got["warnings"], "no ⟨bos⟩ in the input")
	require.Contains(t, got["warnings"], "T below 64: row 1 alone gives token 1 a score of 1/T")

	provenance := got["provenance"].(map[string]any)
	for name, want := range map[string]string{
		"T": "first 64", "bos policy": "keep", "compute": "float32", "weight type": "Float32", "format": "safetensors", "model": folder,
	} {
		require.Equal(t, want, provenance[name], name)
	}
	require.Contains(t, provenance["weights"], "model.safetensors sha256:")
	require.Contains(t, provenance["go"], "go1.")
	require.NotEmpty(t, provenance["gomlx"])
	require.NotEmpty(t, provenance["backend"])
}

// rateOf is the sink rate by its definition, from the scores that are printed.
func rateOf(object map[string]any, eps float64) float64 {
	above, all := 0, 0
	for _, layer := range object["first_token_attention"].([]any) {
		for _, score := range layer.([]any) {
			if score.(float64) > eps {
				above++
			}
			all++
		}
	}
	return float64(above) / float64(all)
}

// One token has no loss, and its attention is all on itself.
func TestJSONOfOneToken(t *testing.T) {
	got := succeed(t, "", "-model", tiny.Model(t, nil), "-prompt", "a", "-json")[0]
	require.Equal(t, oneKeys, keys(got))
	require.Nil(t, got["loss"])
	require.InDelta(t, 1, got["first_token_attention"].([]any)[0].([]any)[0], 1e-6)
}

// Each document alone, in order, and the mean of all: the same numbers.
func TestDocumentsAloneAndTogether(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: SmolLM2, twice")
	}
	model := tiny.Model(t, nil)
	docs := []string{"[72,101,108,108,111]", "[256,87,111,114,108,100,33,33,33,33]", "[1,2,3,4,5,6,7]", "[9]"}
	list := "[" + strings.Join(docs, ",") + "]"
	each := succeed(t, list, "-model", model, "-ids", "-", "-per-document", "-eps", "0.3")
	require.Len(t, each, len(docs))
	var loss, rate []float64
	for i, got := range each {
		require.Equal(t, oneKeys, keys(got))
		if i < 2 {
			same(t, succeed(t, "["+docs[i]+"]", "-model", model, "-ids", "-", "-json", "-eps", "0.3")[0], got)
		}
		if got["loss"] != nil {
			loss = append(loss, got["loss"].(float64))
		}
		rate = append(rate, got["sink_rate"].(map[string]any)["0.3"].(float64))
	}

	all := succeed(t, "", "-model", model, "-ids", file(t, "ids.json", list), "-json", "-eps", "0.3")[0]
	require.Equal(t, manyKeys, keys(all))
	require.Equal(t, float64(len(docs)), all["documents"])
	require.Equal(t, 10.0, all["T"], "of the longest")
	require.InDelta(t, meanOf(loss), all["loss"], 1e-5, "the mean over documents that have one")
	require.InDelta(t, meanOf(rate), all["sink_rate"].(map[string]any)["0.3"], 1e-9)
	interval := all["sink_rate_ci"].(map[string]any)["0.3"].([]any)
	require.LessOrEqual(t, interval[0], interval[1])
	require.Equal(t, []int{4, 5}, shape(all["ids"]))
	require.Equal(t, "<|bos|>", all["tokens"].([]any)[1].([]any)[0])
	require.Contains(t, all["warnings"], "only some of the documents begin with ⟨bos⟩: -bos add or -bos none makes them alike")
	require.Equal(t, []int{3, 10}, shape(all["residual_norms"]))
	var last, first []float64
	for _, got := range each {
		norms := got["residual_norms"].([]any)[2].([]any)
		first = append(first, norms[0].(float64))
		if len(norms) == 10 {
			last = append(last, norms[9].(float64))
		}
	}
	means := all["residual_norms"].([]any)[2].([]any)
	require.InDelta(t, meanOf(first), means[0], 1e-4)
	require.InDelta(t, meanOf(last), means[9], 1e-4, "over the documents that are as long")
}

func meanOf(x []float64) float64 {
	var m mean
	for _, v := range x {
		m.add(v)
	}
	return m.value()
}

// same compares decoded JSON, numbers up to rounding.
func same(t *testing.T, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case float64:
		require.InDelta(t, want, got, 1e-4*max(1, math.Abs(want)))
	case []any:
		require.Len(t, got, len(want))
		for i := range want {
			same(t, want[i], got.([]any)[i])
		}
	case map[string]any:
		require.Equal(t, keys(want), keys(got.(map[string]any)))
		for name := range want {
			same(t, want[name], got.(map[string]any)[name])
		}
	default:
		require.Equal(t, want, got)
	}
}

// ⟨bos⟩ is kept, taken away, or there once: never twice.
func TestTokenize(t *testing.T) {
	model := tiny.Model(t, nil)
	written := []string{"-prompt", "<|bos|>ab", "-special"}
	ids := file(t, "ids.json", "[[256,97],[256,256,98],[99]]")
	for name, c := range map[string]struct {
		args []string
		want string // of all documents
	}{
		"text":                  {[]string{"-prompt", "<|bos|>", "-T", "3"}, "< | b"},
		"special, keep":         {written, "<|bos|> a b"},
		"special, add":          {append(written, "-bos", "add"), "<|bos|> a b"},
		"special, none":         {append(written, "-bos", "none"), "a b"},
		"add":                   {[]string{"-prompt", "ab", "-bos", "add"}, "<|bos|> a b"},
		"add counts towards T":  {[]string{"-prompt", "abcd", "-bos", "add", "-T", "3"}, "<|bos|> a b"},
		"T of all":              {[]string{"-prompt", strings.Repeat("a", 70), "-T", "0"}, strings.TrimSpace(strings.Repeat("a ", 70))},
		"T by default":          {[]string{"-prompt", strings.Repeat("a", 70)}, strings.TrimSpace(strings.Repeat("a ", 64))},
		"another ⟨bos⟩":         {[]string{"-prompt", "ab", "-bos", "add", "-bos-token", "Ġ"}, "Ġ a b"},
		"ids, keep":             {[]string{"-ids", ids}, "<|bos|> a / <|bos|> <|bos|> b / c"},
		"ids, add":              {[]string{"-ids", ids, "-bos", "add"}, "<|bos|> a / <|bos|> b / <|bos|> c"},
		"ids, none":             {[]string{"-ids", ids, "-bos", "none"}, "a / b / c"},
		"ids, cut":              {[]string{"-ids", ids, "-T", "1"}, "<|bos|> / <|bos|> / c"},
		"text from input":       {[]string{"-text", "-"}, "i n Ċ"},
		"text beyond the model": {[]string{"-prompt", strings.Repeat("a", 50), "-T", "50"}, strings.TrimSpace(strings.Repeat("a ", 50))},
	} {
		t.Run(name, func(t *testing.T) {
			got := succeed(t, "in\n", slices.Concat([]string{"-model", model, "-tokenize", "-json"}, c.args)...)[0]
			require.Equal(t, []string{"bos", "ids", "model", "tokens"}, keys(got))
			var docs []string
			tokens := got["tokens"].([]any)
			if _, several := tokens[0].([]any); !several {
				tokens = []any{tokens}
			}
			for _, doc := range tokens {
				var names []string
				for _, name := range doc.([]any) {
					names = append(names, name.(string))
				}
				docs = append(docs, strings.Join(names, " "))
			}
			require.Equal(t, c.want, strings.Join(docs, " / "))
		})
	}
}

func TestTokenizeAsLines(t *testing.T) {
	model := tiny.Model(t, nil)
	ids := file(t, "ids.json", "[[256,32],[98]]")
	status, out, errs := sinkscan("", "-model", model, "-ids", ids, "-tokenize")
	require.Zero(t, status, errs)
	require.Equal(t, "document 1\n    1     256  <|bos|>\n    2      32  ␣\ndocument 2\n    1      98  b\n", out)

	_, out, _ = sinkscan("", "-model", model, "-ids", ids, "-tokenize", "-per-document")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], `"tokens":["<|bos|>","Ġ"]`)
}

// What is fed is what -tokenize says, and the trace that is saved says the same.
func TestTraceIsSaved(t *testing.T) {
	model, path := tiny.Model(t, nil), filepath.Join(t.TempDir(), "trace.safetensors")
	got := succeed(t, "", "-model", model, "-prompt", "abcdef", "-bos", "add", "-T", "4", "-json", "-trace", path)[0]
	trace, err := sinks.Load(path)
	require.NoError(t, err)
	require.Equal(t, []int32{256, 97, 98, 99}, trace.IDs)
	require.Equal(t, []string{"<|bos|>", "a", "b", "c"}, trace.Tokens)
	require.Equal(t, "<|bos|>", trace.BOS)
	require.Equal(t, "add", trace.Provenance["bos policy"])
	require.Equal(t, "first 4", trace.Provenance["T"])
	require.NotContains(t, got["warnings"], "no ⟨bos⟩ in the input")
	_, err = trace.Massive(sinks.MassiveOptions{})
	require.NoError(t, err, "a saved trace holds every metric")
}

// A text is read to its end, in windows that begin anew, without its byte-order mark and with the
// newline at its end.
func TestTextInWindows(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	model := tiny.Model(t, nil)
	text := strings.Repeat("The state of the Union. ", 3) // 72 bytes, a token each
	marked := file(t, "marked.txt", "\uFEFF"+text+"\n")
	for name, c := range map[string]struct {
		bos     string
		windows int
		read    string
	}{
		"keep": {"keep", 4, "73 tokens, the last 9 left out, a newline at the end included"},
		"add":  {"add", 4, "73 tokens, the last 13 left out, a newline at the end included"},
	} {
		got := succeed(t, "", "-model", model, "-text", marked, "-T", "16", "-bos", c.bos, "-eps", "0.2", "-json")[0]
		require.Equal(t, manyKeys, keys(got), name)
		require.Equal(t, float64(c.windows), got["documents"])
		require.Equal(t, 16.0, got["T"])
		require.InDelta(t, 0.2113, got["even_attention"], 1e-4)
		provenance := got["provenance"].(map[string]any)
		require.Equal(t, "windows of 16", provenance["T"])
		require.Equal(t, c.read, provenance["text"])
		var read strings.Builder
		var rates []float64
		for _, window := range got["ids"].([]any) {
			ids := window.([]any)
			require.Len(t, ids, 16)
			if c.bos == "add" {
				require.Equal(t, float64(tiny.BOS), ids[0])
				ids = ids[1:]
			}
			for _, id := range ids {
				read.WriteByte(byte(id.(float64)))
			}
			list, err := json.Marshal([]any{window})
			require.NoError(t, err)
			alone := succeed(t, string(list), "-model", model, "-ids", "-", "-eps", "0.2", "-json")[0]
			rates = append(rates, alone["sink_rate"].(map[string]any)["0.2"].(float64))
		}
		require.Equal(t, text[:read.Len()], read.String())
		require.InDelta(t, meanOf(rates), got["sink_rate"].(map[string]any)["0.2"], 1e-9)
		require.Len(t, got["sink_rate_ci"], 1)
	}
	short := succeed(t, "", "-model", model, "-text", file(t, "short.txt", "ab"), "-json")[0]
	require.Equal(t, oneKeys, keys(short))
	require.Equal(t, "2 tokens", short["provenance"].(map[string]any)["text"])
	status, table, errs := sinkscan("", "-model", model, "-text", marked, "-T", "16")
	require.Zero(t, status, errs)
	require.Contains(t, table, "means over 4 windows of 16 tokens, ⟨bos⟩ policy keep\ntext of 73 tokens, the last 9 left out, a newline at the end included\n")
}

// What must be known of a number is said beside it, with the remedy.
func TestWarnings(t *testing.T) {
	if testing.Short() {
		t.Skip("not with -short: some seconds")
	}
	model := tiny.Model(t, nil)
	asking := tiny.Model(t, nil)
	tiny.WriteJSON(t, filepath.Join(asking, "tokenizer_config.json"), map[string]any{"bos_token": "<|bos|>", "add_bos_token": true, "pad_token": "!"})
	even := tiny.Model(t, func(name string, flat []float32) {
		if strings.HasSuffix(name, ".query") {
			clear(flat)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string // "": none of these
	}{
		"even attention": {[]string{"-model", even, "-prompt", "123456789", "-eps", "0.3"},
			"ε = 0.3 is not above 0.314, what even attention scores at T = 9: heads without a sink count too, so use a longer text"},
		"above it":         {[]string{"-model", even, "-prompt", "123456789", "-eps", "0.32"}, ""},
		"cut off":          {[]string{"-model", model, "-prompt", "123456789", "-T", "4"}, "1 of 1 documents are longer than the 4 tokens that are measured of each: -T 0 takes all"},
		"⟨bos⟩ asked for":  {[]string{"-model", asking, "-prompt", "ab"}, "the model's files ask for ⟨bos⟩ <|bos|> in front (add_bos_token), and the text is read without: sinkscan -bos add"},
		"⟨bos⟩ there":      {[]string{"-model", asking, "-prompt", "ab", "-bos", "add"}, ""},
		"two":              {[]string{"-model", model, "-ids", file(t, "i.json", "[[256,256,97]]")}, "⟨bos⟩ <|bos|> stands 2 times in front"},
		"two, made one":    {[]string{"-model", model, "-ids", file(t, "i.json", "[[256,256,97]]"), "-bos", "add"}, ""},
		"padding in front": {[]string{"-model", asking, "-ids", file(t, "i.json", "[[33,33,97]]")}, "token 1 is !, the padding token: cut padding off in front"},
		"left padding":     {[]string{"-model", model, "-ids", file(t, "i.json", "[[0,0,0,0,97]]")}, "the first 4 tokens are all Ā: if that is padding, cut it off"},
	} {
		got := succeed(t, "", slices.Concat(c.args, []string{"-json"})...)[0]
		var found []string
		for _, w := range got["warnings"].([]any) {
			w := w.(string)
			if w != "no ⟨bos⟩ in the input" && w != "one text: no confidence interval" && !strings.HasPrefix(w, "T below 64") && (c.want != "" || !strings.HasPrefix(w, "ε")) {
				found = append(found, w)
			}
		}
		if c.want == "" {
			require.Empty(t, found, name)
			continue
		}
		require.True(t, slices.ContainsFunc(found, func(w string) bool { return strings.HasPrefix(w, c.want) }), "%s: %q", name, found)
		if name == "even attention" {
			require.InDelta(t, 0.3143, got["even_attention"], 1e-4)
			require.Equal(t, 1.0, got["sink_rate"].(map[string]any)["0.3"], "all heads, and none has a sink")
		}
	}
}

// number matches what rounding may change in the last digit.
var number = regexp.MustCompile(`\d+\.\d+`)

// The table as people see it; numbers may differ by one in their last digit, as
// processors round differently.
func TestTable(t *testing.T) {
	model := tiny.Model(t, nil)
	status, one, errs := sinkscan("", "-model", model, "-prompt", "To be, or not to be: that is", "-bos", "add")
	require.Zero(t, status, errs)
	status, several, errs := sinkscan("[[84,111],[256,98,101,44],[10,11,12,13,14,15]]", "-model", model, "-ids", "-", "-eps", "0.4")
	require.Zero(t, status, errs)
	got := strings.ReplaceAll(one+"\n"+several, model, "MODEL")
	golden := filepath.Join("testdata", "table.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	want := string(text)
	require.Equal(t, number.ReplaceAllString(want, "0.0"), number.ReplaceAllString(got, "0.0"))
	measured := number.FindAllString(got, -1)
	for i, s := range number.FindAllString(want, -1) {
		x, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		y, err := strconv.ParseFloat(measured[i], 64)
		require.NoError(t, err)
		unit := math.Pow(10, -float64(len(s)-strings.Index(s, ".")-1))
		require.InDelta(t, x, y, 1.01*unit)
	}
}
