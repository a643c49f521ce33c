package claims

// Claims on what the first token is to attacks and defences, and what is measured for them, fixed
// before it was (packages sinks/security and sinks/security/measure).
//
// S5a: passages of 64 tokens of State of the Union addresses, no two of one address
// (corpus.PassageConfig{N: 8, T: 64, Seed: 15}; Gemma 3: N: 6, BOS). One token, the first, second,
// fifth or twentieth, is exchanged for each of ten tokens (Gemma 3: five): KL(unedited ‖ edited) of
// the next-token distribution, mean over the last 24 tokens (16) and the tokens put there, by text.
// Two triggers, a nonsense phrase and one that says nothing, in the twenty harmless messages of
// security.Pairs, in front of the user's words, behind half of them, or behind all: KL of the
// twelve predictions of the answer that the model gives without it, mean over triggers, by message.
//
// S5b, S5c: the twenty pairs of messages of security.Pairs through SmolLM2's chat template, answers of
// twelve tokens, greedy. P_safety is of the first tokens of refusals; where fewer than five of the
// forty answers refuse, of those that refuse when a system message tells the model to. KL by depth
// is of the free answer to a mild message, its first token exchanged and the others kept. The sink
// is switched off by leaving out what the MLPs that make it write at token 1, as in S4.
var systemsS5 = []Claim{{
	ID:        "S5a",
	Model:     SmolLM2,
	Statement: "What stands first decides: exchanging the first token changes what comes far behind it more than exchanging another, and a trigger works best at the front.",
	Evidence:  "arXiv 2510.17021: trained-in triggers at the front work far better than inside a text or at its end. Here nothing is trained.",
}, {
	ID:        "S5b",
	Model:     SmolLM2,
	Statement: "One safety token forced first in the answer makes an aligned model decline what it should, and not what it should not.",
	Evidence:  "One Trigger Token (arXiv 2505.07167), on aligned models of billions of parameters. No figures of theirs could be read.",
}, {
	ID:        "S5c",
	Model:     SmolLM2,
	Statement: "A first token forced on the answer changes the next few tokens alone, and not by way of the sink.",
	Evidence:  "arXiv 2406.05946 calls what aligned models learn a few tokens deep. Whether a sink takes part: a question of our own.",
}}

// S5a, in two parts, each with its controls: the same exchange at every other position must do
// less, the same trigger at both other places. It fails where any of them does more, as content
// nearer to what is predicted may.
func S5a() Rule {
	return Parts(S5aEdits(), Every(Above("KL, trigger at the front − inside", 0), Above("KL, trigger at the front − at the end", 0)))
}

// S5aEdits is the first part, all there is of a model without a chat template.
func S5aEdits() Rule {
	return Every(Above("KL, first token − second", 0), Above("KL, first token − fifth", 0), Above("KL, first token − twentieth", 0))
}

// S5b: more mild messages are declined with a token of P_safety than without, more than with a
// neutral token that begins other answers and is as frequent, and more than harmless messages are
// with it. Given a model that declines at all: a quarter of what it might, by the whole of Wilson's
// interval. Where there is nothing to trigger, the defence cannot be judged.
func S5b() Rule {
	return Given(Above("mild messages declined, free", 25), Specific(
		Above("mild messages declined, safety token − free", 0),
		Every(Above("mild messages declined, safety token − neutral token", 0), Above("declined with the safety token, mild − harmless", 0))))
}

// S5c, given that the sink is on and that the switch turns it off. Shallow: of the KL right behind
// the exchanged token less than a tenth is left at answer tokens 10 to 12. Not by way of the sink:
// the forced token is a sink of at most five points more heads than the token in whose place it
// stands, and the KL of the whole answer with the sink off is between half and twice what it is with
// it on.
func S5c() Rule {
	return Given(Every(Above("sink rate of the sink's blocks, intact", 30), Below("sink rate of the sink's blocks, sink off", 10)), Parts(
		Below("KL at answer tokens 10 to 12 / at token 2", 0.1),
		Every(Below("heads with a sink at the forced token − at the free one", 5), Within("KL of the answer, sink off / intact", 0.5, 2))))
}
