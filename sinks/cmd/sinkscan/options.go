package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
)

// options are the command line.
type options struct {
	model       string
	text, ids   string // files; "-" is standard input
	prompt      string
	bos         tokenizer.BOSPolicy
	bosToken    string
	eps         []float64
	t           int
	special     bool
	json        bool
	perDocument bool
	tokenize    bool
	trace       string
	page        page
	load        pretrained.Options
}

// parse reads the command line; its errors are the user's.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	fs := cli.Flags("sinkscan")
	fs.StringVar(&o.model, "model", "smollm2", "smollm2, gemma3, a GGUF `file`, a folder with config.json and safetensors, or a hub name:\nowner/model, perhaps with a /folder or /file.gguf and a @revision")
	fs.StringVar(&o.text, "text", "", "text `file` to read, all of it, in windows of -T tokens; - for standard input.\n"+
		"A byte-order mark is dropped; a newline at the end stays and is a token, which a -prompt has not")
	fs.StringVar(&o.prompt, "prompt", "", "the `text` itself, its first -T tokens")
	fs.StringVar(&o.ids, "ids", "", "JSON `file` with a list of token-id lists, one a document, fed as they are but for -bos and -T; - for standard input")
	bos := fs.String("bos", "keep", "⟨bos⟩ `policy`: keep (as the text has it), none (remove a leading one), add (exactly one in front)")
	fs.StringVar(&o.bosToken, "bos-token", "", "`token` that is ⟨bos⟩, such as <|endoftext|>; default: the tokenizer's")
	eps := fs.String("eps", "0.3,0.8", "thresholds ε of the sink rate, comma-separated")
	fs.IntVar(&o.t, "T", 64, "windows of `n` tokens, or the first n of a prompt or document, ⟨bos⟩ included; 0 for all. With -ids the default is 0")
	fs.BoolVar(&o.special, "special", false, "read special tokens written in the text as special; else they are text")
	fs.BoolVar(&o.json, "json", false, "print JSON")
	fs.BoolVar(&o.perDocument, "per-document", false, "with -ids: one JSON object a document, one a line, instead of means")
	fs.BoolVar(&o.tokenize, "tokenize", false, "stop after ids and tokens")
	fs.StringVar(&o.trace, "trace", "", "also save the trace of a single document to this safetensors `file`")
	o.page.flags(fs)
	fs.StringVar(&o.load.Weights, "weights", "", "`type` weights are kept in: float32 or bfloat16; default: as in the file")
	fs.StringVar(&o.load.Pre, "pre", "", "how text is cut into words, a `name` such as gpt-2, for a GGUF file that does not say")
	fs.StringVar(&o.load.Compute, "compute", "", "`type` of matrix products: float32 (default) or bfloat16")
	err := cli.Parse(fs, args, stderr, "measures the attention sink of a Llama or Gemma model on text",
		"-model MODEL (-text FILE | -prompt TEXT | -ids FILE.json) [options]")
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })

	sources := 0
	for _, name := range []string{"text", "prompt", "ids"} {
		if set[name] {
			sources++
		}
	}
	if sources != 1 {
		return nil, errors.New("give exactly one of -text, -prompt and -ids")
	}
	for _, f := range []struct{ name, value string }{
		{"model", o.model}, {"text", o.text}, {"ids", o.ids}, {"bos-token", o.bosToken}, {"trace", o.trace},
	} {
		if f.value == "" && set[f.name] {
			return nil, fmt.Errorf("-%s is empty: give it a value or leave it out", f.name)
		}
	}
	if o.t < 0 {
		return nil, fmt.Errorf("-T %d: must be 0 (all) or more", o.t)
	}
	if set["ids"] && !set["T"] {
		o.t = 0
	}
	if o.perDocument && !set["ids"] {
		return nil, errors.New("-per-document needs -ids: a text is one document")
	}
	if o.special && set["ids"] {
		return nil, errors.New("-special is about text; -ids are fed as they are")
	}
	if set["trace"] && o.perDocument {
		return nil, errors.New("-trace saves a single document: leave out -per-document")
	}
	if set["trace"] && o.tokenize {
		return nil, errors.New("-trace needs a forward pass: leave out -tokenize")
	}
	if err := o.page.validate(o, set); err != nil {
		return nil, err
	}
	if o.bos, err = tokenizer.ParseBOSPolicy(*bos); err != nil {
		return nil, fmt.Errorf("-bos: %w", err)
	}
	if err := o.load.Validate(); err != nil {
		return nil, fmt.Errorf("-%w", err) // it begins with the flag's name
	}
	if o.eps, err = parseEps(*eps); err != nil {
		return nil, err
	}
	return o, nil
}

// parseEps reads thresholds in [0, 1).
func parseEps(list string) ([]float64, error) {
	var eps []float64
	seen := map[float64]bool{}
	for _, field := range strings.Split(list, ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil || !(x >= 0 && x < 1) {
			return nil, fmt.Errorf("-eps: %q is not a threshold: give numbers in [0, 1), such as 0.3,0.8", field)
		}
		if !seen[x] {
			seen[x] = true
			eps = append(eps, x)
		}
	}
	return eps, nil
}
