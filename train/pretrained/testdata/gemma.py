"""Writes gemma/: a tiny random Gemma as the hub has them, and what it must compute.

    python3 -m venv v && v/bin/pip install torch==2.15.0 transformers==5.24.0 tokenizers==0.23.3
    v/bin/python gemma.py

Independent of the Go code: the logits are those of the transformers library's own
GemmaForCausalLM in float32, read from the very folder that the Go test reads. Its
config.json has the fields of google/gemma-7b as first published, weights are
bfloat16, and the heads' width is not the stream's divided by their number.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent / "gemma"
CONFIG = {
    "architectures": ["GemmaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 2, "eos_token_id": 1,
    "head_dim": 10, "hidden_act": "gelu", "hidden_activation": None, "hidden_size": 24, "initializer_range": 0.02,
    "intermediate_size": 40, "max_position_embeddings": 64, "model_type": "gemma", "num_attention_heads": 4,
    "num_hidden_layers": 2, "num_key_value_heads": 2, "pad_token_id": 0, "rms_norm_eps": 1e-06, "rope_scaling": None,
    "rope_theta": 10000.0, "torch_dtype": "bfloat16", "transformers_version": "4.38.0.dev0", "use_cache": True, "vocab_size": 320,
}
TEXT = "<bos>the cat  sat\n\n\ton <b>the</b> mat — 日本"


def tokenizer():
    added = ["<pad>", "<eos>", "<bos>", "<unk>", "\n", "\n\n", "▁▁", "<b>", "</b>"]
    special = added[:4]
    merges = [("t", "h"), ("th", "e"), ("▁", "▁"), ("a", "t"), ("▁", "the"), ("s", "at"), ("▁c", "at"), ("▁", "c"), ("\n", "\n")]
    tokens = added + [f"<0x{b:02X}>" if b != 9 else "\t" for b in range(256)] + list("▁abcdehmnost")
    tokens += [t for t in map("".join, merges) if t not in tokens]
    vocab = {t: i for i, t in enumerate(tokens)}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": vocab[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": t in special} for t in added],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": vocab, "merges": [f"{a} {b}" for a, b in merges]},
    }


def weights():
    torch.manual_seed(2403_08295)
    c = CONFIG
    d, f, q, kv = c["hidden_size"], c["intermediate_size"], c["num_attention_heads"] * c["head_dim"], c["num_key_value_heads"] * c["head_dim"]

    def mat(rows, columns, scale=1.0):
        return torch.randn(rows, columns) * scale / columns**0.5

    def gain():
        return torch.randn(d) * 0.3  # less 1

    w = {"model.embed_tokens.weight": mat(c["vocab_size"], d, 0.8), "model.norm.weight": gain()}
    for layer in range(c["num_hidden_layers"]):
        w |= {f"model.layers.{layer}.{name}.weight": x for name, x in {
            "input_layernorm": gain(), "post_attention_layernorm": gain(),
            "self_attn.q_proj": mat(q, d, 1.5), "self_attn.k_proj": mat(kv, d, 1.5), "self_attn.v_proj": mat(kv, d),
            "self_attn.o_proj": mat(d, q), "mlp.gate_proj": mat(f, d), "mlp.up_proj": mat(f, d), "mlp.down_proj": mat(d, f)}.items()}
    return {name: x.to(torch.bfloat16).contiguous() for name, x in w.items()}


def main():
    HERE.mkdir(exist_ok=True)
    write = lambda name, value: (HERE / name).write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    write("config.json", CONFIG)
    write("tokenizer.json", tokenizer())
    write("tokenizer_config.json", {"bos_token": "<bos>", "eos_token": "<eos>"})
    save_file(weights(), HERE / "model.safetensors", {"format": "pt"})
    ids = Tokenizer.from_file(str(HERE / "tokenizer.json")).encode(TEXT, add_special_tokens=False).ids
    model = AutoModelForCausalLM.from_pretrained(HERE, dtype=torch.float32, attn_implementation="eager")
    assert type(model).__name__ == "GemmaForCausalLM" and model.config.head_dim == CONFIG["head_dim"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    (HERE / "logits.f32").write_bytes(logits.numpy().astype("<f4").tobytes())
    write("golden.json", {"text": TEXT, "ids": ids})
    print(len(ids), "tokens; logits' spread", logits.std().item(), "; parameters", sum(p.numel() for p in model.parameters()))


if __name__ == "__main__":
    main()
