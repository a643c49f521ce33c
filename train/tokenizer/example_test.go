package tokenizer_test

import (
	"fmt"
	"log"
	"strings"

	"firsttoken/train/tokenizer"
)

// vocabulary is a tokenizer small enough to follow by hand.
var vocabulary = tokenizer.GGUFVocab{
	Model:  "gpt2",
	Pre:    "gpt-2",
	Tokens: []string{"<|endoftext|>", "a", "b", "n", "Ġ", "an", "Ġb", "Ġban", "Ġbanan"},
	Types:  []int32{3, 1, 1, 1, 1, 1, 1, 1, 1},
	Merges: []string{"a n", "Ġ b", "Ġb an", "Ġban an"},
	BOS:    new(int32), // id 0
}

func ExampleFromGGUF() {
	tok, err := tokenizer.FromGGUF(vocabulary)
	if err != nil {
		log.Fatal(err)
	}
	ids, err := tok.Encode("ban banana", tokenizer.EncodeOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range ids {
		fmt.Printf("%d %s %s\n", id, tok.Token(id), tok.Display(id))
	}
	text, err := tok.Decode(ids)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", text)
	// Output:
	// 2 b b
	// 5 an an
	// 8 Ġbanan ␣banan
	// 1 a a
	// "ban banana"
}

func ExampleFromJSON() {
	const file = `{
	  "version": "1.0",
	  "added_tokens": [{"id": 3, "content": "<s>", "special": true}],
	  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
	  "model": {"type": "BPE", "vocab": {"h": 0, "o": 1, "ho": 2}, "merges": ["h o"]}
	}`
	tok, err := tokenizer.FromJSON(strings.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	ids, err := tok.Encode("<s>hohoo", tokenizer.EncodeOptions{Special: true})
	fmt.Println(ids, err)

	_, err = tokenizer.FromJSON(strings.NewReader(strings.Replace(file, "BPE", "WordPiece", 1)))
	fmt.Println(err)
	// Output:
	// [3 2 2 1] <nil>
	// tokenizer: tokenizer.json: model: type "WordPiece" is not supported; only "BPE" is
}

// Text that looks like a special token is text, unless asked otherwise.
func ExampleEncodeOptions() {
	tok := tokenizer.NewBytes()
	asText, _ := tok.Encode("<bos>", tokenizer.EncodeOptions{})
	asToken, _ := tok.Encode("<bos>", tokenizer.EncodeOptions{Special: true})
	fmt.Println(asText, asToken)
	// Output: [60 98 111 115 62] [256]
}

// The same text under the three conditions of a BOS experiment.
func ExampleTokenizer_ApplyBOS() {
	tok, err := tokenizer.FromGGUF(vocabulary)
	if err != nil {
		log.Fatal(err)
	}
	ids := []int32{0, 5, 6}
	for _, policy := range []tokenizer.BOSPolicy{tokenizer.BOSKeep, tokenizer.BOSNone, tokenizer.BOSAdd} {
		out, err := tok.ApplyBOS(ids, policy)
		fmt.Println(policy, out, err)
	}
	// Output:
	// keep [0 5 6] <nil>
	// none [5 6] <nil>
	// add [0 5 6] <nil>
}
