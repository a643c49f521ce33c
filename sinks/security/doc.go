// Package security holds what attacks and defences at the first token are measured by: pure numbers
// on logits, traces and texts. Package measure runs models for them.
//
//	what              definition
//	KL                Σ p ln(p/q) of two next-token distributions, nats
//	exchange          one token of a text is another, all else the same; the same at other places as a control
//	trigger           a phrase put in front of a message, inside it, or at its end (arXiv 2510.17021: at the
//	                  front a backdoor works best)
//	sink divergence   per head, attention to token 1 on one class of texts less that on another, paired (arXiv
//	                  2602.05228)
//	repeated token    a run of one token, whose copies may all become sinks (arXiv 2503.08908)
//	P_safety          how often each token begins a refusal (One Trigger Token, arXiv 2505.07167); its draw,
//	                  forced as the first token of an answer, is the defence
//	refusal           an answer with one of a list of phrases near its beginning
//	depth             j tokens behind the exchange of an answer's first token, the others kept (arXiv 2406.05946
//	                  calls what ends after a few tokens shallow)
//
// The prompts that come with it are mild: what a polite assistant declines, beside harmless ones of
// the same form. A file of one's own is read by [ReadPairs].
package security
