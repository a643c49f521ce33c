package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"path/filepath"

	"firsttoken/train/bundle"
	"firsttoken/train/local"
	"firsttoken/train/store"
)

func importRuns(_ context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("runs import", flag.ContinueOnError)
	into := flags.String("into", "", "store to add to (default: runs in the checkout)")
	ship := flags.Bool("ship", false, "add to the runs that come with the checkout, and their tokenizers to those")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("import what? Name the folder that run.sh wrote to")
	}
	shipped, err := local.ShippedRuns()
	if err != nil {
		return err
	}
	switch {
	case *ship && *into != "":
		return errors.New("give one of -into and -ship")
	case *ship:
		*into = shipped
	case *into == "":
		if *into, err = local.RunsDir(); err != nil {
			return err
		}
	}
	var errs []error
	for _, from := range flags.Args() {
		errs = append(errs, bundle.Import(from, *into, out))
		if *ship {
			errs = append(errs, bundle.ImportTokenizers(from, filepath.Join(filepath.Dir(shipped), "tokenizers")))
		}
	}
	if *ship {
		errs = append(errs, compress(shipped))
	}
	return errors.Join(errs...)
}

// compress makes the curves in a store what ships.
func compress(dir string) error {
	runs, err := store.List(dir)
	if err != nil {
		return err
	}
	for _, r := range runs {
		if err := r.CompressCurves(); err != nil {
			return err
		}
	}
	return nil
}
