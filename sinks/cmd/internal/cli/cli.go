// Package cli is what the commands below sinks/cmd share: what they exit with, how they print help,
// and how they read texts and token ids from files.
package cli

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Run parses a command line, acts on it and returns the exit status: 0 on success or help, 1 when
// something failed, 2 on wrong usage.
func Run[O any](name string, args []string, stderr io.Writer, parse func([]string, io.Writer) (O, error), act func(O) error) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\nRun %[1]s -help for the options.\n", name, err)
		return 2
	}
	if err := act(o); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// Flags is an empty set of options. The flag package would print each error itself, before all
// options: [Parse] does not let it.
func Flags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

// Parse reads options, nothing else. Asked for help it prints what the command does, its usage and
// the options, and returns flag.ErrHelp.
func Parse(fs *flag.FlagSet, args []string, stderr io.Writer, does, usage string) error {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stderr, "%s %s.\n\nusage: %[1]s %[3]s\n\n", fs.Name(), does, usage)
		fs.SetOutput(stderr)
		fs.PrintDefaults()
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q: options begin with a dash, and values follow them", fs.Arg(0))
	}
	return err
}

// ReadFile reads a file, or standard input for "-".
func ReadFile(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}

// ReadText reads a file's text. A byte-order mark at its start is no part of it.
func ReadText(name string, stdin io.Reader) (string, error) {
	data, err := ReadFile(name, stdin)
	if err != nil {
		return "", err
	}
	text := strings.TrimPrefix(string(data), "\uFEFF")
	if text == "" {
		return "", fmt.Errorf("%s is empty: there is nothing to measure", name)
	}
	return text, nil
}

// ParseIDs reads documents of token ids from JSON: a list of lists. name is the file's, for errors.
func ParseIDs(name string, data []byte) ([][]int32, error) {
	var lists [][]*int32 // a null would be taken for a 0
	if err := json.Unmarshal(data, &lists); err != nil {
		return nil, fmt.Errorf("%s: %w: must be a JSON list of token-id lists, such as [[504,3575],[19,7]]", name, err)
	}
	var docs [][]int32
	for i, list := range lists {
		doc := make([]int32, len(list))
		for j, id := range list {
			if id == nil {
				return nil, fmt.Errorf("%s: document %d: token %d is null, not an id", name, i+1, j+1)
			}
			doc[j] = *id
		}
		docs = append(docs, doc)
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("%s holds no documents", name)
	}
	for i, d := range docs {
		if len(d) == 0 {
			return nil, fmt.Errorf("%s: document %d is empty: a prompt needs at least one token", name, i+1)
		}
	}
	return docs, nil
}
