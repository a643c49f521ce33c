package claims

// s4 is the claim about quantisation: what rounding activations to a fixed grid costs is the sink's
// massive activation.
var s4 = Claim{
	ID:        "S4",
	Model:     SmolLM2,
	Statement: "What static 8-bit activations cost is the sink's massive activation: it goes with token 1 kept in full precision, and with the sink switched off.",
	Evidence:  "PrefixQuant (arXiv 2410.05265): Llama-3-8B, W4A4KV4 static per tensor, perplexity 7.43 with the outlier tokens kept as a prefix against 8.41 of QuaRot; CushionCache (2406.12016), KVSink (2508.04257: sinks are not always first).",
}

// S4 is judged on weights of 8 bits and activations of 8 bits. What is explained is the loss of
// static steps less that of dynamic ones, which have no outlier token to be set by; where that is
// not above 0 there is nothing to explain. Of it more than half must go, 1 − Σ left / Σ cost: with
// token 1 kept in full precision and out of the calibration, and with the sink switched off where
// it is written, in calibration too, static and dynamic both measured so. Each has a control of the
// same size elsewhere: another token kept, the same updates left out at another token. That the
// sink is off where it is said to be is a precondition, as in C1.
//
// The unit is the calibration: each of several draws of texts sets its own steps, for texts of its
// own, none of which are among the others'; intervals over texts that share one calibration would
// know nothing of what another would have given. One half of the cost is the middle: above it the
// massive activation of token 1 is most of the cost, below it most is something else's. Two parts,
// for a second sink in some text can spoil the first and not the second, or the other way round
// where switching the sink off makes another. It fails if most of the cost stays.
func S4() Rule {
	removed := func(by, control string) Rule {
		return Specific(Above("share of that removed, "+by, 50), Above("share removed, "+by+" − "+control, 0))
	}
	return Given(Above("loss, static − dynamic", 0), Parts(
		removed("token 1 kept", "another token kept"),
		Given(Every(Above("sink rate of the sink's blocks, intact", 30), Below("sink rate of the sink's blocks, sink off", 10)),
			removed("sink off", "the same at another token"))))
}
