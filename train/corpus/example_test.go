package corpus_test

import (
	"fmt"
	"log"

	"firsttoken/train/corpus"
)

// Text for training and a held-out part that shares no document with it.
func Example() {
	cfg := corpus.DefaultGoDocConfig()
	cfg.Root = "testdata/goroot" // leave it out to read your own toolchain
	cfg.MinRunes = 50
	src, err := corpus.OpenGoDoc(cfg)
	if err != nil {
		log.Fatal(err)
	}
	training, held, err := corpus.Split(src, 0.3, 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, part := range []corpus.Source{training, held} {
		s, err := corpus.Summarize(part)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Documents, "documents,", s.Bytes, "bytes")
	}
	for d, err := range held.Documents() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s\n", d.Name, d.Text)
	}
	// Output:
	// 3 documents, 597 bytes
	// 1 documents, 77 bytes
	// cmd/tool/main.go: Tool is a command, and commands are left out when only the library is wanted.
}

// The same documents are drawn whatever the order of the source, and a sample of two begins with the sample of one.
func ExampleSample() {
	src := corpus.NewMemory("colours", corpus.Document{Name: "a", Text: "red"}, corpus.Document{Name: "b", Text: "green"},
		corpus.Document{Name: "c", Text: "blue"})
	for n := 1; n <= 3; n++ {
		sample, err := corpus.Sample(src, n, 42)
		if err != nil {
			log.Fatal(err)
		}
		var colours []string
		for d := range sample.Documents() {
			colours = append(colours, d.Text)
		}
		fmt.Println(colours)
	}
	// Output:
	// [red]
	// [red green]
	// [red green blue]
}
