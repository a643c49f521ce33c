// Command quantize says what a model loses when its weights and activations are rounded to few
// bits, and what its outliers are.
//
//	quantize -model smollm2 -ids FILE.json -weights w8 -acts dynamic
//	quantize -model smollm2 -ids FILE.json -calibration OTHER.json -weights w8 -acts static -keep-first
//	quantize -model smollm2 -ids FILE.json -skip-mlp 12:1 -json
//
// Rounded numbers are computed with in float32 (package sinks/quantize). Static activations need
// texts to calibrate on, apart from those measured; what -keep-first and -skip-mlp say holds for
// these too.
//
// It exits with 0 on success, 1 when something failed, 2 on wrong usage.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/sinks/probe"
	"firsttoken/sinks/quantize"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run("quantize", args, stderr, parse, func(o *options) error { return measure(o, stdin, stdout) })
}

// options are the command line.
type options struct {
	model            string
	ids, calibration string
	weights          quantize.Scheme
	acts             string // float, static or dynamic
	keepFirst        bool
	skip             []probe.Intervention // none or one
	kv               int
	json             bool
}

// parse reads the command line; its errors are the user's.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	fs := cli.Flags("quantize")
	fs.StringVar(&o.model, "model", "smollm2", "smollm2, gemma3, a GGUF `file`, a folder with config.json and safetensors, or a hub name (owner/model)")
	fs.StringVar(&o.ids, "ids", "", "JSON `file` with a list of token-id lists, one a document; - for standard input")
	fs.StringVar(&o.calibration, "calibration", "", "JSON `file` of the same form, texts that static steps are taken from")
	weights := fs.String("weights", "float", "`scheme` weights are rounded by: float, w8 (8 bits, a step for each output channel) or w4 (4 bits, groups of 32)")
	fs.StringVar(&o.acts, "acts", "float", "`scheme` the inputs of linear maps are rounded by, to 8 bits: float, static (a step for each layer and site) or dynamic (a step for each token)")
	fs.BoolVar(&o.keepFirst, "keep-first", false, "leave token 1 as it is, and out of the calibration")
	skip := fs.String("skip-mlp", "", "`layer:position`, both from 1, where the MLP adds nothing: 12:1 switches SmolLM2's sink off")
	fs.IntVar(&o.kv, "kv", 0, "`bits` of keys and values, a step for each token and head; 0 leaves them")
	fs.BoolVar(&o.json, "json", false, "one JSON object a document, one a line")
	err := cli.Parse(fs, args, stderr, "says what rounding a model to few bits costs, and what its outliers are",
		"-model MODEL -ids FILE.json [-calibration FILE.json] -weights SCHEME -acts SCHEME [options]")
	o.weights = quantize.Scheme(*weights)
	switch {
	case err != nil:
		return nil, err
	case o.ids == "":
		return nil, errors.New("give -ids")
	case o.weights.Validate() != nil:
		return nil, fmt.Errorf("-weights %s: use float, w8 or w4", *weights)
	case o.acts != "float" && o.acts != "static" && o.acts != "dynamic":
		return nil, fmt.Errorf("-acts %s: use float, static or dynamic", o.acts)
	case o.acts == "static" && o.calibration == "":
		return nil, errors.New("-acts static needs -calibration: texts apart from those measured")
	case o.ids == "-" && o.calibration == "-":
		return nil, errors.New("standard input can be -ids or -calibration, not both")
	case o.keepFirst && o.acts == "float" && o.kv == 0:
		return nil, errors.New("-keep-first: with -acts float nothing is rounded that token 1 could be kept from")
	case o.kv != 0 && (o.kv < 2 || o.kv > 16):
		return nil, fmt.Errorf("-kv %d: use 2 to 16 bits, or 0", o.kv)
	}
	if *skip != "" {
		layer, position, ok := strings.Cut(*skip, ":")
		l, err1 := strconv.Atoi(layer)
		pos, err2 := strconv.Atoi(position)
		if !ok || err1 != nil || err2 != nil || l < 1 || pos < 1 {
			return nil, fmt.Errorf("-skip-mlp %s: use layer:position, both from 1, as in 12:1", *skip)
		}
		o.skip = []probe.Intervention{probe.SkipUpdate{Layer: l - 1, Pos: pos - 1, Part: probe.MLP}}
	}
	return o, nil
}
