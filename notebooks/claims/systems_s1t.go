package claims

// s1t asks S1's question of a task that needs a rest.
var s1t = Claim{
	ID:        "S1t",
	Model:     Trained,
	Statement: "Where a task needs a rest, heads that may rest elsewhere than on a key do so, make no sink, and do the task as well.",
	Evidence:  "a question to arXiv 2603.11487, whose task makes softmax heads rest on ⟨bos⟩ and ReLU heads not; of other forms not published.",
}

// S1t judges the forms whose sinks are gone on text, on trigger-mean, as train/LOG.md fixed it on
// 2026-11-28 before the first of their runs on it. One layer of two heads, an MLP of 176, ⟨bos⟩ in
// front, context 16; queries 5 to 16, mean over heads; five seeds, paired with softmax of the same
// seed where a figure names it:
//
//  1. attention of values to ⟨bos⟩ in rows scaled to sum 1, in %, less a quarter of softmax's (a row
//     of zeros gives ⟨bos⟩ nothing);
//  2. what a head writes at values, behind its gate if it has one, over a mean value;
//  3. the held-out loss less softmax's, in nats.
//
// Where softmax itself did not rest on ⟨bos⟩ there would be nothing to compare. It fails for a form
// that prefers a sink to the rest it is offered, that works where it should rest, or that pays.
func S1t() Rule {
	var rules []Rule
	for _, form := range SinklessForms {
		rules = append(rules, resting(form)...)
	}
	return Given(rests(), Every(rules...))
}

// S1tOf judges another form by the same parts.
func S1tOf(form string) Rule { return Given(rests(), Every(resting(form)...)) }

// Figures of S1t: a form's name stands in front of them, softmax's of [RestOnBOS] alone.
const (
	RestOnBOS   = ", attention of values to ⟨bos⟩"
	RestLess    = ", attention of values to ⟨bos⟩ less a quarter of softmax's"
	RestWritten = ", written / read at values"
	RestCost    = ", loss less softmax's"
)

func rests() Rule { return Above("softmax"+RestOnBOS, 50) }

func resting(form string) []Rule {
	return []Rule{Below(form+RestLess, 0), Below(form+RestWritten, 0.5), Below(form+RestCost, 0.01)}
}
