// Package sinks defines the measures of attention sinks, once, on plain slices.
//
// A head is a sink when most queries attend to one early key, usually the first
// token. Definitions follow Barbero et al. 2025 (arXiv 2504.02732, "the paper")
// and Gu et al. 2025 (arXiv 2410.10781) unless a comment names another source.
//
// The package has two halves:
//
//   - functions on an explicit attention pattern A, rows t = queries and columns
//     s = keys (A[t][s] = 0 for s > t), and on hidden states V, rows = positions;
//   - Trace, what one forward pass over one document is reduced to, with the same
//     measures as methods, its file format, and Accumulator, which turns many
//     traces into rates with confidence intervals.
//
// Three quantities are easily mixed up and have three names and types here:
//
//   - SinkRate → Rate: the share of (layer, head) pairs whose sink score exceeds ε;
//   - FAttn → Mass: the mean attention mass on the first token;
//   - ArgMaxShare → ArgMax: the share of (layer, head, query) triples whose largest
//     weight lies on the first token.
//
// Letters: L layers, H query heads, K key/value heads, T query positions, S key
// positions (S = T here), D model width, V vocabulary. Positions are 0-based in
// code and 1-based in text: "token 1" is index 0. Sums run in float64 whatever
// the input type. Nothing here imports a tensor library.
package sinks
