package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"firsttoken/train"
)

// Train carries out one training run: see cmd/train.
func Train(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("train", flag.ContinueOnError)
	preset := flags.String("preset", "", "configuration to start from: "+strings.Join(train.Presets(), ", "))
	file := flags.String("config", "", "file with a configuration, as -print writes it")
	var changes []string
	flags.Func("set", "change a field, such as model.layers=4 (repeat for more)", func(s string) error {
		changes = append(changes, s)
		return nil
	})
	print := flags.Bool("print", false, "write the configuration and do nothing else")
	asJSON := flags.Bool("json", false, "write the result as one JSON object on the last line")
	var o train.Options
	o.Flags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: options begin with -", flags.Arg(0))
	}
	c, err := configuration(*preset, *file)
	if err != nil {
		return err
	}
	if c, err = c.Set(changes...); err != nil {
		return err
	}
	if *print {
		return write(out, c, "  ")
	}
	if o.Progress == train.ProgressAuto && *asJSON {
		o.Progress = train.ProgressLines // standard output is for the result
	}
	result, err := train.Run(ctx, c, o)
	if err != nil {
		return err
	}
	if *asJSON {
		return write(out, result, "")
	}
	_, err = fmt.Fprintf(out, "run %s: %d steps, %d tokens, loss %.4f, held-out loss %.4f, sink rate %.2f %% (ε = %g)\n",
		result.Run, result.Steps, result.Tokens, result.Loss, result.ValLoss, 100*result.SinkRate, c.Monitor.Epsilons[0])
	return err
}

func configuration(preset, file string) (train.Config, error) {
	switch {
	case (preset == "") == (file == ""):
		return train.Config{}, errors.New("give one of -preset and -config")
	case file != "":
		return train.ReadConfig(file)
	}
	return train.Preset(preset)
}

func write(out io.Writer, v any, indent string) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", indent)
	return enc.Encode(v)
}
