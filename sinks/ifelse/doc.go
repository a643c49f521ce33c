// Package ifelse finds heads that act on a pattern of tokens and otherwise rest
// on the sink: the if–else heads of Barbero et al. 2025 (arXiv 2504.02732),
// whose example attends to the previous token if that is an apostrophe, and to
// ⟨bos⟩ if it is not.
//
// A pattern is a Trigger: a class X of tokens and the lags d = t − s at which a
// query t looks for a key s of that class. Queries that find one are present,
// all others absent. A head's Response to a trigger is where its attention goes
// in these two cases, and its score is the mass that the trigger moves from the
// sink to itself:
//
//	score = min(sink|absent − sink|present, X|present − same lags|absent)
//
// It is 1 for a perfect if–else head, 0 for one that ignores X, for one that
// never uses the sink, and for one that looks at these lags whatever token is
// there. A head that moves its mass from one key to another and writes no more
// than before only exchanges sinks: its score counts as 0 too.
//
// Search tries many triggers on every head, so the best score is biased upwards:
// Estimate must see other documents than Search did. Places and Swaps serve the
// causal check, in which the trigger's tokens are exchanged for others.
//
// Everything works on plain slices. Package probe fills them from a model.
package ifelse
