// Command atlas measures the attention sink of a list of models on the same texts, into one table,
// one figure and one file:
//
//	go run ./sinks/cmd/atlas -models MODELS.txt -json atlas.json -figure atlas.png
//
// The list names a model a line, as sinkscan's -model does, or run:NAME for a run of this checkout;
// bos=TOKEN behind it names what stands for ⟨bos⟩ where the tokenizer has none, and label=NAME what
// it is called in table and figure. The file is written after each model: started again, only what
// is new or was changed is measured.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"firsttoken/internal/codehash"
	"firsttoken/sinks/atlas"
	"firsttoken/sinks/cmd/internal/cli"
	"firsttoken/train/local/backend"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Run("atlas", args, stderr, parse, func(o *options) error { return o.measure(stdin, stdout, stderr) })
}

// options are the command line.
type options struct {
	models       string
	json, figure string
	config       atlas.Config
}

// parse reads the command line; its errors are the user's.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{config: atlas.DefaultConfig()}
	fs := cli.Flags("atlas")
	fs.StringVar(&o.models, "models", "", "`file` that lists models, one a line: MODEL [bos=TOKEN] [label=NAME]; - for standard input")
	fs.StringVar(&o.json, "json", "", "`file` the atlas is kept in, and goes on from")
	fs.StringVar(&o.figure, "figure", "", "also draw the figure into this `file`: .png or .svg")
	fs.IntVar(&o.config.N, "n", o.config.N, "`passages` of speeches")
	fs.IntVar(&o.config.T, "T", o.config.T, "`tokens` of a passage, the one in front included")
	fs.Uint64Var(&o.config.Seed, "seed", o.config.Seed, "`seed` that draws the passages")
	if err := cli.Parse(fs, args, stderr, "measures the attention sink of a list of models on the same texts", "-models FILE -json FILE [options]"); err != nil {
		return nil, err
	}
	switch {
	case o.models == "":
		return nil, errors.New("-models is missing: name a file that lists models")
	case o.json == "":
		return nil, errors.New("-json is missing: name the file the atlas is to be kept in")
	}
	return o, o.config.Validate()
}

func (o *options) measure(stdin io.Reader, stdout, stderr io.Writer) error {
	text, err := cli.ReadText(o.models, stdin)
	if err != nil {
		return err
	}
	list, err := atlas.ParseModels(text)
	if err != nil {
		return fmt.Errorf("%s: %w", o.models, err)
	}
	old, err := atlas.Read(o.json)
	if err != nil {
		return err
	}
	code, err := codehash.Of("firsttoken/sinks/cmd/atlas.loaded", "firsttoken/sinks/cmd/atlas.trained")
	if err != nil {
		return err
	}
	b, warnings, err := backend.Open()
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintf(stderr, "atlas: warning: %s\n", w)
	}
	now := &atlas.Atlas{Config: o.config, Code: code}
	var failed []error
	for i, e := range list {
		row, kept, err := row(b, old, o.config, code, e)
		if err != nil {
			// The others are measured all the same.
			failed = append(failed, fmt.Errorf("%s: %w", e.Label, err))
			fmt.Fprintf(stderr, "atlas: %v\n", failed[len(failed)-1])
			continue
		}
		how := "measured"
		if kept {
			how = "as kept"
		}
		fmt.Fprintf(stderr, "%d of %d: %s: %s, sink rate %s %%\n", i+1, len(list), e.Label, how, row.With.Rate.PlusMinus("%.1f"))
		now.Rows = append(now.Rows, row)
		if err := now.Write(o.json); err != nil {
			return err
		}
	}
	if len(now.Rows) == 0 {
		return errors.New("no model of the list could be measured")
	}
	if o.figure != "" {
		f, err := now.Figure()
		if err != nil {
			return err
		}
		if err := f.Save(o.figure); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(stdout, now.Markdown()); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d models could not be measured, see above", len(failed), len(list))
	}
	return nil
}
