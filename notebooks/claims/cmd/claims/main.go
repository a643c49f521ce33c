// Command claims prints the verdicts on the paper's claims, from the records the
// notebooks saved; claims without a record are listed as "not run".
//
//	go run ./notebooks/claims/cmd/claims        # to the terminal
//	go run ./notebooks/claims/cmd/claims -md    # to RESULTS.md in the checkout's root
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"firsttoken/notebooks/claims"
	"firsttoken/train/local"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is main with its surroundings as arguments.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("claims", flag.ContinueOnError)
	markdown := flags.Bool("md", false, "write RESULTS.md in the checkout's root instead of printing")
	dir := flags.String("dir", "", "folder of the records (default notebooks/results/claims)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("claims: unexpected argument %q", flags.Arg(0))
	}
	records, err := claims.LoadAll(*dir)
	if err != nil {
		return err
	}
	if !*markdown {
		_, err := io.WriteString(out, claims.Text(records))
		return err
	}
	root, err := local.Root()
	if err != nil {
		return err
	}
	history, err := claims.History()
	if err != nil {
		return err
	}
	path := filepath.Join(root, "RESULTS.md")
	text := "# Results\n\nWritten by `go run ./notebooks/claims/cmd/claims -md` from the records that the notebooks save.\n\n" + claims.Markdown(records, history)
	if err := renameio.WriteFile(path, []byte(text), 0o644, renameio.WithTempDir(root)); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	_, err = fmt.Fprintln(out, path)
	return err
}
