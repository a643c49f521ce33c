package claims

// s3b asks whether a cache may forget the first tokens of a model that makes no sink.
var s3b = Claim{
	ID:        "S3b",
	Model:     Trained,
	Statement: "A model without a sink does not need its first tokens: a cache that lets them go costs it nothing.",
	Evidence:  "a question to arXiv 2309.17453, by which the first tokens are kept for the sink's sake alone; not published.",
}

// S3b judges the forms whose sinks are gone and that have five seeds. A form's need is the loss
// through a cache of the last 32 entries less that through one of the first 4 and the last 28
// (positions of the cache, blocks of 8), of the same 32 held-out texts of 256 tokens behind ⟨bos⟩
// (or as many as there are, at least 16), over the targets from the 65th on; paired with softmax of
// the same seed. Where softmax needs its first tokens, by over 0.05 nats, a form does not if it
// needs them less than a tenth as much. It fails for a form that has come to need them for another
// reason: they stood in front of all that it ever read.
func S3b() Rule {
	var rules []Rule
	for _, form := range SinklessForms {
		rules = append(rules, Below(form+", need of the first tokens, less a tenth of softmax's", 0))
	}
	return Given(Every(manySinks(), Above(SoftmaxNeed, 0.05)), Parts(rules...))
}

// SinklessForms are those that S3b judges, and SoftmaxNeed is the figure of its precondition.
var SinklessForms = []string{"softpick", "sink-logit"}

const SoftmaxNeed = "softmax, need of the first tokens"
