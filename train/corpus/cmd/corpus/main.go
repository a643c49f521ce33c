// Command corpus shows what a corpus holds before a model is trained on it: a summary, a list of
// documents, or one document.
//
//	corpus godoc                             summary of the Go standard library's comments
//	corpus files -list 20 books/ notes.txt   names and lengths of the first 20 documents
//	corpus jsonl -field body -show 3 a.jsonl the document of index 3, as it is
//	corpus godoc -sample 30 -seed 7 -list 30 30 documents drawn at random
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"firsttoken/train/corpus"
)

const usage = `usage: corpus SOURCE [flags] [paths]

sources:
  godoc     English comments of the Go standard library and commands
  gosource  Go files of the same
  speeches  State of the Union addresses, 1913 to 2021
  files     text files, folders, globs
  jsonl     files of one JSON object a line

` + "`corpus SOURCE -h` lists the flags.\n"

const minUsage = "keep documents of at least this many characters"

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(2)
	}
}

// run executes the command line args.
func run(args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		fmt.Fprint(stderr, usage)
		return flag.ErrHelp
	}
	flags := flag.NewFlagSet("corpus "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	open, err := opener(args[0], flags)
	if err != nil {
		return err
	}
	minRunes := new(int)
	if flags.Lookup("min") == nil { // godoc has a default of its own
		minRunes = flags.Int("min", 0, minUsage)
	}
	var (
		maxRunes   = flags.Int("max", 0, "keep documents of at most this many characters; 0: no limit")
		sampleSize = flags.Int("sample", 0, "draw this many documents at random; 0: all, in order")
		seed       = flags.Uint64("seed", 1, "seed of -sample")
		listed     = flags.Int("list", 0, "list the first `n` documents: index, characters, name")
		shown      = flags.Int("show", -1, "print the text of the document of this `index`")
	)
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	src, err := open(flags.Args())
	if err != nil {
		return err
	}
	if *minRunes > 0 {
		src = corpus.MinRunes(src, *minRunes)
	}
	if *maxRunes > 0 {
		src = corpus.MaxRunes(src, *maxRunes)
	}
	if *sampleSize > 0 {
		if src, err = corpus.Sample(src, *sampleSize, *seed); err != nil {
			return err
		}
	}
	switch {
	case *shown >= 0:
		return show(stdout, src, *shown)
	case *listed > 0:
		return list(stdout, src, *listed)
	default:
		return summarize(stdout, src)
	}
}

// opener declares a source's own flags and returns what opens it once they are parsed.
func opener(source string, flags *flag.FlagSet) (func(paths []string) (corpus.Source, error), error) {
	switch source {
	case "godoc":
		cfg := corpus.DefaultGoDocConfig()
		treeFlags(flags, &cfg.GoTree)
		flags.StringVar((*string)(&cfg.Unit), "unit", string(cfg.Unit), "what makes a document: file, block or package")
		flags.BoolVar(&cfg.DocOnly, "doc-only", cfg.DocOnly, "only comments that document a declaration")
		flags.BoolVar(&cfg.Code, "code", cfg.Code, "keep examples within comments")
		flags.IntVar(&cfg.MinRunes, "min", cfg.MinRunes, minUsage)
		return func(paths []string) (corpus.Source, error) {
			if err := noPaths(paths); err != nil {
				return nil, err
			}
			return corpus.OpenGoDoc(cfg)
		}, nil
	case "gosource":
		cfg := corpus.DefaultGoSourceConfig()
		treeFlags(flags, &cfg.GoTree)
		return func(paths []string) (corpus.Source, error) {
			if err := noPaths(paths); err != nil {
				return nil, err
			}
			return corpus.OpenGoSource(cfg)
		}, nil
	case "speeches":
		var cfg corpus.SpeechesConfig
		flags.IntVar(&cfg.From, "from", 0, "the first `year` read; 0: no limit")
		flags.IntVar(&cfg.To, "to", 0, "the last `year` read; 0: no limit")
		return func(paths []string) (corpus.Source, error) {
			if err := noPaths(paths); err != nil {
				return nil, err
			}
			return corpus.OpenSpeeches(cfg)
		}, nil
	case "files":
		cfg := corpus.DefaultFilesConfig()
		flags.StringVar((*string)(&cfg.Cut), "cut", string(cfg.Cut), "cut files at: none, paragraphs, lines or separator")
		flags.StringVar(&cfg.Separator, "separator", "", "the string to cut at")
		return func(paths []string) (corpus.Source, error) {
			cfg.Paths = paths
			return corpus.OpenFiles(cfg)
		}, nil
	case "jsonl":
		cfg := corpus.DefaultJSONLConfig()
		flags.StringVar(&cfg.Field, "field", cfg.Field, "the field that holds the text")
		return func(paths []string) (corpus.Source, error) {
			cfg.Paths = paths
			return corpus.OpenJSONL(cfg)
		}, nil
	}
	return nil, fmt.Errorf("corpus: no source %q\n%s", source, usage)
}

func treeFlags(flags *flag.FlagSet, tree *corpus.GoTree) {
	flags.StringVar(&tree.Root, "root", "", "a Go installation; default: `go env GOROOT`")
	flags.BoolVar(&tree.Commands, "commands", tree.Commands, "include src/cmd")
	flags.BoolVar(&tree.Tests, "tests", tree.Tests, "include _test.go files")
}

func noPaths(paths []string) error {
	if len(paths) > 0 {
		return fmt.Errorf("corpus: this source takes no paths, but got %q", paths)
	}
	return nil
}

func summarize(w io.Writer, src corpus.Source) error {
	s, err := corpus.Summarize(src)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(s)
}

func list(w io.Writer, src corpus.Source, n int) error {
	i := 0
	for d, err := range src.Documents() {
		if err != nil || i == n {
			return err
		}
		fmt.Fprintf(w, "%6d %8d %s\n", i, utf8.RuneCountInString(d.Text), d.Name)
		i++
	}
	return nil
}

func show(w io.Writer, src corpus.Source, index int) error {
	i := 0
	for d, err := range src.Documents() {
		if err != nil {
			return err
		}
		if i == index {
			_, err := fmt.Fprintln(w, d.Text)
			return err
		}
		i++
	}
	return fmt.Errorf("corpus: no document of index %d: there are %d, counted from 0", index, i)
}
