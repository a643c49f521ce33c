// Package claims keeps one verdict for each claim of "Why do LLMs attend to the
// first token?" (Barbero et al. 2025, arXiv 2504.02732): what the paper states
// and measured, what was measured here with its spread, and whether the claim
// holds by a rule stated beforehand.
//
// A notebook calls Judge with its figures and a Rule and saves the Record; no
// verdict is written by hand. The command notebooks/claims/cmd/claims prints the
// table of all claims, those without a record as "not run".
package claims

import (
	"fmt"
	"slices"
)

// Claim is one statement of the paper.
type Claim struct {
	ID        string       // "C1" … "C17"
	Statement string       // in our words
	Evidence  string       // where and how the paper supports it
	Figures   []PaperValue // the paper's numbers, where it gives any
}

// PaperValue is one number of the paper. A figure measured here answers it by
// having the same name.
type PaperValue struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`  // "%", "nats"; empty for pure numbers
	About bool    `json:"about,omitempty"` // read off a plot
}

// All returns the claims in order.
func All() []Claim { return slices.Clone(registry) }

// Find returns the claim with this id; an unknown id is an error.
func Find(id string) (Claim, error) {
	i := slices.IndexFunc(registry, func(c Claim) bool { return c.ID == id })
	if i < 0 {
		return Claim{}, fmt.Errorf("claims: no claim %q: the ids are %s to %s", id, registry[0].ID, registry[len(registry)-1].ID)
	}
	return registry[i], nil
}

// percent and nats are figures in these units.
func percent(name string, v float64) PaperValue { return PaperValue{Name: name, Value: v, Unit: "%"} }
func nats(name string, v float64) PaperValue    { return PaperValue{Name: name, Value: v, Unit: "nats"} }

// registry holds the claims as data.
var registry = []Claim{
	{
		ID:        "C1",
		Statement: "A sink slows mixing: editing one token moves the other tokens' representations less when ⟨bos⟩ is in front.",
		Evidence:  "Fig. 2: Gemma 7B on a Shakespeare paragraph, \"greatest\" → \"best\"; the norm of the difference is larger at every layer and position without ⟨bos⟩.",
	},
	{
		ID:        "C2",
		Statement: "Without ⟨bos⟩, attention maps are smoother.",
		Evidence:  "Fig. 3, qualitative: row entropy goes up, row maximum down.",
	},
	{
		ID:        "C3",
		Statement: "⟨bos⟩ has the smallest value norm of all tokens.",
		Evidence:  "Fig. 4b, qualitative.",
	},
	{
		ID:        "C4",
		Statement: "A head can be an if–else: it acts where its pattern is present and attends to the sink where it is not.",
		Evidence:  "Fig. 4a, qualitative: an apostrophe head in layer 1 attends to a preceding apostrophe, else to ⟨bos⟩.",
	},
	{
		ID:        "C5",
		Statement: "Jacobian norms obey Theorem 3.2, and its bound shrinks as attention moves to token 1.",
		Evidence:  "Theorem 3.2, an inequality.",
	},
	{
		ID:        "C6",
		Statement: "Rank collapse implies representational collapse; the converse is false.",
		Evidence:  "Proposition 3.1, an inequality.",
	},
	{
		ID:        "C7",
		Statement: "At an equal token budget, training on longer contexts gives more sinks.",
		Evidence:  "Fig. 5a: models of about 120M parameters, 5B tokens, contexts of 128 to 2048 tokens; read off a plot.",
		Figures: []PaperValue{
			{Name: "sink rate at context 128", Value: 0, Unit: "%", About: true},
			{Name: "sink rate at context 2048", Value: 40, Unit: "%", About: true},
		},
	},
	{
		ID:        "C8",
		Statement: "There are no sinks at initialisation; they emerge in training, sooner with longer contexts.",
		Evidence:  "Fig. 5b, curves.",
	},
	{
		ID:        "C9",
		Statement: "The effect of the context length is not one of model quality: validation losses are comparable.",
		Evidence:  "Fig. 7, curves.",
	},
	{
		ID:        "C10",
		Statement: "Larger and deeper models have more sink heads.",
		Evidence:  "Table 1: LLaMA 3.1, ε = 0.8, T = 64, 170 prompts.",
		Figures: []PaperValue{
			percent("LLaMA 3.1 8B", 45.97), percent("LLaMA 3.1 70B", 73.49), percent("LLaMA 3.1 405B", 78.29),
		},
	},
	{
		ID:        "C11",
		Statement: "⟨bos⟩ is not needed: a model trained without it forms the sink at whatever token comes first.",
		Evidence:  "Table 2: causal packing, no ⟨bos⟩ in training.",
		Figures:   []PaperValue{percent("sink rate with ⟨bos⟩", 65.10), percent("sink rate without ⟨bos⟩", 65.15)},
	},
	{
		ID:        "C12",
		Statement: "A ⟨bos⟩ fixed at position 1 in training strengthens the sink.",
		Evidence:  "Table 2: against no ⟨bos⟩ (causal), and against none or one at each document start (intra-document).",
		Figures: []PaperValue{
			percent("causal, no ⟨bos⟩", 65.10), percent("causal, fixed ⟨bos⟩", 90.84),
			percent("intra-document, no ⟨bos⟩", 28.23), percent("intra-document, ⟨bos⟩ at document starts", 83.33),
			percent("intra-document, fixed ⟨bos⟩", 90.56),
		},
	},
	{
		ID:        "C13",
		Statement: "A model trained with a fixed ⟨bos⟩ depends on it: without it the sink vanishes and the loss rises steeply.",
		Evidence:  "Table 2: inference with and without ⟨bos⟩.",
		Figures: []PaperValue{
			percent("causal, sink rate with ⟨bos⟩", 90.84), percent("causal, sink rate without ⟨bos⟩", 0.05),
			nats("causal, loss with ⟨bos⟩", 2.69), nats("causal, loss without ⟨bos⟩", 7.56),
			percent("intra-document, sink rate with ⟨bos⟩", 90.56), percent("intra-document, sink rate without ⟨bos⟩", 0.00),
			nats("intra-document, loss with ⟨bos⟩", 2.67), nats("intra-document, loss without ⟨bos⟩", 7.78),
		},
	},
	{
		ID:        "C14",
		Statement: "A ⟨bos⟩ at document starts only is a soft habit: without it the sink is about halved and the loss hardly moves.",
		Evidence:  "Table 2: intra-document masking, ⟨bos⟩ at each document start.",
		Figures: []PaperValue{
			percent("sink rate with ⟨bos⟩", 83.33), percent("sink rate without ⟨bos⟩", 50.24),
			nats("loss with ⟨bos⟩", 2.67), nats("loss without ⟨bos⟩", 2.68),
		},
	},
	{
		ID:        "C15",
		Statement: "Without ⟨bos⟩, intra-document masking gives a weaker sink than causal packing.",
		Evidence:  "Table 2: no ⟨bos⟩ in training nor inference.",
		Figures:   []PaperValue{percent("intra-document", 28.23), percent("causal", 65.15)},
	},
	{
		ID:        "C16",
		Statement: "The way of packing hardly changes the validation loss while inference matches training.",
		Evidence:  "Table 2: the range of losses over all matched rows.",
		Figures:   []PaperValue{nats("lowest loss", 2.67), nats("highest loss", 2.70)},
	},
	{
		ID:        "C17",
		Statement: "Gemma 7B breaks without ⟨bos⟩, worst on long contexts.",
		Evidence:  "Table 3: scores with and without ⟨bos⟩.",
		Figures: []PaperValue{
			percent("RULER-4096 with ⟨bos⟩", 82.57), percent("RULER-4096 without", 0.00),
			percent("ARC-E with ⟨bos⟩", 80.77), percent("ARC-E without", 28.49),
			percent("ARC-C with ⟨bos⟩", 53.50), percent("ARC-C without", 22.53),
			percent("PIQA with ⟨bos⟩", 81.72), percent("PIQA without", 52.77),
			percent("SIQA with ⟨bos⟩", 48.26), percent("SIQA without", 34.70),
			percent("HellaSwag with ⟨bos⟩", 80.61), percent("HellaSwag without", 27.35),
			percent("Winogrande with ⟨bos⟩", 72.85), percent("Winogrande without", 49.41),
		},
	},
}
