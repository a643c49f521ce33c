// Package tasks asks what a model can still do when ⟨bos⟩ is taken from it, replaced, hidden or
// doubled ([probe.Front]), with two small tests of its own that need no download:
//
//   - multiple choice: plain facts and grammar, four answers each ([Questions]);
//   - retrieval from long text: a key and a word hidden in a haystack, ten candidate words ([Needle]).
//
// An answer's score is the mean log-probability of its tokens after the question, in nats a token;
// the highest score is the model's choice. Chance is 1 over the number of answers. These tests say
// whether a model breaks, as the paper's Table 3 does for Gemma 7B (Barbero et al. 2025, arXiv
// 2504.02732); their accuracies are no substitute for those of the benchmarks that it names.
package tasks
