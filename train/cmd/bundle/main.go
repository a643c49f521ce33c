// Command bundle makes a bundle (see package bundle) of this checkout: what `make bundle` calls.
//
//	go run ./train/cmd/bundle                  the grids for a GPU that come with the toolkit
//	go run ./train/cmd/bundle -grid g.json     one grid, a file or a preset's name, as it says
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"firsttoken/train/bundle"
	"firsttoken/train/local"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	root, err := local.Root()
	if err != nil {
		return err
	}
	o := bundle.Options{Checkout: root, Log: os.Stderr}
	flags := flag.NewFlagSet("bundle", flag.ContinueOnError)
	grid := flags.String("grid", "", "file of a grid, or a preset (default: the grids for a GPU)")
	flags.StringVar(&o.Into, "into", filepath.Join(root, ".bundle"), "folder to write to")
	flags.StringVar(&o.CC, "cc", "", "C compiler, which decides the C library that the programs need (default: the system's)")
	flags.StringVar(&o.Plugin, "cuda", "", "folder of XLA's plugin for CUDA as set-up lays it out, to bring along")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: options begin with -", flags.Arg(0))
	}
	if *grid == "" {
		o.List, err = bundle.Shipped()
	} else {
		o.List, err = bundle.Of(*grid)
	}
	if err != nil {
		return err
	}
	file, err := bundle.Make(ctx, o)
	if err != nil {
		return err
	}
	sums := bundle.Sums{}
	if err := sums.Add(filepath.Dir(file), filepath.Base(file)); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	fmt.Printf("%s  %s (%.1f MiB)\n", sums[filepath.Base(file)], file, float64(info.Size())/(1<<20))
	return nil
}
