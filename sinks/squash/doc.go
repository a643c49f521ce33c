// Package squash measures over-squashing: how far the embedding of token i still
// moves the residual stream at token j some blocks later, ‖∂v_j^(L)/∂v_i^(0)‖, and
// the bound that Theorem 3.2 of "Why do LLMs attend to the first token?" (Barbero
// et al. 2025, arXiv 2504.02732) puts on it.
//
// v^(0) is the stream that enters the first block, v^(L) the one that leaves the
// last one of [Condition.Layers], before any final norm. A [Differentiator] holds
// what is compiled for a model; its At runs one document and gives a [Point], which
// offers
//
//   - Exact, the blocks ∂v_j/∂v_i [D, D] for one j and every i, by D reverse passes;
//   - Estimate, ‖∂v_j/∂v_i‖_F for any number of j and every i from a few random
//     directions, with its standard error;
//   - Bound, the constants of the theorem measured at this document, and from them
//     the bound in three forms, see [Bound].
//
// The theorem counts attention weights and the divisors of the norms as constants.
// The [Frozen] derivative does so too and obeys the bound; the [Full] one is the
// model's own and need not.
//
// Positions are 0-based; row j is the token that is moved, column i the one that
// moves it. Both norms of a block without influence are 0, and those of an
// untouched residual stream are 1 (spectral) and √D (Frobenius).
package squash
