// Package claims keeps the verdicts on the claims of "Why do LLMs attend to the
// first token?" (Barbero et al. 2025, arXiv 2504.02732) and on others: what is stated
// and was measured elsewhere, what was measured here with its spread, and whether the claim
// holds by a rule stated beforehand.
//
// A notebook calls Judge with its figures and a Rule, one of those in rules.go, and saves the
// Record; no verdict is written by hand. A claim can be judged on several models, each a record of
// its own. A record holds its rule and figures as data, and one whose verdict is not what the rule
// gives on the figures is refused when it is read. Verdicts that another rule once gave stay on
// file in history.json.
//
// The command notebooks/claims/cmd/claims prints the table of all claims, those without a record
// as "not run".
package claims

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Claim is one statement of the paper, or of another source.
type Claim struct {
	ID        string       // "C1" … "C17" are the paper's; others have another letter: "S1", "S3b"
	Statement string       // in our words
	Evidence  string       // where and how its source supports it
	Figures   []PaperValue // the source's numbers, where it gives any
	Model     string       // what it is judged on unless the record says otherwise
}

// PaperValue is one number of the paper. A figure measured here answers it by
// having the same name.
type PaperValue struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`  // "%", "nats"; empty for pure numbers
	About bool    `json:"about,omitempty"` // read off a plot
}

// registry holds all claims, the paper's first.
var registry = slices.Concat(paper, beyond)

// beyond are claims that are not the paper's: results of other works on sinks and questions of our
// own, under ids with another letter than C. Each group has a file with its rules.
var beyond = slices.Concat(systemsS1, []Claim{s1t}, streaming, []Claim{s3b, s4, s4t}, systemsS5, systemsS6, []Claim{w1})

// What claims are judged on here.
const (
	SmolLM2 = "SmolLM2-135M"
	Gemma3  = "Gemma 3 270M"
	Trained = "trained here"
)

// All returns the claims in order.
func All() []Claim { return slices.Clone(registry) }

// Find returns the claim with this id; an unknown id is an error.
func Find(id string) (Claim, error) {
	i := slices.IndexFunc(registry, func(c Claim) bool { return c.ID == id })
	if i >= 0 {
		return registry[i], nil
	}
	var ids []string
	for _, c := range registry {
		ids = append(ids, c.ID)
	}
	return Claim{}, fmt.Errorf("claims: no claim %q: the ids are %s", id, strings.Join(ids, ", "))
}

// idForm is a letter, a number and perhaps a small letter.
var idForm = regexp.MustCompile(`^([A-Z])([1-9][0-9]?)([a-z]?)$`)

// fileName is "C07.json" for the record of C7 on the claim's own model, so that a folder lists in
// order, and "C07-gemma-3-270m.json" for one on another.
func (c Claim) fileName(model string) string {
	part := idForm.FindStringSubmatch(c.ID)
	name := fmt.Sprintf("%s%02s%s", part[1], part[2], part[3])
	if model != c.Model {
		name += "-" + slug(model)
	}
	return name + ".json"
}

// slug is a model's name as a part of a file name.
func slug(model string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(model), "-"), "-")
}

// percent and nats are figures in these units.
func percent(name string, v float64) PaperValue { return PaperValue{Name: name, Value: v, Unit: "%"} }
func nats(name string, v float64) PaperValue    { return PaperValue{Name: name, Value: v, Unit: "nats"} }

// paper holds the claims of the paper as data.
var paper = []Claim{
	{
		ID:        "C1",
		Model:     SmolLM2,
		Statement: "A sink slows mixing: editing one token moves the other tokens' representations less when ⟨bos⟩ is in front.",
		Evidence:  "Fig. 2: Gemma 7B on a Shakespeare paragraph, \"greatest\" → \"best\"; the norm of the difference is larger at every layer and position without ⟨bos⟩.",
	},
	{
		ID:        "C2",
		Model:     SmolLM2,
		Statement: "Without ⟨bos⟩, attention maps are smoother.",
		Evidence:  "Fig. 3, qualitative: row entropy goes up, row maximum down.",
	},
	{
		ID:        "C3",
		Model:     SmolLM2,
		Statement: "⟨bos⟩ has the smallest value norm of all tokens.",
		Evidence:  "Fig. 4b, qualitative.",
	},
	{
		ID:        "C4",
		Model:     SmolLM2,
		Statement: "A head can be an if–else: it acts where its pattern is present and attends to the sink where it is not.",
		Evidence:  "Fig. 4a, qualitative: an apostrophe head in layer 1 attends to a preceding apostrophe, else to ⟨bos⟩.",
	},
	{
		ID:        "C5",
		Model:     SmolLM2,
		Statement: "Jacobian norms obey Theorem 3.2, and its bound shrinks as attention moves to token 1.",
		Evidence:  "Theorem 3.2, an inequality.",
	},
	{
		ID:        "C6",
		Model:     SmolLM2,
		Statement: "Rank collapse implies representational collapse; the converse is false.",
		Evidence:  "Proposition 3.1, an inequality.",
	},
	{
		ID:        "C7",
		Model:     Trained,
		Statement: "At an equal token budget, training on longer contexts gives more sinks.",
		Evidence:  "Fig. 5a: models of about 120M parameters, 5B tokens, contexts of 128 to 2048 tokens; read off a plot.",
		Figures: []PaperValue{
			{Name: "sink rate at context 128", Value: 0, Unit: "%", About: true},
			{Name: "sink rate at context 2048", Value: 40, Unit: "%", About: true},
		},
	},
	{
		ID:        "C8",
		Model:     Trained,
		Statement: "There are no sinks at initialisation; they emerge in training, sooner with longer contexts.",
		Evidence:  "Fig. 5b, curves.",
	},
	{
		ID:        "C9",
		Model:     Trained,
		Statement: "The effect of the context length is not one of model quality: validation losses are comparable.",
		Evidence:  "Fig. 7, curves.",
	},
	{
		ID:        "C10",
		Model:     Trained,
		Statement: "Larger and deeper models have more sink heads.",
		Evidence:  "Table 1: LLaMA 3.1, ε = 0.8, T = 64, 170 prompts.",
		Figures: []PaperValue{
			percent("LLaMA 3.1 8B", 45.97), percent("LLaMA 3.1 70B", 73.49), percent("LLaMA 3.1 405B", 78.29),
		},
	},
	{
		ID:        "C11",
		Model:     SmolLM2,
		Statement: "⟨bos⟩ is not needed: a model trained without it forms the sink at whatever token comes first.",
		Evidence:  "Table 2: causal packing, no ⟨bos⟩ in training.",
		Figures:   []PaperValue{percent("sink rate with ⟨bos⟩", 65.10), percent("sink rate without ⟨bos⟩", 65.15)},
	},
	{
		ID:        "C12",
		Model:     Trained,
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
		Model:     Trained,
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
		Model:     Trained,
		Statement: "A ⟨bos⟩ at document starts only is a soft habit: without it the sink is about halved and the loss hardly moves.",
		Evidence:  "Table 2: intra-document masking, ⟨bos⟩ at each document start.",
		Figures: []PaperValue{
			percent("sink rate with ⟨bos⟩", 83.33), percent("sink rate without ⟨bos⟩", 50.24),
			nats("loss with ⟨bos⟩", 2.67), nats("loss without ⟨bos⟩", 2.68),
		},
	},
	{
		ID:        "C15",
		Model:     Trained,
		Statement: "Without ⟨bos⟩, intra-document masking gives a weaker sink than causal packing.",
		Evidence:  "Table 2: no ⟨bos⟩ in training nor inference.",
		Figures:   []PaperValue{percent("intra-document", 28.23), percent("causal", 65.15)},
	},
	{
		ID:        "C16",
		Model:     Trained,
		Statement: "The way of packing hardly changes the validation loss while inference matches training.",
		Evidence:  "Table 2: the range of losses over all matched rows.",
		Figures:   []PaperValue{nats("lowest loss", 2.67), nats("highest loss", 2.70)},
	},
	{
		ID:        "C17",
		Model:     SmolLM2,
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
