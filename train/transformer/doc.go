// Package transformer is a Llama-style causal decoder on GoMLX: RMSNorm, rotary
// positions, grouped-query attention, SwiGLU, tied or untied output (Touvron et
// al. 2023, arXiv 2302.13971 and 2307.09288). Switches of [Config], all off by default, make it
// that of other families: Gemma 1 and 3, Qwen 2.5 and 3, OLMo 2, Mistral, GPT-NeoX, GPT-2, OPT.
// Gains are as they multiply: where files hold them less 1, whoever reads the weights adds it.
//
// It is built for looking inside. Attention is three pure functions, scores →
// pattern → mix, and the pattern is chosen by a value ([Pattern]); every
// intermediate of a block has a name ([Nodes]); an [Observer] reduces the
// intermediates on the device; [Edits] change a running block as data, not as
// code, among them the rounding of what its linear maps read at each [Site]; and where
// its queries and keys stand is data too ([Geometry]).
//
// Letters, the same everywhere: B batch, L layers, H query heads, K key/value
// heads, G = H/K query heads per key/value head, T query positions, S key
// positions, D model width, Dh head width, R rotated part of a head, F hidden width of the MLP, V
// vocabulary. Positions are 0-based in code.
//
// [Block] and [Logits] are graph-building functions: they panic, as GoMLX does,
// and are what training and Jacobians differentiate through. [Model] compiles
// one block and calls it once a layer: compilation then costs the same for any
// depth, and what happens between two blocks is plain Go. Its methods return
// errors.
package transformer
