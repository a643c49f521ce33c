package claims

// systemsS1 are S1, attention that needs no sink, and S1b, what the theory of sinks says of it.
// Figures are of the text they come from: models of 340M parameters.
var systemsS1 = []Claim{{
	ID:        "S1",
	Model:     Trained,
	Statement: "Softpick trains as well as softmax, without a sink, without outliers, and with weights that are zero.",
	Evidence:  "arXiv 2504.20966, Table 1 and text: models of 340M parameters; losses about equal.",
	Figures: []PaperValue{
		percent("softpick, sink rate", 0), percent("softpick, sparsity", 46.97),
		{Name: "softpick, kurtosis", Value: 340}, {Name: "softmax, kurtosis", Value: 33510},
	},
}, {
	ID:        "S1b",
	Model:     Trained,
	Statement: "Where heads may rest elsewhere than on a sink, the edit of a token spreads no farther than where they rest on one.",
	Evidence:  "a question to arXiv 2504.02732, by which sinks are there against over-mixing; not published.",
}}

// S1 judges softpick, as train/LOG.md fixed it on 2026-11-28 before the first of its runs. All
// figures are at the end of training, paired with softmax of the same seed where they name it:
//
//  1. the sink rate of rows scaled to sum 1, in %, less a tenth of softmax's;
//  2. the loss against softmax's, in %;
//  3. the logarithm of the kurtosis over softmax's, of the residual stream, the largest over layers;
//  4. sparsity, the share of the entries s ≤ t that are at most 1e-5, in %.
func S1() Rule {
	return Given(manySinks(), Every(append(needless("softpick"), Above("softpick, sparsity", 10))...))
}

// S1Of judges another form by parts 1 to 3: whether its rows are sparse is no question of sinks.
func S1Of(form string) Rule { return Given(manySinks(), Every(needless(form)...)) }

// S1b judges the forms without sinks that have five seeds. The spread is C1's (package perturb):
// relative change of the tokens behind an edit, mean over tokens and blocks, of the same edits in
// models that share their seed; the ratio to softmax's is a geometric mean over seeds. "No farther"
// is by less than a tenth, the whole interval: if sinks are what keeps an edit in, and nothing
// takes their place, it is more. Absolute change is not compared between models: their residual
// streams differ in length.
func S1b() Rule {
	return Given(manySinks(), Parts(Below("softpick, relative spread / softmax's", 1.1), Below("sink-logit, relative spread / softmax's", 1.1)))
}

// manySinks is the precondition: where softmax makes no sinks, nothing can do without them.
func manySinks() Rule { return Above("softmax, sink rate", 5) }

func needless(form string) []Rule {
	return []Rule{
		Below(form+", sink rate of rows scaled to sum 1, less a tenth of softmax's", 0),
		Within(form+", loss against softmax's", -1, 1),
		Below(form+", logarithm of the kurtosis over softmax's", 0),
	}
}
