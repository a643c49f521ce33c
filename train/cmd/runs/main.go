// Command runs looks after the runs that come with the checkout, and brings others home.
//
//	go run ./train/cmd/runs fetch                                   # the weights of all runs that have them in the history
//	go run ./train/cmd/runs fetch notebooks/grids/packing.json      # those of a grid's runs
//	go run ./train/cmd/runs fetch 62269e40 0a8694c4                 # those of these runs
//	go run ./train/cmd/runs import FOLDER                           # finished runs from where a bundle's run.sh left them, into runs
//	go run ./train/cmd/runs import -ship FOLDER                     # into the runs that come with the checkout
//
// The checkout holds the curves of all runs and the weights of few. fetch takes the others from the
// commit that held them (notebooks/results/weights.json), checks their hashes, and keeps them in
// .data/weights, where train.LoadModel finds them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"firsttoken/train"
)

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "runs:", err)
	os.Exit(1)
}

// commands by name.
var commands = map[string]func(ctx context.Context, args []string, out io.Writer) error{
	"fetch":  fetch,
	"import": importRuns,
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("say what to do: fetch [GRID.json or run …], or import FOLDER …")
	}
	return commands[args[0]](ctx, args[1:], out)
}

func fetch(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("runs fetch", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	var runs []string
	for _, arg := range flags.Args() {
		if !strings.HasSuffix(arg, ".json") {
			runs = append(runs, arg)
			continue
		}
		grid, err := train.ReadGrid(arg)
		if err != nil {
			return err
		}
		configs, err := grid.Configs()
		if err != nil {
			return err
		}
		for _, c := range configs {
			runs = append(runs, c.ID())
		}
	}
	return train.Fetch(ctx, runs, out)
}
