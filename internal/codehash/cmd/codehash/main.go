// Command codehash prints the hash of the code of packages, one line for each line of import paths
// on standard input:
//
//	echo firsttoken/sinks firsttoken/plots | go run ./internal/codehash/cmd/codehash
//
// scripts/run_tests.py asks it whether a notebook has anything new to show.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"firsttoken/internal/codehash"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "codehash:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		sum, err := codehash.Of(strings.Fields(lines.Text())...)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, sum); err != nil {
			return err
		}
	}
	return lines.Err()
}
