// Command sinkscan measures the attention sink of a Llama or Gemma model on text.
//
//	sinkscan -model smollm2 -text FILE                  a readable table
//	sinkscan -model smollm2 -text FILE -json            one JSON object
//	sinkscan -model smollm2 -ids FILE.json -per-document
//	sinkscan -model smollm2 -text FILE -tokenize        token ids only, no forward pass
//	sinkscan -model smollm2 -text FILE -html out.html   a page to look around in
//
// The number behind "sink rate at ε" is the share of (layer, head) pairs whose
// mean attention to token 1, over all query rows, row 1 included, exceeds ε (Gu
// et al. 2025, arXiv 2410.10781), thresholded document by document.
//
// It exits with 0 on success, 1 when something failed, 2 on wrong usage.
package main

import (
	"io"
	"os"

	"firsttoken/sinks/cmd/internal/cli"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run("sinkscan", args, stderr, parse, func(o *options) error { return scan(o, stdin, stdout, stderr) })
}
