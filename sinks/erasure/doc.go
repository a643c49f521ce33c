// Package erasure measures token erasure (Feucht et al., EMNLP 2024, arXiv 2406.20086): at the last
// token of a word of several tokens, early blocks are said to forget which tokens it is made of.
//
// Linear probes read, from the residual stream at a token, that token and the three before it.
// Package probes trains them; here are words, what was read where, and the erasure score ψ, by
// which a text falls into what the model may take for words. It links no GoMLX.
//
// The probes differ from the paper's, which are softmax regressions over 32,000 types on 4,096
// channels: here a state, scaled to a mean square of 1, is mapped by ridge regression to the
// embedding of the token, centred and of length 1, and read as the type whose embedding has the
// largest cosine. A probe has D(D+1) weights whatever the number of types, reads tokens that it was
// not trained on, and knows no frequencies. Its probability is a softmax over the cosines times a
// sharpness that is fitted on documents of their own.
package erasure
