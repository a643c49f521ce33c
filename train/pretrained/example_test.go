package pretrained_test

import (
	"fmt"
	"log"

	"firsttoken/train/local/backend"
	"firsttoken/train/pretrained"
	"firsttoken/train/tokenizer"
	"firsttoken/train/transformer"
)

// The model that `make setup` fetches, and what it takes for the next token.
// (Not run as a test, since it needs the model.)
func ExampleLoad() {
	b, _, err := backend.Open()
	if err != nil {
		log.Fatal(err)
	}
	m, err := pretrained.Load(b, "smollm2", pretrained.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Tokenizer.Encode("The capital of France is", tokenizer.EncodeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Forward(transformer.One(ids), transformer.Pass{Predict: true})
	if err != nil {
		log.Fatal(err)
	}
	top1 := out.Top1[0]
	fmt.Println(m.Tokenizer.Token(top1[len(top1)-1])) // Ġ is the space before a word
	// prints: ĠParis
}
