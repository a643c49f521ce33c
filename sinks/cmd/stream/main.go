// Command stream reads texts through a bounded cache of keys and values and says what that costs.
//
//	stream -model smollm2 -text FILE -policy keydiff -cache 256
//	stream -model smollm2 -ids FILE.json -policy streaming -mode shifted -cache 128 -block 64 -json
//	stream -model smollm2 -text FILE -policy window -cache 128 -generate 50
//
// The text is fed in blocks of -block tokens; in each layer every key/value head keeps the -cache
// entries that the policy scores highest (package sinks/eviction). -policy none keeps them all.
//
// It exits with 0 on success, 1 when something failed, 2 on wrong usage.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"firsttoken/sinks/eviction"
	"firsttoken/train/pretrained"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "stream: %v\nRun stream -help for the options.\n", err)
		return 2
	}
	if err := stream(o, stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "stream: %v\n", err)
		return 1
	}
	return 0
}

// options are the command line.
type options struct {
	model        string
	text, ids    string
	policy       eviction.Policy // nil: none
	shifted      bool
	cache, block int
	bos          bool
	json         bool
	generate     int
	load         pretrained.Options
}

// parse reads the command line; its errors are the user's.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	fs := flag.NewFlagSet("stream", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	fs.StringVar(&o.model, "model", "smollm2", "smollm2, gemma3, a GGUF `file`, a folder with config.json and safetensors, or a hub name (owner/model)")
	fs.StringVar(&o.text, "text", "", "text `file`; - for standard input")
	fs.StringVar(&o.ids, "ids", "", "JSON `file` with a list of token-id lists, one a document, or one such list; - for standard input")
	policy := fs.String("policy", "streaming", "which entries stay: none, window, streaming, streaming:S, keydiff, knorm, tova, h2o, h2o:mean, snapkv, random:SEED")
	mode := fs.String("mode", "absolute", "`positions` of keys: absolute (of the text) or shifted (of the cache)")
	fs.IntVar(&o.cache, "cache", 128, "`entries` that each key/value head keeps in each layer")
	fs.IntVar(&o.block, "block", 64, "`tokens` that are fed at once")
	fs.BoolVar(&o.bos, "bos", false, "put the model's ⟨bos⟩ in front of a -text")
	fs.BoolVar(&o.json, "json", false, "one JSON object a document, one a line")
	fs.IntVar(&o.generate, "generate", 0, "go on for `n` tokens, the most probable each time")
	fs.StringVar(&o.load.Weights, "weights", "", "`type` weights are kept in: float32 or bfloat16; default: as in the file")
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, "stream reads texts through a bounded cache of keys and values.\n\n"+
			"usage: stream -model MODEL (-text FILE | -ids FILE.json) -policy POLICY -cache N [options]\n\n")
		fs.SetOutput(stderr)
		fs.PrintDefaults()
	}
	switch {
	case err != nil:
		return nil, err
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: options begin with a dash, and values follow them", fs.Arg(0))
	case (o.text == "") == (o.ids == ""):
		return nil, errors.New("give exactly one of -text and -ids")
	case *mode != "absolute" && *mode != "shifted":
		return nil, fmt.Errorf("-mode %s: use absolute or shifted", *mode)
	case o.generate < 0:
		return nil, fmt.Errorf("-generate %d: use 0 for nothing, or a number of tokens", o.generate)
	case o.bos && o.ids != "":
		return nil, errors.New("-bos is for -text: ids are fed as they are")
	case o.block < 1:
		return nil, fmt.Errorf("-block %d: use at least 1", o.block)
	}
	o.shifted = *mode == "shifted"
	if *policy == "none" {
		return o, nil
	}
	if o.policy, err = eviction.Parse(*policy); err != nil {
		return nil, err
	}
	if o.cache < 1 {
		return nil, fmt.Errorf("-cache %d: use at least 1, or -policy none", o.cache)
	}
	return o, o.policy.Check(o.cache, o.block)
}

// readIDs reads lists of token ids, or one list.
func readIDs(r io.Reader) ([][]int32, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var docs [][]int32
	if err := json.Unmarshal(data, &docs); err == nil {
		return docs, nil
	}
	var one []int32
	if err := json.Unmarshal(data, &one); err != nil {
		return nil, fmt.Errorf("-ids: neither a list of token ids nor a list of such lists: %w", err)
	}
	return [][]int32{one}, nil
}

// open is a file, or standard input for "-".
func open(name string, stdin io.Reader) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(stdin), nil
	}
	return os.Open(name)
}

// readText is a file's text without a byte-order mark.
func readText(name string, stdin io.Reader) (string, error) {
	f, err := open(name, stdin)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return strings.TrimPrefix(string(data), "\ufeff"), err
}
