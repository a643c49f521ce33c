package claims

import (
	"firsttoken/sinks/erasure"
	"firsttoken/sinks/prepend"
)

// systemsS6 are claims around the first position of a text and of a word.
var systemsS6 = []Claim{{
	ID:        "S6a",
	Model:     SmolLM2,
	Statement: "Token Prepending gives better sentence embeddings without training: cosines agree better with graded similarity where the sentence's tokens can attend to the last token's state of the block before.",
	Evidence:  "arXiv 2412.11556: with one-word prompts 7.16 points of Spearman's correlation more on the STS tasks, copied in the first 7 or 8 blocks of large models.",
}, {
	ID:        "S6b",
	Model:     SmolLM2,
	Statement: "At the last token of a word of several tokens early blocks forget the token itself and the one before it, and at words of one token they do not.",
	Evidence:  "arXiv 2406.20086: linear probes on Llama-2-7b and Llama-3-8B, between blocks 1 and 9.",
}}

// S6a judges the pairs of package prepend, by frames that choose neither k nor a block. The gain
// over the prompt alone, each with the block that is best for it on other frames, must be above 0;
// and above that of the same placeholder in the same place with nothing copied to it, or it is a
// token more that does it. Intervals are stats.Bootstrap over frames, whose six pairs share a
// sentence. It fails if the copy makes embeddings worse; where it makes no difference that twenty
// frames can show it stays undecided.
func S6a() Rule {
	gain := func(over string) Rule { return Above(prepend.FigureName(prepend.Copied, over), 0) }
	return Specific(gain(prepend.Alone), gain(prepend.Held))
}

// S6b judges what the probes of package erasure read on documents that they have not seen. Early
// blocks end with the one that lies as deep as the paper's ninth of 32: 8 of SmolLM2's 30, 5 of
// Gemma's 18. The paper starts from block 1; here they start, for each of the two, from the early
// block after which most tokens of all kinds are read on yet other documents, for after block 1 of
// models this small little is read of the token before. Forget is to lose more than half of what
// was read then; half is the middle. That other words do not is that the share lost is larger than
// at words of one token, weighted so that the tokens to be read are as rare in training: frequent
// tokens are read more easily, and words of one token are frequent. Two parts, the token itself and
// the one before it, each where there is something to lose: more than 30 % are read. Intervals over
// documents, one passage each. It fails if the tokens can still be read, and is mixed or undecided
// where rare words of one token fare no better.
func S6b() Rule {
	var parts []Rule
	for offset := range 2 {
		parts = append(parts, Given(Above(erasure.NameRead(offset), 30),
			Specific(Above(erasure.NameLost(offset), 50), Above(erasure.NameMore(offset), 0))))
	}
	return Parts(parts...)
}
