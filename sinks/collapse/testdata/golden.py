"""Writes golden.json: rank and representational collapse of SmolLM2 by depth.

    python3 -m venv v && v/bin/python -m pip install numpy==2.4.6 gguf==0.19.0
    v/bin/python golden.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf

Independent of the Go code: the Python package gguf (the format's own) reads and
dequantises the file; the pass below is NumPy, written from the Llama papers, in
float32 with the measures in float64. Rotary pairs are neighbours (2i, 2i+1), as
in the file.

Three wirings of a block: "full", x + Attn + MLP; "residual", x + Attn; "pure",
Attn alone. The first `skip` tokens are left out of the measures: the first token
of the text, whose residual is huge, and the special token before it, if any.
"repeat" is a prompt of one token and many copies of another: the distance of the
last two residuals of the last layer by the number of tokens.
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
# 64 tokens of a public-domain speech.
TEXT = [
    788, 10295, 282, 260, 3707, 327, 260, 19666, 282, 260, 9253, 3735, 253, 10364, 553, 719, 10322, 2362, 429, 338, 38586, 288,
    260, 4051, 282, 3518, 351, 9112, 288, 1003, 39089, 411, 260, 8336, 4320, 282, 260, 9253, 7761, 28, 284, 288, 26989, 750, 282,
    653, 7117, 527, 1124, 325, 6934, 281, 338, 3735, 30, 1943, 457, 719, 983, 28, 284, 357, 314, 4484,
]
IM_START, THE, DOG = 1, 504, 2767
REPEATS = 160


def stream(w, ids, wiring):
    """The residual stream, L+1 matrices [T, D]."""
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
    out = [x]
    for l in range(LAYERS):
        b = f"blk.{l}."
        h = norm(x, b + "attn_norm.weight")
        q = rotate((h @ w[b + "attn_q.weight"].T).reshape(t, HEADS, dh))
        k = rotate((h @ w[b + "attn_k.weight"].T).reshape(t, KV, dh)).repeat(HEADS // KV, 1)
        v = (h @ w[b + "attn_v.weight"].T).reshape(t, KV, dh).repeat(HEADS // KV, 1)
        s = np.where(causal, np.einsum("thd,shd->hts", q, k) / np.float32(dh**0.5), -np.inf)
        a = np.exp(s - s.max(-1, keepdims=True))
        a /= a.sum(-1, keepdims=True)
        attention = np.einsum("hts,shd->thd", a, v).reshape(t, -1) @ w[b + "attn_output.weight"].T
        x = attention if wiring == "pure" else x + attention
        if wiring == "full":
            h = norm(x, b + "ffn_norm.weight")
            g = h @ w[b + "ffn_gate.weight"].T
            x = x + (g / (1 + np.exp(-g)) * (h @ w[b + "ffn_up.weight"].T)) @ w[b + "ffn_down.weight"].T
        out.append(x)
    return out


def measure(x, skip):
    v = x[skip:].astype("f8")
    centred = v - v.mean(0)
    unit = v / np.linalg.norm(v, axis=1, keepdims=True)
    n = len(v)
    p = np.linalg.svd(unit, compute_uv=False)
    p = p[p > 0] / p.sum()
    return {
        "rank": np.linalg.norm(centred),
        "relative": np.linalg.norm(centred) / np.linalg.norm(v),
        "distance": np.linalg.norm(v[-1] - v[-2]),
        "cosine": ((unit @ unit.T).sum() - n) / (n * (n - 1)),
        "effective": np.exp(-(p * np.log(p)).sum()),
    }


def numbers(x):
    return [float(f"{y:.6g}") for y in x]


def main(path):
    w = {}
    for t in GGUFReader(path).tensors:
        w[t.name] = dequantize(t.data, t.tensor_type).astype("f4").reshape([int(n) for n in reversed(t.shape)])
    cases = []
    for ids, first in ((TEXT, 1), ([IM_START] + TEXT, 2)):
        for wiring in ("full", "residual", "pure"):
            layers = stream(w, ids, wiring)
            for skip in (0, first):
                rows = [measure(x, skip) for x in layers]
                cases.append({"ids": ids, "wiring": wiring, "skip": skip,
                              **{k: numbers([r[k] for r in rows]) for k in rows[0]}})
    ids = [THE] + [DOG] * (REPEATS - 1)
    last = stream(w, ids, "full")[-1].astype("f8")
    repeat = {"ids": ids, "distance": numbers(np.linalg.norm(last[1:] - last[:-1], axis=1))}
    sha = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    (HERE / "golden.json").write_text('{\n"sha256": "%s",\n"repeat": %s,\n"cases": [\n%s\n]\n}\n' % (sha, json.dumps(repeat), lines))


if __name__ == "__main__":
    main(sys.argv[1])
