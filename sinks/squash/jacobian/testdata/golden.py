"""Writes golden.json: Jacobian norms of SmolLM2's first blocks, which Exact must reproduce.

    python3 -m venv v && v/bin/pip install torch==2.14.1 numpy==2.4.6 gguf==0.19.0
    v/bin/python golden.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf

Independent of the Go code: the Python package gguf reads and dequantises the file,
the blocks below are PyTorch in float64 with rotary pairs (2i, 2i+1) as the file has
them, and torch.func differentiates. "frozen" detaches the attention pattern and the
divisors of the norms. The constants of the bound come from whole [D, D] matrices and
their singular values.
"""

import json
import pathlib
import sys

import torch
from gguf import GGUFReader
from gguf.quants import dequantize

LAYERS, HEADS, KV, DH, EPS, BASE = 2, 9, 3, 64, 1e-5, 100000.0
IDS = [504, 3575, 282, 4649, 314]

torch.set_default_dtype(torch.float64)


def main(path):
    w = {t.name: torch.tensor(dequantize(t.data, t.tensor_type)).double()
         for t in GGUFReader(path).tensors if t.name == "token_embd.weight" or t.name.split(".")[1] in map(str, range(LAYERS))}
    t = len(IDS)
    angle = torch.arange(t)[:, None] * BASE ** (-torch.arange(0, DH, 2) / DH)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    causal = torch.ones(t, t).tril().bool()

    def rotate(x):
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)

    def forward(x, frozen, seen=None):
        hold = (lambda y: y.detach()) if frozen else (lambda y: y)
        rms = lambda x: (x.square().mean(-1, keepdim=True) + EPS).sqrt()
        for l in range(LAYERS):
            m = lambda name: w[f"blk.{l}.{name}.weight"]
            h = x / hold(rms(x)) * m("attn_norm")
            q = rotate((h @ m("attn_q").T).reshape(t, HEADS, DH))
            k = rotate((h @ m("attn_k").T).reshape(t, KV, DH)).repeat_interleave(HEADS // KV, 1)
            v = (h @ m("attn_v").T).reshape(t, KV, DH).repeat_interleave(HEADS // KV, 1)
            s = torch.einsum("thd,shd->hts", q, k) / DH**0.5
            a = hold(torch.softmax(s.masked_fill(~causal, -torch.inf), -1))
            z = x + torch.einsum("hts,shd->thd", a, v).flatten(1) @ m("attn_output").T
            mlp = lambda z, r: (lambda h: (torch.nn.functional.silu(h @ m("ffn_gate").T) * (h @ m("ffn_up").T)) @ m("ffn_down").T)(
                z / r * m("ffn_norm"))
            if seen is not None:
                value = (m("attn_v") * m("attn_norm")).reshape(KV, DH, -1).repeat_interleave(HEADS // KV, 0)
                out = m("attn_output").reshape(-1, HEADS, DH)
                seen.append({
                    "rms": rms(x)[:, 0].tolist(),
                    "output_value": [torch.linalg.matrix_norm(out[:, h] @ value[h], 2).item() for h in range(HEADS)],
                    "mlp": [torch.linalg.matrix_norm(torch.func.jacrev(lambda y: mlp(y, rms(z[i])))(z[i]), 2).item() for i in range(t)],
                    "pattern": a.tolist(),
                })
            x = z + mlp(z, hold(rms(z)))
        return x

    v0 = w["token_embd.weight"][IDS]
    seen = []
    forward(v0, False, seen)
    golden = {"ids": IDS, "layers": LAYERS, "j": t - 1, "constants": seen}
    for frozen in (False, True):
        jac = torch.func.jacrev(lambda x: forward(x, frozen)[-1])(v0)  # [D, T, D]
        golden["frozen" if frozen else "full"] = [
            {"spectral": torch.linalg.matrix_norm(jac[:, i], 2).item(), "frobenius": jac[:, i].norm().item()} for i in range(t)]
    pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(golden) + "\n")


main(sys.argv[1])
