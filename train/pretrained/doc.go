// Package pretrained reads checkpoints into a transformer.Model and its tokenizer: from
// safetensors folders, local or from the Hugging Face hub, Llama, Gemma 1 and 3 (text),
// Qwen 2, 2.5 and 3, Mistral, OLMo 2, SmolLM3, GPT-NeoX (Pythia), GPT-2 and OPT, and models that
// were trained in pairs to do without a sink: flash-linear-attention's transformer with softmax or
// softpick, Qwen 3 with gated heads; from GGUF files Llama, Qwen 2, 2.5 and 3, and Gemma 3.
//
// What a family's files say and leave unsaid stands in one place: an hfArchitecture (its
// fields, their defaults, what they set) and a layout (role of a weight → where it is).
//
// It refuses what it does not know. An unknown architecture, a metadata key or
// configuration field that could change the computation, a missing, extra or
// misshaped tensor, a number that is not finite: each is an error that names
// it, never a guess. A field that is null or at its library's default passes, and what is
// odd and harmless (a wrapper's prefix, a copied output, a saved truncation) loads with a
// warning, in Loaded.Warnings and in the log. (A loader that guesses gives wrong logits
// without a word: GGUF stores query and key rows in another order than safetensors, and
// reading one as the other only raises the loss.)
package pretrained
