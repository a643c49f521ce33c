// Package prepend judges sentence embeddings with and without Token Prepending (Fu et al., ACL
// 2025, arXiv 2412.11556).
//
// A prompt asks for the meaning of a sentence in one word; the state of its last token in some
// block is the sentence's embedding. A causal model reads the sentence before it knows how it ends.
// Token Prepending puts a placeholder in front of it, whose state at the input of blocks 2 to k is
// replaced by the state that the block before left at the prompt's last token (probe.CopyRow), so
// that the sentence's tokens attend to a first reading of all of it. Nothing is trained. k and the
// block that the embedding is taken from are chosen on other sentences than those that judge.
//
// Embeddings are judged as in the paper, by Spearman's correlation of their cosines with graded
// similarity. The pairs are made by rule from frames of subject, verb, object and place, with the
// grades of the STS tasks: see [Pairs]. It links no GoMLX: package probe measures.
package prepend
