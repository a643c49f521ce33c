// Package pretrained reads checkpoints into a transformer.Model and its tokenizer:
// Llama-architecture models from GGUF files or safetensors folders, local or from
// the Hugging Face hub, and Gemma (the first: gemma-2b, gemma-7b) from folders.
//
// It refuses what it does not know. An unknown architecture, a metadata key or
// configuration field that could change the computation, a missing, extra or
// misshaped tensor, a number that is not finite: each is an error that names
// it, never a guess. (A loader that guesses gives wrong logits without a word:
// GGUF stores query and key rows in another order than safetensors, and reading
// one as the other only raises the loss.)
package pretrained
