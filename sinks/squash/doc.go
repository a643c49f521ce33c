// Package squash defines over-squashing: how far the embedding of token i still moves
// the residual stream at token j some blocks later, ‖∂v_j^(L)/∂v_i^(0)‖, and the bound
// that Theorem 3.2 of "Why do LLMs attend to the first token?" (Barbero et al. 2025,
// arXiv 2504.02732) puts on it.
//
// [Bound] computes the bound from a model's constants, [Comparison] holds it beside
// measured norms and counts where it fails. Package jacobian measures both. Nothing
// here imports a tensor library.
//
// Positions are 0-based; row j is the token that is moved, column i the one that moves
// it. The norm of a block without influence is 0; that of an untouched residual stream
// is 1 (spectral) or √D (Frobenius).
package squash
