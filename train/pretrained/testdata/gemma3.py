"""Writes gemma3.json: what Gemma 3 270M computes from the file that `make gemma` fetches, in NumPy float64.

    python3 -m venv v && v/bin/pip install numpy gguf
    v/bin/python gemma3.py ../../../.data/models/gemma3/gemma-3-270m-q4_k_m.gguf

Written apart from the Go code and from the paper's description: one head at a time, rotary positions as complex numbers. The
texts are ⟨bos⟩ and some words, the same without ⟨bos⟩, and 560 random tokens, which is more than the window of 512.
"""
import json
import pathlib
import sys

import numpy as np
from gguf import GGUFReader, dequantize

L, H, DH, WINDOW, EPS = 18, 4, 256, 512, 1e-6
tensors = {t.name: t for t in GGUFReader(sys.argv[1]).tensors}


def weight(name):
    return dequantize(tensors[name].data, tensors[name].tensor_type).astype(np.float64)


def norm(x, gain):
    return x / np.sqrt(np.mean(x * x, -1, keepdims=True) + EPS) * gain


def rope(x, base):
    turned = (x[:, :DH // 2] + 1j * x[:, DH // 2:]) * np.exp(1j * np.outer(np.arange(len(x)), base ** (-np.arange(DH // 2) * 2 / DH)))
    return np.concatenate([turned.real, turned.imag], -1)


def forward(ids):
    T = len(ids)
    E = weight("token_embd.weight")
    x = E[ids] * np.float64(np.float32(np.sqrt(640)))
    distance = np.arange(T)[:, None] - np.arange(T)[None, :]
    first, resid = [], [np.linalg.norm(x, axis=-1)]
    for l in range(L):
        w = {k: weight(f"blk.{l}.{k}.weight") for k in ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_q_norm", "attn_k_norm", "attn_output",
                                                        "post_attention_norm", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down", "post_ffw_norm"]}
        everywhere = l % 6 == 5
        base, seen = (1e6, distance >= 0) if everywhere else (1e4, (distance >= 0) & (distance < WINDOW))
        h = norm(x, w["attn_norm"])
        key, value, z, firsts = rope(norm(h @ w["attn_k"].T, w["attn_k_norm"]), base), h @ w["attn_v"].T, [], []
        for head in range(H):
            q = rope(norm(h @ w["attn_q"][head * DH:(head + 1) * DH].T, w["attn_q_norm"]), base)
            s = np.where(seen, q @ key.T / 16, -np.inf)
            a = np.exp(s - s.max(-1, keepdims=True))
            a /= a.sum(-1, keepdims=True)
            z.append(a @ value)
            firsts.append(a[:, 0].mean())
        first.append(firsts)
        x = x + norm(np.concatenate(z, -1) @ w["attn_output"].T, w["post_attention_norm"])
        h = norm(x, w["ffn_norm"])
        g = h @ w["ffn_gate"].T
        g = g / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (g + 0.044715 * g ** 3)))
        x = x + norm((g * (h @ w["ffn_up"].T)) @ w["ffn_down"].T, w["post_ffw_norm"])
        resid.append(np.linalg.norm(x, axis=-1))
    h = norm(x, weight("output_norm.weight"))
    logits = np.concatenate([part @ E.T for part in np.array_split(h, -(-T // 64))])
    two = np.sort(np.partition(logits, -2, axis=-1)[:, -2:], axis=-1)
    lse = np.log(np.exp(logits - two[:, 1:]).sum(-1)) + two[:, 1]
    short = lambda a: np.array([float(f"{v:.7g}") for v in np.ravel(a)]).reshape(np.shape(a)).tolist()
    return {
        "ids": [int(i) for i in ids], "top1": logits.argmax(-1).tolist(), "margin": short(two[:, 1] - two[:, 0]),
        "loss": short([lse[t] - logits[t, ids[t + 1]] for t in range(T - 1)]), "last8": short(logits[-1, :8]),
        "std": float(f"{logits[-1].std():.7g}"), "first_mass": short(first), "resid_norm": short([r[[0, -1]] for r in resid]),
    }


words = [818, 5279, 529, 7001, 563, 9079, 236761]  # "The capital of France is Paris."
rng = np.random.default_rng(270)
texts = [[2] + words, words, [2] + rng.integers(1000, 200000, 559).tolist()]
pathlib.Path(__file__).with_name("gemma3.json").write_text(json.dumps([forward(np.array(ids)) for ids in texts], separators=(",", ":")) + "\n")
