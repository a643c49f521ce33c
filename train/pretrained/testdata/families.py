"""Writes families/: a tiny random decoder of each family as the transformers library saves it, and what it must compute.

    python3 -m venv v && v/bin/pip install torch==2.15.0 transformers==5.24.0
    v/bin/python families.py

Independent of the Go code: model, files and logits are the library's own, in float32 with weights rounded to bfloat16. Texts are
longer than the windows. Every parameter is random, biases and gains too, so that none can be left out unnoticed.
"""
import json
import pathlib

import torch
from transformers import AutoConfig, AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent / "families"
COMMON = {"vocab_size": 48, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
LLAMA = COMMON | {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
                  "max_position_embeddings": 64, "rms_norm_eps": 1e-5}
FAMILIES = {
    "llama": ("llama", LLAMA | {"attention_bias": True, "mlp_bias": True, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1000.0}}),
    "gemma3": ("gemma3_text", LLAMA | {"head_dim": 8, "num_hidden_layers": 3, "num_key_value_heads": 1, "sliding_window": 5, "query_pre_attn_scalar": 20,
               "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
               "rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                                   "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 10000.0}}}),
    "qwen2": ("qwen2", LLAMA | {"tie_word_embeddings": False}),
    "qwen3": ("qwen3", LLAMA | {"head_dim": 8, "tie_word_embeddings": True}),
    "mistral": ("mistral", LLAMA | {"sliding_window": 5, "head_dim": 8}),
    "olmo2": ("olmo2", LLAMA),
    "smollm3": ("smollm3", LLAMA | {"num_hidden_layers": 3, "no_rope_layers": [1, 1, 0], "tie_word_embeddings": True}),
    "gpt_neox": ("gpt_neox", COMMON | {"hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
                 "max_position_embeddings": 64, "rotary_pct": 0.5, "tie_word_embeddings": False}),
    "gpt2": ("gpt2", COMMON | {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 32}),
    "opt": ("opt", COMMON | {"hidden_size": 16, "word_embed_proj_dim": 16, "ffn_dim": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
            "max_position_embeddings": 32}),
}


def main():
    for seed, (name, (model_type, fields)) in enumerate(FAMILIES.items()):
        torch.manual_seed(seed)
        config = AutoConfig.for_model(model_type, **fields)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
        with torch.no_grad():
            for key, p in model.named_parameters():
                if p.dim() > 1:
                    p.normal_(0, 1.5 / p.shape[-1] ** 0.5)
                else:
                    gain = "norm" in key or "ln_" in key
                    p.normal_(float(gain and key.endswith("weight") and name != "gemma3"), 0.4)
            model.tie_weights()
        model = model.to(torch.bfloat16).float()
        folder = HERE / name
        folder.mkdir(parents=True, exist_ok=True)
        model.to(torch.bfloat16).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        ids = torch.randint(0, 48, (1, 19))
        # From the files, as a reader has them.
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        with torch.no_grad():
            logits = model(ids).logits[0]
        (folder / "logits.f32").write_bytes(logits.numpy().astype("<f4").tobytes())
        (folder / "ids.json").write_text(json.dumps(ids[0].tolist()) + "\n")
        print(name, type(model).__name__, "spread of the logits", round(logits.std().item(), 3))


if __name__ == "__main__":
    main()
