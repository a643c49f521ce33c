package claims

// systemsS1 is S1: attention that needs no sink. Its figures are of the text it comes from: models of 340M parameters.
var systemsS1 = []Claim{{
	ID:        "S1",
	Model:     Trained,
	Statement: "Softpick trains as well as softmax, without a sink, without outliers, and with weights that are zero.",
	Evidence:  "arXiv 2504.20966, Table 1 and text: models of 340M parameters; losses about equal.",
	Figures: []PaperValue{
		percent("softpick, sink rate", 0), percent("softpick, sparsity", 46.97),
		{Name: "softpick, kurtosis", Value: 340}, {Name: "softmax, kurtosis", Value: 33510},
	},
}}

// S1 judges softpick, as train/LOG.md fixed it on 2026-11-28 before the first of its runs. All figures are at the end of training,
// paired with softmax of the same seed where they name it:
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

// manySinks is the precondition: where softmax makes no sinks, nothing can do without them.
func manySinks() Rule { return Above("softmax, sink rate", 5) }

func needless(form string) []Rule {
	return []Rule{
		Below(form+", sink rate of rows scaled to sum 1, less a tenth of softmax's", 0),
		Within(form+", loss against softmax's", -1, 1),
		Below(form+", logarithm of the kurtosis over softmax's", 0),
	}
}
