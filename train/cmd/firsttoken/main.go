// Command firsttoken is the program of a bundle: train and sweep, by the name that it is called by
// or its first argument, and the work of package away.
//
//	first-token run -minutes 10 -out FOLDER     what run.sh calls
//	first-token bench -out FOLDER               is it right, how fast is it
//	first-token train …                         as cmd/train
//	first-token sweep …                         as cmd/sweep
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"firsttoken/train/bundle/away"
	"firsttoken/train/command"
)

var commands = map[string]func(context.Context, []string, io.Writer) error{
	"run": away.Command, "right": away.RightCommand, "speed": away.SpeedCommand, "train": command.Train, "sweep": command.Sweep,
	"bench": func(ctx context.Context, args []string, out io.Writer) error {
		return away.Command(ctx, append([]string{"-bench"}, args...), out)
	},
}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if commands[name] == nil && len(args) > 0 {
		name, args = args[0], args[1:]
	}
	if commands[name] == nil {
		fmt.Fprintln(os.Stderr, "usage: first-token run|bench|train|sweep, with -help for the options of each")
		os.Exit(2)
	}
	command.Main(name, commands[name], args)
}
