// Package collapse follows the residual stream V^(ℓ) [n][D] of a document through the layers of a
// decoder, ℓ = 0 … L, and asks how nearly its tokens have become one:
//
//   - rank collapse, ‖V − (1/n)11ᵀV‖_F, over all tokens; it is said to grow with depth;
//   - representational collapse, ‖v_n − v_{n−1}‖₂, over the last two; it is said to grow with length, until the two are the same
//     vector in bfloat16 and no later computation can tell them apart.
//
// Definitions are those of Barbero et al. 2025 (arXiv 2504.02732) and live in package sinks; here
// they are applied layer by layer and length by length. Two matrices with known values, Attained
// and Counterexample, mark how far Proposition 3.1 reaches.
//
// In a causal decoder row t of V^(ℓ) depends on tokens 1..t alone, so the first n rows of one pass
// are the stream of the text cut after n tokens: a single pass holds every length.
//
// Nothing here imports a tensor library; streams come from probe.Residuals and probe.EachWired.
package collapse
