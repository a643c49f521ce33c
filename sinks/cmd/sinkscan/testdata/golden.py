"""Writes golden.json: what sinkscan must report on SmolLM2.

    python3 -m venv v && v/bin/python -m pip install numpy==2.4.6 gguf==0.19.0
    v/bin/python golden.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf

Independent of the Go code: the Python package gguf (the format's own) reads and
dequantises the file, and the pass below is NumPy in float32, written from the
Llama papers. Rotary pairs are neighbours (2i, 2i+1), as in the file. Attention to
the first token and entropy are means over query rows, row 1 included; a sink rate
is the share of (layer, head) pairs strictly above ε.

The documents are token ids: a short text without and with <|endoftext|> in front,
and three passages of 64 tokens from public-domain speeches.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

HERE = pathlib.Path(__file__).parent
LAYERS, HEADS, KV, BASE, EPS = 30, 9, 3, 100000.0, 1e-5


def measure(w, ids):
    t, dh = len(ids), w["blk.0.attn_q.weight"].shape[0] // HEADS
    angle = np.arange(t)[:, None] * BASE ** (-np.arange(0, dh, 2) / dh)
    cos, sin = np.cos(angle).astype("f4")[:, None], np.sin(angle).astype("f4")[:, None]
    causal = np.tril(np.ones((t, t), bool))

    def norm(x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(EPS)) * w[name]

    def rotate(x):
        out = np.empty_like(x)
        out[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
        out[..., 1::2] = x[..., 1::2] * cos + x[..., 0::2] * sin
        return out

    x = w["token_embd.weight"][ids]
    first, entropy, values, resid = [], [], [], [np.linalg.norm(x, axis=-1)]
    for l in range(LAYERS):
        b = f"blk.{l}."
        h = norm(x, b + "attn_norm.weight")
        q = rotate((h @ w[b + "attn_q.weight"].T).reshape(t, HEADS, dh))
        k = rotate((h @ w[b + "attn_k.weight"].T).reshape(t, KV, dh)).repeat(HEADS // KV, 1)
        v = (h @ w[b + "attn_v.weight"].T).reshape(t, KV, dh)
        s = np.where(causal, np.einsum("thd,shd->hts", q, k) / np.float32(dh**0.5), -np.inf)
        a = np.exp(s - s.max(-1, keepdims=True))
        a /= a.sum(-1, keepdims=True)
        first.append(a[:, :, 0].astype("f8").mean(-1))
        entropy.append(-np.where(a > 0, a * np.log(np.maximum(a, 1e-38)), 0).sum(-1).astype("f8").mean(-1))
        values.append(np.linalg.norm(v, axis=-1).T)
        z = np.einsum("hts,shd->thd", a, v.repeat(HEADS // KV, 1)).reshape(t, -1)
        x = x + z @ w[b + "attn_output.weight"].T
        h = norm(x, b + "ffn_norm.weight")
        g = h @ w[b + "ffn_gate.weight"].T
        x = x + (g / (1 + np.exp(-g)) * (h @ w[b + "ffn_up.weight"].T)) @ w[b + "ffn_down.weight"].T
        resid.append(np.linalg.norm(x, axis=-1))
    logits = (norm(x, "output_norm.weight") @ w["token_embd.weight"].T).astype("f8")
    top = logits.max(-1)
    logz = np.log(np.exp(logits - top[:, None]).sum(-1)) + top
    first = np.array(first)
    return {
        "ids": [int(i) for i in ids],
        "top1": logits.argmax(-1).tolist(),
        "loss": round(float((logz[:-1] - logits[np.arange(t - 1), ids[1:]]).mean()), 6),
        "logits_last_head": numbers(logits[-1][:16]),
        "first_token_attention": numbers(first),
        "sink_rate": {str(e): float((first > e).mean()) for e in (0.3, 0.8)},
        "row_entropy": numbers(np.array(entropy)),
        # Of the first token, and the mean of all others.
        "value_norm_first": numbers(np.array(values)[:, :, 0]),
        "value_norm_others": numbers(np.array(values)[:, :, 1:].mean(-1)),
        "residual_norm_first": numbers(np.array(resid)[:, 0]),
        "residual_norm_others": numbers(np.array(resid)[:, 1:].mean(-1)),
    }


def numbers(x):
    if np.ndim(x):
        return [numbers(y) for y in x]
    return float(f"{x:.6g}")


def main(path):
    w = {}
    for t in GGUFReader(path).tensors:
        w[t.name] = dequantize(t.data, t.tensor_type).astype("f4").reshape([int(n) for n in reversed(t.shape)])
    documents = json.loads((HERE / "documents.json").read_text())
    lines = [json.dumps(measure(w, ids), separators=(",", ":")) for ids in documents]
    sha = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    (HERE / "golden.json").write_text(
        '{\n"sha256": "%s",\n"documents": [\n%s\n]\n}\n' % (sha, ",\n".join(lines)))


if __name__ == "__main__":
    main(sys.argv[1])
