package claims

// The rules of the paper's claims, in terms of figures that a notebook must measure under these
// names. Each says why it is this rule and what could make it fail; it is fixed before the figures
// are computed.
//
// Throughout: a figure over texts or edits has its interval over texts, one over training runs
// Student's t over seeds, paired by seed where settings are compared, both within the range of what
// is measured (stats.Options.Range). A head has a sink where α₁ > 0.3. A run has a sink where more
// than 5 % of its heads do, over texts. "At hand" are exact figures: counted over the runs there
// are, they say whether an experiment has anything to judge, not how often such runs would.

// Habit is what a model was trained to find in front of every text, which decides what "without
// ⟨bos⟩" can mean for it.
type Habit string

// The habits of the models here.
const (
	// AnyFirst: no token was fixed in front (SmolLM2), and the sink lies at whatever comes first.
	// Leaving ⟨bos⟩ out moves the sink to the next token instead of removing it; to remove it, what
	// makes it is switched off (the update that makes token 1 large).
	AnyFirst Habit = "any first token"
	// FixedBOS: ⟨bos⟩ stood in front of every text (Gemma). Leaving it out takes the sink away, as
	// the paper does.
	FixedBOS Habit = "⟨bos⟩ in front"
)

// hasSink is the precondition of all claims about trained runs: more than half of the runs at hand
// of the row that a claim starts from have a sink. Where they have none, that one row has less than
// another, or keeps half of it, says nothing.
func hasSink(row string) Rule { return Above(row+": runs at hand with a sink", 50) }

// equalLoss is the precondition of a control: it costs the measured texts as much loss as what it
// is a control of, within 0.01 nats. The figure is exact: the control's size was calibrated on
// these very texts (perturb.Calibrate), not estimated for others.
func equalLoss(treatment, control string) Rule {
	return Within("loss, "+treatment+" − "+control, -0.01, 0.01)
}

// The controls: damage that is not the sink's.
const (
	noise = "noise of equal loss"       // drawn anew for each text, several times, averaged over draws
	mlps  = "MLPs weakened, equal loss" // probe.Weaken by the fraction of equal loss, token 1 spared
	bos   = "with ⟨bos⟩"
	none  = "without ⟨bos⟩"
	other = "random first token" // an ordinary token in the place of ⟨bos⟩, several draws
)

// farther asks that edits spread farther under one condition than under another, in relative and in
// absolute change.
func farther(a, b string) Rule {
	return Every(Above("relative spread, "+a+" / "+b, 1), Above("absolute spread, "+a+" / "+b, 1))
}

// C1: a sink slows mixing. Figures are ratios of the spread of the same edits over the same tokens,
// geometric means over texts (perturb.Ratio), averaged over the blocks in which the sink is.
//
// The claim proper is that edits spread farther without the sink. It must be so in both units:
// absolute change alone grows with residual norms, relative change alone with small ones. Whether
// it is the sink's doing is judged after that: damage of another kind that costs the same loss must
// spread edits less. A model that is merely worse mixes more too; then the claim is true, but no
// more true of sinks than of anything else (mixed). It fails if edits spread no farther without the
// sink. Where the control is not of equal loss, or the sink is not off, the experiment was not
// done: not testable.
//
// For a model of fixed ⟨bos⟩ a random token in its place is one more control: it keeps the number
// of tokens and positions.
func C1(h Habit) Rule {
	if h == FixedBOS {
		return Given(Every(Above("sink rate, "+bos, 5), equalLoss(none, noise), equalLoss(none, mlps)),
			Specific(farther(none, bos), Every(farther(other, bos), farther(none, noise), farther(none, mlps))))
	}
	return Given(Every(Above("sink rate of the sink's blocks, intact", 30), Below("sink rate of the sink's blocks, sink off", 10),
		equalLoss("sink off", noise), equalLoss("sink off", mlps)),
		Specific(farther("sink off", "intact"), Every(farther("sink off", noise), farther("sink off", mlps))))
}

// C2: without the sink, attention is smoother. Judged by the entropy of rows with key 1 left out
// and the rest scaled to sum to 1, on both sides of each difference, so over the same keys.
//
// The entropy of whole rows cannot fail: where a row holds 0.6 on key 1, taking that weight away
// raises its entropy by arithmetic, whatever the model does with it. (On paper, key 1 dropped from
// SmolLM2's rows adds 0.66 nats; switching the sink off adds 0.56.) Whole rows are shown beside it,
// as "row entropy, …", since they are what the paper's Fig. 3 pictures. What the claim means for
// mixing, that tokens of the text are averaged more evenly, is in the rows without key 1. It fails
// if these are as sharp or sharper without the sink. That it is the sink's doing is judged as in
// C1, where it holds.
func C2(h Habit) Rule {
	smoother := func(a, b string) Rule { return Above("row entropy without key 1, "+a+" − "+b, 0) }
	if h == FixedBOS { // of rows without ⟨bos⟩ nothing is left out: the same keys, those of the text
		smoother = func(a, b string) Rule { return Above("row entropy over the text's keys, "+a+" − "+b, 0) }
		return Given(Above("sink rate, "+bos, 5), Specific(smoother(none, bos), smoother(other, bos)))
	}
	return Given(Every(Above("sink rate of the sink's blocks, intact", 30), Below("sink rate of the sink's blocks, sink off", 10)),
		Specific(smoother("sink off", "intact"), Every(smoother("sink off", noise), smoother("sink off", mlps))))
}

// C3: the first token has the smallest value. The claim is about heads with a sink, for which it
// explains that they do nothing; over all heads it would be judged by how many blocks come before
// the sink. The second figure is a share of heads, of those whose mean α₁ over texts is above 0.3,
// and its interval is stats.Bootstrap over texts of that share; a head counts if token 1's value is
// the shortest of all in more than half of the texts. 90 %: "all tokens" and "⟨bos⟩" leave no room
// for one head in five. Heads by depth are shown beside. It fails if values of sink heads are short
// but not the shortest, or so in some blocks only.
func C3(Habit) Rule {
	return Given(Above("sink rate", 5), Every(
		Below("‖v₁‖ / mean ‖vⱼ‖ in heads with a sink", 1),
		Above("heads with a sink whose token 1 has the smallest value in most texts", 90)))
}

// C4: a head can be an if–else. One head and trigger is enough for "can", so they may be searched
// for; all figures are of texts that the search has not seen, or of the paper's own trigger, an
// apostrophe just before, which is not searched for. Attention must go to token 1 where the pattern
// is absent and to the pattern where it is present, in most queries; the head must write more where
// it is present; and it must be the pattern that does it: exchanged for another token, the mass
// returns to the sink, more than when a token beside it is exchanged. It fails if the head follows
// position or anything else that goes along with the pattern: exchanging it then changes nothing.
// Intervals over texts that have the trigger. For a model of fixed ⟨bos⟩ token 1 is ⟨bos⟩; the rule
// is the same.
func C4(Habit) Rule {
	return Every(
		Above("share of queries without X whose largest weight is token 1's", 0.5),
		Above("share of queries with X whose largest weight is X's", 0.5),
		Above("write norm with X / without", 1),
		Above("sink mass that returns when X is exchanged", 0),
		Above("… beyond the control's", 0))
}

// C5: Theorem 3.2. That Jacobians obey it is a theorem: a check, with pairs that could not be
// computed counted as above the bound. What can be asked of a model is whether its own sink makes
// the bound smaller, against key 1 hidden from later queries, and, if it does, whether the
// Jacobian's norm follows. Both for pairs of tokens of the text, in log₁₀. What a mass put on token
// 1 by hand does is shown beside; it says what a sink of that size could do. It fails if the
// model's own sink leaves the path product as large as it is without, or makes it larger, which a
// weight moved from far keys to the diagonal can.
//
// The model of fixed ⟨bos⟩ here, Gemma 3, has norms behind its sublayers too: the theorem's C_max is
// not defined for its blocks (package jacobian refuses it by name), so nothing is checked against
// the bound. What the bound shrinks with, the path product, is made of attention alone and defined
// for every model, as is the derivative's norm: both parts are asked as they are elsewhere.
func C5(h Habit) Rule {
	own := Parts(Below("log₁₀ of path product, as it is against key 1 hidden", 0),
		Below("log₁₀ of ‖∂v_j/∂v_i‖_F, as it is against key 1 hidden", 0))
	if h == FixedBOS {
		return own
	}
	return Every(Check(Within("pairs above the bound with + I", 0, 0)), own)
}

// C6: Proposition 3.1 and its converse's counter-example are mathematics: checks. The first leaves
// out states whose rows are equal up to rounding (collapse.MinSpread). What a model can show is
// whether the two go together in it where the proposition's bound is far from tight: the rank
// correlation over blocks of ‖V − 1x̄ᵀ‖_F/‖V‖_F and ‖vₙ − vₙ₋₁‖/‖vₙ‖, token 1 left out of both,
// mean over texts. It fails if tokens draw together over the depth while the last two do not, or
// the other way round.
func C6(Habit) Rule {
	return Every(
		Check(Within("largest ‖vₙ − vₙ₋₁‖ / (√2 ‖V − 1x̄ᵀ‖_F)", 0, 1+1e-6)),
		Check(Within("counter-example, ‖vₙ − vₙ₋₁‖", 0, 1e-6)),
		Check(Above("counter-example, ‖V − 1x̄ᵀ‖_F / ‖V‖_F", 0.5)),
		Above("rank correlation over blocks of relative spread and relative distance of the last two tokens", 0))
}

// C7: more sinks with longer training contexts, at 98.3 M tokens for every context and on texts of
// 64 tokens for all. The budget is part of the rule: it once grew from 8 to 123 M tokens with the
// results in sight. The figure is the slope of the sink rate by log₂ of the context, fitted for
// each seed over its runs, mean over seeds: it uses all contexts and all seeds, where comparing the
// ends and asking for an order between does not say how sure it is. It fails if rates fall with the
// context; with three seeds it takes a large effect to decide. Not testable where most runs have no
// sink at any context.
func C7() Rule {
	return Given(hasSink("98.3 M tokens, all contexts"), Above("slope of the sink rate by doubling of the context, 98.3 M tokens", 0))
}

// C8: none at the start, then they emerge, sooner with longer contexts: three parts. Runs with a
// sink are counted, k of n with the interval of Clopper and Pearson: "none" must exclude one run in
// four, which takes 13 runs, "emerge" must be most runs. Sooner is the share of training after
// which a run's rate first exceeds 5 %, longest context less shortest, paired by seed; a run
// without a sink counts as 100 %. That can only make the difference smaller where both lack one,
// and larger where the longest context does, which is what the claim denies.
func C8() Rule {
	return Parts(
		Below("runs with a sink at initialisation", 25),
		Above("runs with a sink at the end", 50),
		Below("emergence, longest − shortest context", 0))
}

// C9: losses are comparable across contexts, so that C7 is not a matter of better models. Judged on
// the losses that the paper draws, each model at its own context, and on the same texts of 64
// tokens for all: with more context a loss is lower, with no better model. Both in % of the
// shortest context's, paired by seed. 5 % is about 0.15 nats here. It fails if models of one
// context are better by more.
func C9() Rule {
	return Parts(
		Within("loss at the longest context against the shortest", -5, 5),
		Within("loss on texts of 64 tokens, longest context against the shortest", -5, 5))
}

// C10: more sink heads in deeper models and in wider ones, as shares of heads like Table 1's, after
// the same number of tokens: the largest less the smallest, paired by seed. Two parts, for the
// paper's models grow in both at once and ours need not agree. Not testable where most runs have no
// sink at any size.
func C10() Rule {
	return Given(hasSink("all sizes"), Parts(
		Above("sink rate, layers 6 − layers 1", 0),
		Above("sink rate, width 128 − width 32", 0)))
}

// C11: a model trained without ⟨bos⟩ has its sink at whatever token comes first: as much without
// ⟨bos⟩ as with it, nine tenths at least (the paper: 65.10 and 65.15 %). It fails if the sink is
// that of a special token. A model trained with ⟨bos⟩ fixed in front is none that the claim speaks
// of; what the paper says of it is C13.
func C11(h Habit) Rule {
	if h == FixedBOS {
		return Never("the claim is about models trained without ⟨bos⟩, and this one was trained with it: see C13")
	}
	return Given(Above("sink rate with ⟨bos⟩", 5), Above("sink rate, without ⟨bos⟩ / with", 0.9))
}

// tableTwo is the one precondition of the claims that compare with the rows of Table 2 trained
// without a fixed ⟨bos⟩: C11, C12 and C15. Without a sink there, "as much", "strengthens" and
// "weaker" have nothing to be compared with. C13 and C14 start from rows with ⟨bos⟩ and have the
// same precondition on these; C16 is about losses and needs none.
func tableTwo() Rule { return hasSink("causal, no ⟨bos⟩") }

// C11Trained is C11 for runs of ours: rates on text with and without ⟨bos⟩ in front within 5 % of
// heads of each other.
func C11Trained() Rule {
	return Given(tableTwo(), Within("sink rate, with − without ⟨bos⟩", -5, 5))
}

// C12: a fixed ⟨bos⟩ strengthens the sink, by the differences that Table 2 has, paired by seed.
// Where runs without one have no sink at all, theirs is made by it, not strengthened: another
// finding, which the same absence makes that C11 and C15 cannot be tested on these runs. To count
// it for the paper in one row and as a lack of evidence in the next would be choosing. It is shown
// beside. It fails if a fixed ⟨bos⟩ leaves the sink as it is or weakens it.
func C12() Rule {
	return Given(tableTwo(), Parts(
		Above("causal, fixed − no ⟨bos⟩", 0),
		Above("intra-document, fixed − no ⟨bos⟩", 0),
		Above("intra-document, fixed − ⟨bos⟩ at document starts", 0)))
}

// C13: a model of fixed ⟨bos⟩ depends on it. The sink vanishes: without it less than a tenth of the
// rate is left. The loss rises steeply: over half of what the context is worth is lost, (loss
// without − loss with)/(loss of a unigram model − loss with), over the same tokens of text. A ratio
// of losses has no scale of its own (2.69 → 7.56 nats is 2.8 times, and would be 1.5 times for a
// model of 7 nats); between knowing what the model knows and knowing the frequencies of tokens
// alone, half is the middle. The paper's 4.87 nats are over half of it for any unigram loss below
// 12.4 nats, which is more than any vocabulary of its kind allows. The unigram model is that of the
// training text, or for a model of others that of other texts of the same kind, each count plus
// one. It fails if the sink stays, or if the loss rises by less.
//
// A model without a fixed first token cannot be tested by construction: there is nothing that it
// was trained to depend on.
func C13(h Habit) Rule {
	if h == AnyFirst {
		return Never("the claim is about models trained with a fixed ⟨bos⟩, and this one had none to depend on: see C11")
	}
	return Given(Above("sink rate with ⟨bos⟩", 5), depends(""))
}

// C13Trained is C13 for runs of ours, by the two ways of packing.
func C13Trained() Rule {
	return Parts(
		Given(hasSink("causal, fixed ⟨bos⟩"), depends("causal, ")),
		Given(hasSink("intra-document, fixed ⟨bos⟩"), depends("intra-document, ")))
}

func depends(row string) Rule {
	return Every(
		Below(row+"sink rate without less a tenth of that", 0),
		Above(row+"share of what context is worth that is lost without ⟨bos⟩", 50))
}

// C14: ⟨bos⟩ at document starts only is a soft habit: without it between a quarter and three
// quarters of the sink are left ("about half"; the paper: 0.60), and the loss changes by 2 % at
// most (the paper: 0.4 %). It fails if the model depends on ⟨bos⟩ as in C13, or hardly notices. All
// paired by seed.
func C14() Rule {
	return Given(hasSink("intra-document, ⟨bos⟩ at document starts"), Every(
		Above("without less a quarter of with", 0), Below("without less three quarters of with", 0),
		Within("change of the loss", -2, 2)))
}

// C15: a weaker sink with intra-document masks, both without ⟨bos⟩, paired by seed. It fails if
// masks leave it as strong.
func C15() Rule { return Given(tableTwo(), Above("causal − intra-document, no ⟨bos⟩", 0)) }

// C16: packing hardly changes the loss. Each of the five ways to pack against the mean of all with
// the same seed (curves.Contrasts), over the same tokens of text, in intervals that hold at once
// (stats.Options.Bonferroni). 1 % to either side: then no two lie more than 2 % apart, which is how
// far they were allowed to when the largest and the smallest mean were compared; that span is no
// smooth figure, grows with the number of ways, and has no interval that covers. The paper's are
// 1.1 % apart. It fails if one way lies clearly beyond.
func C16() Rule {
	var rules []Rule
	for _, way := range Packings {
		rules = append(rules, Within("loss against the mean of all ways, "+way, -1, 1))
	}
	return Every(rules...)
}

// Packings are the ways to pack of C16.
var Packings = []string{"causal, none", "causal, fixed", "intra-document, none", "intra-document, starts", "intra-document, fixed"}

// C17: a model of fixed ⟨bos⟩ breaks without it, worst on long contexts. Breaks: of what it scores
// above chance more than half is lost, in multiple choice and in finding a needle; half is the
// middle, and the paper's losses are nine tenths (ARC-E 80.77 → 28.49 with a chance of 25). Worst:
// the needle, in long contexts, loses more of it than the short questions. Scores are of the same
// items, differences paired by item or, for needles of several lengths in one haystack, by
// haystack; the shares lost are stats.Bootstrap over these. Not testable where the model does not
// score above chance with ⟨bos⟩. It fails if the model answers as before, or unlearns no more at
// length. Where both lose everything, the second part stays undecided.
//
// A model without a fixed ⟨bos⟩ cannot be tested by construction; its scores are shown beside.
func C17(h Habit) Rule {
	if h == AnyFirst {
		return Never("the claim is about a model trained with ⟨bos⟩ in front, and this one was not: its scores with and without stand beside")
	}
	return Given(Every(Above("multiple choice: score above chance, with ⟨bos⟩", 0), Above("needle: score above chance, with ⟨bos⟩", 0)),
		Parts(
			Every(Above("multiple choice: share of that lost without ⟨bos⟩", 50), Above("needle: share of that lost without ⟨bos⟩", 50)),
			Above("share lost, needle − multiple choice", 0)))
}
