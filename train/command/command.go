// Package command has the commands of the training runs, for programs that are one of them
// (cmd/train, cmd/sweep) or several (cmd/firsttoken).
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"firsttoken/train"
)

// Stopped is the exit status of a command that was interrupted after a checkpoint: the same command
// again goes on.
const Stopped = 3

// Main runs a command on the program's arguments and ends the program.
func Main(name string, command func(ctx context.Context, args []string, out io.Writer) error, args []string) {
	err := command(context.Background(), args, os.Stdout)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if errors.Is(err, train.ErrStopped) {
		os.Exit(Stopped)
	}
	os.Exit(1)
}
