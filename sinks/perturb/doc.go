// Package perturb measures how far the change of one token spreads through a
// decoder: the paper's picture of mixing (Barbero et al. 2025, arXiv 2504.02732,
// Fig. 2).
//
// An [Edit] exchanges one token for another, so that no token moves. Run with and
// without it, the model gives residual streams v and v′, each [L+1][T][D], and a
// [Map] holds, by layer and position,
//
//	Δ_t^(ℓ) = ‖v′_t^(ℓ) − v_t^(ℓ)‖₂   and   ‖v_t^(ℓ)‖₂
//
// Causality keeps Δ_t = 0 before the edit. The spread at a layer is the mean (or the
// median) over the positions after the edit of Δ_t or of Δ_t/‖v_t‖; the edited
// token itself, which of course changes, and token 1, where the sink is, never
// count.
//
// [Draw] makes edits from real texts. Package probe runs them (probe.Perturb);
// nothing here imports a tensor library.
package perturb
