package atlas_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"firsttoken/sinks/atlas"
)

func ExampleParseModels() {
	list, err := atlas.ParseModels(`
smollm2
openai-community/gpt2  bos=<|endoftext|>  label=GPT-2 small   # 124 M
run:1e6fd638           label=trained here
`)
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range list {
		fmt.Printf("%s, %q, %q\n", e.Model, e.BOS, e.Label)
	}
	// Output:
	// smollm2, "", "smollm2"
	// openai-community/gpt2, "<|endoftext|>", "GPT-2 small"
	// run:1e6fd638, "", "trained here"
}

func TestParseModelsErrors(t *testing.T) {
	for list, want := range map[string]string{
		"":                                   "names no model",
		"# nothing but words\n\n":            "names no model",
		"smollm2\nsmollm2":                   "line 2: \"smollm2\" is on line 1 too",
		"a label=x\nb label=x":               "give one of them a label",
		"smollm2 keep":                       `line 1: "keep": after the model come bos=TOKEN and label=NAME`,
		"smollm2 bos=":                       `"bos="`,
		"  label=x":                          "has no model before it",
		"openai-community/gpt2 bos=a <|b|>x": `"<|b|>x"`,
	} {
		_, err := atlas.ParseModels(list)
		require.ErrorContains(t, err, want, list)
	}
}

// Whatever is accepted has a model and a label, and no label twice.
func FuzzParseModels(f *testing.F) {
	f.Add("smollm2\nopenai-community/gpt2  bos=<|endoftext|>  label=GPT-2 small   # 124 M")
	f.Add("a label=b\r\n\tb label=\xff")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := atlas.ParseModels(text)
		if err != nil {
			return
		}
		require.NotEmpty(t, list)
		seen := map[string]bool{}
		for _, e := range list {
			require.NotEmpty(t, e.Model)
			require.NotEmpty(t, e.Label)
			require.False(t, seen[e.Label])
			seen[e.Label] = true
		}
	})
}

func TestPublishedRatesAreShares(t *testing.T) {
	for _, p := range atlas.PublishedRates() {
		require.True(t, p.Rate > 0 && p.Rate < 100 && (p.Epsilon == 0.3 || p.Epsilon == 0.8), p)
		require.NotEmpty(t, p.Source)
	}
}
