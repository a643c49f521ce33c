// Command bench measures this toolkit on SmolLM2 and against llama.cpp and PyTorch,
// and prints one table.
//
//	bench                 all rows, table also written to BENCH.md: some minutes
//	bench -quick          few rounds on short texts, to try it; figures mean little
//	bench -rows load      some of the rows
//
// Each thing measured runs in a process of its own that answers requests (see
// request), so that two can take turns: A B A B …, after a warm-up. A speed is the
// ratio A/B of a round's two times; the table shows the median and the range over
// the rounds. What else a machine does then hits both sides, and nothing here depends
// on how fast it is. No figure makes the program fail: a target missed is a "no".
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firsttoken/train/local"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// run is main with its surroundings as arguments.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) > 1 && args[0] == serveCommand {
		return serve(args[1], stdin, stdout)
	}
	if len(args) > 1 && args[0] == serveTrainingCommand {
		return serveTraining(args[1], stdin, stdout)
	}
	root, err := local.Root()
	if err != nil {
		return err
	}
	o, err := parse(args, root, stderr)
	if err != nil {
		return err
	}
	s := &session{options: o, log: stderr, versions: map[string]string{}}
	report := report{machine: describeMachine(), command: "make bench"}
	if len(args) > 0 {
		report.command += fmt.Sprintf(" ARGS=%q", strings.Join(args, " "))
	}
	for _, b := range benchmarks {
		if !slices.Contains(o.rows, b.name) {
			continue
		}
		fmt.Fprintf(stderr, "bench: %s ...\n", b.name)
		rows, err := b.measure(s)
		if err != nil {
			rows = []row{{what: b.title, figure: "not measured: " + err.Error()}}
		}
		report.rows = append(report.rows, rows...)
	}
	report.versions = s.versions
	text := report.String()
	if _, err := io.WriteString(stdout, text); err != nil || o.out == "" {
		return err
	}
	return os.WriteFile(o.out, []byte(text), 0o644)
}

// options are the command line, and what follows from it.
type options struct {
	rows  []string // names of benchmarks
	peers string   // folder with the peers' Python environment, and weights for them
	code  string   // folder with the peers' programs
	out   string   // file the table is written to; "" for none

	rounds    int // measured rounds of a ratio
	processes int // processes whose median is a memory or loading figure
	short     int // T of the speeds that are compared at 512
	long      int // T of the comparison with PyTorch at 2048
	memory    []int
	stream    [2]int // tokens read through a bounded cache: few, and many
	training  []trainingSize
}

func parse(args []string, root string, stderr io.Writer) (*options, error) {
	var names []string
	for _, b := range benchmarks {
		names = append(names, b.name)
	}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	quick := fs.Bool("quick", false, "few rounds on short texts, and no file: to try the program")
	rows := fs.String("rows", strings.Join(names, ","), "`rows` to measure")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q: -help lists the options", fs.Arg(0))
	}
	o := &options{
		rows:   strings.Split(*rows, ","),
		peers:  filepath.Join(root, ".tools", "bench"),
		code:   filepath.Join(root, "scripts", "bench"),
		rounds: 7, processes: 3, short: 512, long: 2048, memory: []int{512, 1024, 2048, 4096}, stream: [2]int{2000, 64000},
		training: []trainingSize{
			{width: 128, heads: 4, context: 128, batch: 32, updates: 5},
			{width: 512, heads: 8, context: 512, batch: 4, updates: 2},
		},
	}
	for _, name := range o.rows {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("unknown row %q: use some of %s", name, strings.Join(names, ","))
		}
	}
	if *quick {
		o.rounds, o.processes, o.short, o.long, o.memory, o.stream = 3, 1, 128, 256, []int{128, 256, 512}, [2]int{1000, 2000}
		o.training = []trainingSize{{width: 64, heads: 4, context: 64, batch: 8, updates: 3}}
	}
	// A part of the table must not take the whole one's place.
	if !*quick && len(o.rows) == len(names) {
		o.out = filepath.Join(root, "BENCH.md")
	}
	return o, nil
}
