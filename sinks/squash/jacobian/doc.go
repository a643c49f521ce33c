// Package jacobian differentiates a decoder: the blocks ∂v_j^(L)/∂v_i^(0) of its
// Jacobian, where v^(0) is the residual stream that enters the first block and v^(L)
// the one that leaves the last one of [Condition.Layers], before any final norm.
//
// A [Differentiator] holds what is compiled for a model; its At runs one document and
// gives a [Point], which offers
//
//   - Exact, ∂v_j/∂v_i [D, D] for one j and every i, by D reverse passes;
//   - Estimate, ‖∂v_j/∂v_i‖_F for any number of j and every i from a few random
//     directions, with its standard error;
//   - Bound, the constants of Theorem 3.2 (Barbero et al. 2025, arXiv 2504.02732)
//     measured at this document, as a squash.Bound;
//   - Compare and Sketch, norms and bound side by side.
//
// The theorem counts attention weights and the divisors of the norms as constants. The
// [Frozen] derivative does so too and obeys the bound; the [Full] one is the model's
// own and need not.
package jacobian
