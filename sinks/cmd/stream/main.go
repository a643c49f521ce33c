// Command stream reads texts through a bounded cache of keys and values and says what that costs.
//
//	stream -model smollm2 -text FILE -policy keydiff -cache 256
//	stream -model smollm2 -ids FILE.json -policy streaming -mode shifted -cache 128 -block 64 -json
//	stream -model smollm2 -text FILE -policy window -cache 128 -generate 50
//
// The text is fed in blocks of -block tokens; in each layer every key/value head keeps the -cache
// entries that the policy scores highest (package sinks/eviction). -policy none keeps them all.
// With any other policy, what the longest text needs is compiled before the weights are read: the
// two are then not in memory at once.
//
// It exits with 0 on success, 1 when something failed, 2 on wrong usage.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/sinks/eviction"
	"firsttoken/train/pretrained"
)

func main() {
	debug.SetGCPercent(25) // next to the weights Go's heap is small, and a text has no end
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run("stream", args, stderr, parse, func(o *options) error { return stream(o, stdin, stdout) })
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
	fs := cli.Flags("stream")
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
	err := cli.Parse(fs, args, stderr, "reads texts through a bounded cache of keys and values",
		"-model MODEL (-text FILE | -ids FILE.json) -policy POLICY -cache N [options]")
	switch {
	case err != nil:
		return nil, err
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
