// Package transformer is a Llama-style causal decoder on GoMLX: RMSNorm, rotary
// positions, grouped-query attention, SwiGLU, tied or untied output (Touvron et
// al. 2023, arXiv 2302.13971 and 2307.09288). Two options make it Gemma's (Gemma
// Team 2024, arXiv 2403.08295): [Config.Activation] and [Config.ScaleEmbed]. Gemma's
// third difference, norms that multiply by 1 + w, needs none: the gain here is 1 + w,
// which whoever reads the weights adds up.
//
// It is built for looking inside. Attention is three pure functions, scores →
// pattern → mix, and the pattern is chosen by a value ([Pattern]); every
// intermediate of a block has a name ([Nodes]); an [Observer] reduces the
// intermediates on the device; [Edits] change a running block as data, not as
// code.
//
// Letters, the same everywhere: B batch, L layers, H query heads, K key/value
// heads, G = H/K query heads per key/value head, T query positions, S key
// positions, D model width, Dh head width, F hidden width of the MLP, V
// vocabulary. Positions are 0-based in code.
//
// [Block] and [Logits] are graph-building functions: they panic, as GoMLX does,
// and are what training and Jacobians differentiate through. [Model] compiles
// one block and calls it once a layer: compilation then costs the same for any
// depth, and what happens between two blocks is plain Go. Its methods return
// errors.
package transformer
