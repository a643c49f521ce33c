"""Writes families/{fla,softpick,gate_head,gate_element}: tiny random decoders in the layouts of the pairs that others trained.

    python3 -m venv v && v/bin/pip install numpy==2.4.6
    v/bin/python pairs.py

Written in NumPy float64, apart from the Go code and from the definitions in their authors' code, which no package index has:

  * fla, softpick: flash-linear-attention's models/transformer (names, fields, rotary halves), with softmax or with softpick as in
    zaydzuhri/softpick-attention: ReLU(e^s - 1) / (sum |e^s - 1| + eps), eps = 1e-6 of the row's largest e^s as in its kernel;
  * gate_head, gate_element: qiuzh20/gated_attention's modeling_qwen3.py. Rows of q_proj come by key/value head: the queries of its
    heads, then their gates; what a head mixed is multiplied by sigmoid(gate) before o_proj.

One token and one head at a time. Weights are rounded to bfloat16; every gain is random, so that none can be left out unnoticed.
"""
import json
import pathlib
import struct

import numpy as np

HERE = pathlib.Path(__file__).parent / "families"
V, D, F, H, T, EPS = 48, 16, 8, 4, 19, 1e-5
FLA = {"architectures": ["TransformerForCausalLM"], "model_type": "transformer", "attention_bias": False, "bos_token_id": 1,
       "elementwise_affine": True, "eos_token_id": 2, "fuse_cross_entropy": True, "fuse_norm": True, "fuse_swiglu": True,
       "hidden_act": "swish", "hidden_ratio": 4, "hidden_size": D, "initializer_range": 0.006, "intermediate_size": F,
       "max_position_embeddings": 64, "norm_eps": EPS, "num_heads": H, "num_hidden_layers": 2, "num_kv_heads": None, "qk_norm": False,
       "qkv_bias": False, "rope_theta": 10000.0, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
       "transformers_version": "4.51.3", "use_cache": True, "vocab_size": V, "window_size": None}
QWEN = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "attention_bias": False, "attention_dropout": 0.0,
        "auto_map": {"AutoModelForCausalLM": "modeling_qwen3.Qwen3ForCausalLM"}, "bos_token_id": 0, "eos_token_id": 0, "head_dim": 8,
        "elementwise_attn_output_gate": False, "headwise_attn_output_gate": False, "hidden_act": "silu", "hidden_size": D,
        "initializer_range": 0.02, "intermediate_size": F, "max_position_embeddings": 64, "max_window_layers": 28,
        "num_attention_heads": H, "num_hidden_layers": 2, "num_key_value_heads": 2, "qkv_bias": False, "rms_norm_eps": EPS,
        "rope_scaling": None, "rope_theta": 1000.0, "sliding_window": None, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
        "transformers_version": "4.51.3", "use_cache": True, "use_qk_norm": True, "use_sliding_window": False, "vocab_size": V}
FAMILIES = {
    "fla": FLA | {"attn_impl": "parallel_attn", "num_hidden_layers": 1, "num_kv_heads": 2},
    "softpick": FLA | {"attn_impl": "parallel_softpick_attn"},
    "gate_head": QWEN | {"headwise_attn_output_gate": True},
    "gate_element": QWEN | {"elementwise_attn_output_gate": True},
}


def shapes(c):
    """The names of a family's tensors and their dimensions."""
    fla = c["model_type"] == "transformer"
    dh, k = (D // H, c["num_kv_heads"] or H) if fla else (c["head_dim"], c["num_key_value_heads"])
    gates = H if c.get("headwise_attn_output_gate") else H * dh if c.get("elementwise_attn_output_gate") else 0
    attn, before, behind, embed = ("attn", "attn_norm", "mlp_norm", "embeddings") if fla else (
        "self_attn", "input_layernorm", "post_attention_layernorm", "embed_tokens")
    out = {f"model.{embed}.weight": (V, D), "model.norm.weight": (D,), "lm_head.weight": (V, D)}
    for l in range(c["num_hidden_layers"]):
        block = {f"{before}": (D,), f"{behind}": (D,), f"{attn}.q_proj": (H * dh + gates, D), f"{attn}.k_proj": (k * dh, D),
                 f"{attn}.v_proj": (k * dh, D), f"{attn}.o_proj": (D, H * dh), "mlp.gate_proj": (F, D), "mlp.up_proj": (F, D),
                 "mlp.down_proj": (D, F)}
        if c.get("use_qk_norm"):
            block |= {f"{attn}.q_norm": (dh,), f"{attn}.k_norm": (dh,)}
        out |= {f"model.layers.{l}.{name}.weight": dims for name, dims in block.items()}
    return out


def norm(x, gain, eps=EPS):
    return x / np.sqrt(np.mean(x * x) + eps) * gain


def rope(x, at, base):
    half = len(x) // 2
    turned = (x[:half] + 1j * x[half:]) * np.exp(1j * at * base ** (-np.arange(half) / half))
    return np.concatenate([turned.real, turned.imag])


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


def softpick(s):
    e = np.expm1(s)
    return np.maximum(e, 0) / (np.abs(e).sum() + 1e-6 * np.exp(s.max()))


def forward(c, w, ids):
    fla = c["model_type"] == "transformer"
    dh, kv = (D // H, c["num_kv_heads"] or H) if fla else (c["head_dim"], c["num_key_value_heads"])
    group, base, pattern = H // kv, c["rope_theta"], softpick if "softpick" in c.get("attn_impl", "") else softmax
    attn, before, behind = ("attn", "attn_norm", "mlp_norm") if fla else ("self_attn", "input_layernorm", "post_attention_layernorm")
    x = w["model.embeddings.weight" if fla else "model.embed_tokens.weight"][ids]
    zero_rows = rows = 0
    for l in range(c["num_hidden_layers"]):
        p = lambda name: w[f"model.layers.{l}.{name}.weight"]
        queries, gates, keys, values = [], [], [], []
        for t in range(T):
            h = norm(x[t], p(before))
            by_group = (p(f"{attn}.q_proj") @ h).reshape(kv, -1)
            q = by_group[:, :group * dh].reshape(H, dh)
            k, v = (p(f"{attn}.k_proj") @ h).reshape(kv, dh), (p(f"{attn}.v_proj") @ h).reshape(kv, dh)
            if c.get("use_qk_norm"):
                q = [norm(a, p(f"{attn}.q_norm")) for a in q]
                k = [norm(a, p(f"{attn}.k_norm")) for a in k]
            queries.append([rope(a, t, base) for a in q])
            keys.append([rope(a, t, base) for a in k])
            values.append(v)
            rest = by_group[:, group * dh:]
            gates.append(rest.reshape(H, -1) if rest.size else np.full((H, 1), np.inf))
        for t in range(T):
            z = []
            for head in range(H):
                s = np.array([queries[t][head] @ keys[u][head // group] for u in range(t + 1)]) / np.sqrt(dh)
                a = pattern(s)
                rows, zero_rows = rows + 1, zero_rows + (a.sum() == 0)
                mixed = sum(a[u] * values[u][head // group] for u in range(t + 1))
                z.append(mixed / (1 + np.exp(-gates[t][head])))
            y = x[t] + p(f"{attn}.o_proj") @ np.concatenate(z)
            h = norm(y, p(behind))
            gate = p("mlp.gate_proj") @ h
            x[t] = y + p("mlp.down_proj") @ (gate / (1 + np.exp(-gate)) * (p("mlp.up_proj") @ h))
    logits = np.array([w["lm_head.weight"] @ norm(row, w["model.norm.weight"]) for row in x])
    print("  zero rows", zero_rows, "of", rows)
    return logits


def bfloat16(x):
    """The nearest bfloat16's upper bits, ties to even."""
    bits = x.astype("<f4").view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def main():
    for seed, (name, c) in enumerate(FAMILIES.items()):
        rng = np.random.default_rng(seed)
        header, data, w = {"__metadata__": {"format": "pt"}}, b"", {}
        for tensor, dims in sorted(shapes(c).items()):
            x = rng.normal(0, 1.5 / dims[-1] ** 0.5, dims) if len(dims) > 1 else rng.normal(1, 0.4, dims)
            bits = bfloat16(x)
            w[tensor] = (bits.astype("<u4") << 16).view("<f4").astype(np.float64)
            header[tensor] = {"dtype": "BF16", "shape": dims, "data_offsets": [len(data), len(data) + bits.nbytes]}
            data += bits.tobytes()
        ids = rng.integers(0, V, T)
        folder = HERE / name
        folder.mkdir(parents=True, exist_ok=True)
        head = json.dumps(header).encode()
        head += b" " * (-len(head) % 8)
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
        (folder / "config.json").write_text(json.dumps(c, indent=2) + "\n")
        (folder / "ids.json").write_text(json.dumps(ids.tolist()) + "\n")
        logits = forward(c, w, ids)
        (folder / "logits.f32").write_bytes(logits.astype("<f4").tobytes())
        print(name, "spread of the logits", round(logits.std(), 3))


if __name__ == "__main__":
    main()
