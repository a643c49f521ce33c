package claims

import "fmt"

// s4t asks of models trained without sinks what S4 asks of one whose sink is switched off.
var s4t = Claim{
	ID:        "S4t",
	Model:     Trained,
	Statement: "What static steps cost is the sink's massive activation: models trained without sinks do not pay it.",
	Evidence:  "the third part of what S4's sources imply (arXiv 2410.05265, 2406.12016); arXiv 2504.20966 says that softpick's models lose less by few bits, most at the lowest.",
}

// S4t judges the forms without sinks, as train/LOG.md fixed it on 2026-11-28 before any of the runs
// judged had been rounded. What is explained is the loss with static steps of 6 bits less that with
// dynamic ones, weights at 8 bits, of the same texts and the same calibration texts, paired with
// softmax of the same seed. Where softmax pays over 0.02 nats, a form without sinks does not pay it
// if its own cost is below half of softmax's: S4's half, above which most of the cost is there
// without a sink. It fails for a form whose ordinary tokens need steps as different as the sink
// needs from them, or that has made another outlier.
//
// The control is softmax's own sink: with ⟨bos⟩, where it is, kept in full precision and out of the
// calibration, more than half of the cost must go, and more than with another token kept. If it
// does not, a form without sinks may pay less, but it is not the sink that it saves.
func S4t() Rule {
	var rules []Rule
	for _, form := range SinklessForms {
		rules = append(rules, Below(form+", "+StaticCost(RuleBits)+", less half of softmax's", 0))
	}
	softmax := "softmax, " + StaticCost(RuleBits)
	return Given(Every(manySinks(), Above(softmax, 0.02)), Specific(Parts(rules...), Every(
		Above(softmax+", less twice what is left with token 1 kept", 0),
		Above(softmax+", another token kept − token 1 kept", 0))))
}

// RuleBits are the bits of activations that S4t is judged on: the most at which static steps cost a
// model of softmax that is not judged more than 0.02 nats.
const RuleBits = 6

// StaticCost is what figures call the loss with static steps of so many bits less that with dynamic
// ones.
func StaticCost(bits int) string { return fmt.Sprintf("%d bits, static − dynamic", bits) }
