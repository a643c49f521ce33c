package corpus_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

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

// The same documents are drawn whatever the order of the source, and a sample of two begins with
// the sample of one.
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

// From a spec in JSON to the batches of a training step. The first call writes the shards, later
// ones map them.
func ExampleLoad() {
	cache, err := os.MkdirTemp("", "shards")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(cache) // leave the cache to Load, by giving "", to keep them in the checkout
	spec, err := corpus.ParseSpec(strings.NewReader(`{
		"kind": "godoc",
		"godoc": {"root": "testdata/goroot", "min_runes": 50},
		"held_out": 0.3, "split_seed": 2,
		"tokenizer": {"kind": "bpe", "bpe": {"vocab": 300}}
	}`))
	if err != nil {
		log.Fatal(err)
	}
	data, err := corpus.Load(context.Background(), spec, cache)
	if err != nil {
		log.Fatal(err)
	}
	defer data.Close()
	packing := corpus.Packing{Mask: corpus.MaskIntraDocument, BOS: corpus.BOSFixed, Positions: corpus.PositionsContinued}
	windows, err := data.Training(packing, 16, 1)
	if err != nil {
		log.Fatal(err)
	}
	const step = 3
	batch, err := windows.Batch(step, 4)
	if err != nil {
		log.Fatal(err)
	}
	for i := range batch.B {
		text, err := data.Tokenizer.Decode(batch.Row(i).Tokens)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q\n", text)
	}
	// Output:
	// "<bos>\"letters\")\n\n# Limits"
	// "<bos> an extra sentence, a"
	// "<bos>h must not come betwee"
	// "<bos>er below another, whic"
}
