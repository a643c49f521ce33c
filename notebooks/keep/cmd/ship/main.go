// Command ship makes measured values come with the checkout: it copies them from .data/results to
// notebooks/results/measured.
//
//	go run ./notebooks/keep/cmd/ship              # those that come with it already and were measured here since
//	go run ./notebooks/keep/cmd/ship 03/hidden    # a new one
//
// They are for values that a clone cannot measure, since the weights they take do not come with it.
// `make measured` fetches these, runs the notebooks, and calls this.
package main

import (
	"fmt"
	"os"
	"strings"

	"firsttoken/notebooks/keep"
)

func main() {
	for _, name := range os.Args[1:] {
		if strings.HasPrefix(name, "-") {
			fmt.Fprintf(os.Stderr, "ship: unexpected argument %q: give names of kept values, such as 03/hidden\n", name)
			os.Exit(1)
		}
	}
	changed, err := keep.Ship(os.Args[1:]...)
	for _, name := range changed {
		fmt.Println("ships anew:", name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ship:", err)
		os.Exit(1)
	}
	fmt.Printf("%d values changed\n", len(changed))
}
