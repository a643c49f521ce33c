package claims

// systemsS1 are S1, attention that needs no sink, and S1b and S1c, what the theory of sinks says of
// it.
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
}, {
	ID:        "S1c",
	Model:     Trained,
	Statement: "Models without a sink draw their tokens no nearer together by depth, and let them reach each other no more, than softmax's do with theirs.",
	Evidence:  "a question to arXiv 2504.02732, by which sinks are there against over-mixing (Theorem 3.2, Proposition 3.1); not published.",
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

// S1c judges the same forms by what the paper's two propositions are about, in models of one seed,
// on the same texts of 64 tokens behind ⟨bos⟩, as geometric means over seeds:
//
//   - relative spread, C6's ‖V − 1x̄ᵀ‖_F / ‖V‖_F of what blocks 1 … L hand on, token 1 left out,
//     geometric mean over blocks and texts: 0 where all tokens are one;
//   - influence, C5's norm of the full derivative: √Σ_i ‖∂v_j/∂v_i‖²_F over 1 < i < j, divided by
//     ‖∂v_j/∂v_j‖_F, from the embeddings to the last block, geometric mean over j = 32, 64 and
//     texts. A sum, since a softpick model may cut single pairs off; over a token's own, since
//     streams of two models differ in length, and MLPs amplify both.
//
// The bounds are a tenth, as S1b's. A form that makes up for its missing sink by nothing mixes more:
// its tokens draw together, or reach each other more.
func S1c() Rule {
	var forms []Rule
	for _, form := range SinklessForms {
		forms = append(forms, Every(Above(form+", relative spread of token states / softmax's", 0.9), Below(form+", influence of other tokens / softmax's", 1.1)))
	}
	return Given(manySinks(), Parts(forms...))
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
