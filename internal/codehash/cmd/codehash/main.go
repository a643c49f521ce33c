// Command codehash prints the hash of the code of packages, one line for each line of import paths
// on standard input:
//
//	echo firsttoken/sinks firsttoken/plots | go run ./internal/codehash/cmd/codehash
//
// scripts/notebook_stamps.py asks it whether a notebook has anything new to show. A name may also be
// that of one declaration, and -list prints what counts in the hash instead:
//
//	echo firsttoken/sinks/probe.Run | go run ./internal/codehash/cmd/codehash -list
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"firsttoken/internal/codehash"
)

func main() {
	list := flag.Bool("list", false, "print the declarations that count in each hash instead")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *list); err != nil {
		fmt.Fprintln(os.Stderr, "codehash:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, list bool) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		said := func(names ...string) ([]string, error) {
			sum, err := codehash.Of(names...)
			return []string{sum}, err
		}
		if list {
			said = codehash.List
		}
		all, err := said(strings.Fields(lines.Text())...)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, strings.Join(all, "\n")); err != nil {
			return err
		}
	}
	return lines.Err()
}
