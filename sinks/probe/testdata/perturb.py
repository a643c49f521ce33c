"""Writes perturb.json: what one edit changes in SmolLM2, and under interventions.

    python3 -m venv v && v/bin/python -m pip install torch==2.14.1 numpy==2.4.6 gguf==0.19.0
    v/bin/python perturb.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf

Independent of the Go code: the Python package gguf (the format's own) reads and
dequantises the file, and the decoder below is PyTorch in float64, written from the
Llama papers. Rotary pairs are neighbours (2i, 2i+1), as in the file. Layers count
from 0 here, in an intervention too; row l of the residual stream is what enters
layer l, so row 30 is what leaves the last.
"""

import json
import pathlib
import sys

import torch
from gguf import GGUFReader
from gguf.quants import dequantize

L, H, KV, DH = 30, 9, 3, 64

# "William Shakespeare was the greatest writer in the English language, and his
# plays are still performed all over the world more than four hundred years after
# they were first written.", and the same with " best" for " greatest".
BASE = [20949, 12081, 436, 260, 6250, 6535, 281, 260, 2321, 1789, 28, 284, 650, 4566, 359, 1361, 4940, 511, 690, 260, 905,
        540, 670, 1876, 3822, 929, 990, 502, 592, 808, 2855, 30]
EDITED = [1450 if t == 4 else x for t, x in enumerate(BASE)]
ROWS = [0, 1, 3, 12, 13, 21, 30]

CONDITIONS = {
    "intact": {},
    "key 1 masked": {"mask": 0},
    "value 1 zeroed": {"zero": 0},
    "MLP 12 skipped": {"skip": [(11, 0, "mlp")]},
    "block 20 skipped": {"skip": [(19, 6, "attention"), (19, 6, "mlp")]},
}


def run(w, ids, mask=None, zero=None, skip=()):
    """Residual streams [L+1, T, D], mean row entropy [L] and mean weight of the first key [L]."""
    t = len(ids)
    freq = 100000.0 ** (-torch.arange(0, DH, 2, dtype=torch.float64) / DH)
    turn = torch.polar(torch.ones(t, DH // 2, dtype=torch.float64), torch.arange(t)[:, None] * freq)

    def rotate(x):  # [T, heads, DH]
        return torch.view_as_real(torch.view_as_complex(x.reshape(t, -1, DH // 2, 2)) * turn[:, None]).reshape(x.shape)

    def norm(x, gain):
        return x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * w[gain]

    hidden = torch.ones(t, t, dtype=torch.bool).triu(1)
    if mask is not None:
        hidden[mask + 1:, mask] = True  # the key's own query still sees it
    x = w["token_embd.weight"][ids]
    stream, entropy, first = [x], [], []
    for l in range(L):
        b = f"blk.{l}."
        h = norm(x, b + "attn_norm.weight")
        q = rotate((h @ w[b + "attn_q.weight"].T).view(t, H, DH))
        k = rotate((h @ w[b + "attn_k.weight"].T).view(t, KV, DH))
        v = (h @ w[b + "attn_v.weight"].T).view(t, KV, DH).clone()
        if zero is not None:
            v[zero] = 0
        group = torch.arange(H) // (H // KV)
        a = torch.einsum("thd,shd->hts", q, k[:, group]) / DH**0.5
        a = a.masked_fill(hidden, -torch.inf).softmax(-1)
        entropy.append(torch.special.entr(a).sum(-1).mean().item())
        first.append(a[:, :, 0].mean().item())
        update = torch.einsum("hts,shd->thd", a, v[:, group]).reshape(t, -1) @ w[b + "attn_output.weight"].T
        for at, pos, part in skip:
            if (at, part) == (l, "attention"):
                update[pos] = 0
        x = x + update
        h = norm(x, b + "ffn_norm.weight")
        update = (torch.nn.functional.silu(h @ w[b + "ffn_gate.weight"].T) * (h @ w[b + "ffn_up.weight"].T)) @ w[b + "ffn_down.weight"].T
        for at, pos, part in skip:
            if (at, part) == (l, "mlp"):
                update[pos] = 0
        x = x + update
        stream.append(x)
    return torch.stack(stream), entropy, first


def digits(x, n=7):
    return [digits(v, n) for v in x] if isinstance(x, list) else float(f"{x:.{n}g}")


def main(path):
    w = {}
    for t in GGUFReader(path).tensors:
        shape = [int(n) for n in reversed(t.shape)]
        w[t.name] = torch.from_numpy(dequantize(t.data, t.tensor_type).reshape(shape).astype("f4")).double()
    lines = []
    for name, how in CONDITIONS.items():
        base, entropy, first = run(w, BASE, **how)
        edited, _, _ = run(w, EDITED, **how)
        lines.append(json.dumps({
            "name": name, "delta": digits((edited - base).norm(dim=-1)[ROWS].tolist()),
            "norm": digits(base.norm(dim=-1)[ROWS].tolist()), "entropy": digits(entropy), "firstkey": digits(first),
        }))
    text = f'{{"base": {BASE},\n"edited": {EDITED},\n"layers": {ROWS},\n"conditions": [\n' + ",\n".join(lines) + "\n]}\n"
    (pathlib.Path(__file__).parent / "perturb.json").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
