"""Writes golden.json and logits.f32: what the loaders must reproduce.

    python3 -m venv v && v/bin/pip install numpy==2.4.6 gguf==0.19.0 tokenizers==0.23.3
    v/bin/python golden.py path/to/SmolLM2-135M-Instruct.Q4_1.gguf

Independent of the Go code: the file is read and dequantised by the Python package
gguf (the format's own), and the forward pass below is NumPy in float32, written
from the Llama papers. Rotary pairs are neighbours (2i, 2i+1), as the file has
them, so the re-ordering that the Go loader does is checked too. Token ids come
from the Python library tokenizers, built from the file's vocabulary and merges.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import Tokenizer, models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
STRIDE = 17  # every 13th logit is kept in full
SIGNS = 64  # and this many random-sign sums of all of them

TEXTS = [
    "The capital of France is",
    "<|endoftext|>The capital of France is",
    "func main() {\n\tfmt.Println(\"hi\")\n}\n",
    "In 1969, 2 men walked on the Moon: it's  odd\n\n\tthat  they'll say 3.14159 — naïve café, 日本語!",
    "<|im_start|>user\nWhat is gravity?<|im_end|>\n<|im_start|>assistant\n",
]


def tokenizer(reader):
    field = lambda key: reader.fields["tokenizer.ggml." + key].contents()
    tokens = field("tokens")
    t = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, [tuple(m.split(" ")) for m in field("merges")]))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    control = 3
    t.add_special_tokens([token for token, kind in zip(tokens, field("token_type")) if kind == control])
    return t


def forward(w, ids, layers=30, heads=9, kv=3, base=100000.0, eps=1e-5):
    """Logits [T, V] of a Llama decoder."""
    x = w["token_embd.weight"][ids]
    t, dh = len(ids), w["blk.0.attn_q.weight"].shape[0] // heads
    angle = np.arange(t)[:, None] * base ** (-np.arange(0, dh, 2) / dh)
    cos, sin = np.cos(angle).astype("f4")[:, None], np.sin(angle).astype("f4")[:, None]
    causal = np.tril(np.ones((t, t), bool))

    def norm(x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(eps)) * w[name]

    def rotate(x):  # [T, heads, Dh], pairs (2i, 2i+1)
        out = np.empty_like(x)
        out[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
        out[..., 1::2] = x[..., 1::2] * cos + x[..., 0::2] * sin
        return out

    for l in range(layers):
        b = f"blk.{l}."
        h = norm(x, b + "attn_norm.weight")
        q = rotate((h @ w[b + "attn_q.weight"].T).reshape(t, heads, dh))
        k = rotate((h @ w[b + "attn_k.weight"].T).reshape(t, kv, dh)).repeat(heads // kv, 1)
        v = (h @ w[b + "attn_v.weight"].T).reshape(t, kv, dh).repeat(heads // kv, 1)
        s = np.where(causal, np.einsum("thd,shd->hts", q, k) / np.float32(dh**0.5), -np.inf)
        a = np.exp(s - s.max(-1, keepdims=True))
        a /= a.sum(-1, keepdims=True)
        x = x + np.einsum("hts,shd->thd", a, v).reshape(t, -1) @ w[b + "attn_output.weight"].T
        h = norm(x, b + "ffn_norm.weight")
        g = h @ w[b + "ffn_gate.weight"].T
        x = x + (g / (1 + np.exp(-g)) * (h @ w[b + "ffn_up.weight"].T)) @ w[b + "ffn_down.weight"].T
    return norm(x, "output_norm.weight") @ w["token_embd.weight"].T  # the output is tied


def signs(v):
    """[SIGNS, V] of ±1: bit 40 of the splitmix64 sequence from 0, row by row."""
    z = np.arange(1, SIGNS * v + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return 1 - 2.0 * ((z >> np.uint64(40)) & np.uint64(1)).astype("i8").reshape(SIGNS, v)


def short(x):
    """Nine digits hold a float32."""
    return [float(f"{v:.9g}") for v in x]


def main(path):
    raw = pathlib.Path(path).read_bytes()
    w, tensors = {}, []
    reader = GGUFReader(path)
    for t in reader.tensors:
        x = dequantize(t.data, t.tensor_type).astype("f4").reshape([int(n) for n in reversed(t.shape)])
        w[t.name] = x
        f, d = x.ravel(), x.astype("f8").ravel()
        tensors.append({"name": t.name, "type": t.tensor_type.name, "head": short(f[:3]), "tail": short(f[-2:]),
                        "sum": float(f"{d.sum():.10g}"), "sumsq": float(f"{(d * d).sum():.10g}")})
    sign, texts, kept = None, [], []
    tok = tokenizer(reader)
    for text in TEXTS:
        ids = tok.encode(text).ids
        logits = forward(w, ids).astype("f8")
        if sign is None:
            sign = signs(logits.shape[1])
        top2 = np.sort(logits, -1)[:, -2:]
        logz = np.log(np.exp(logits - top2[:, 1:]).sum(-1)) + top2[:, 1]
        last = logits[-1]
        top = np.argsort(-last, kind="stable")[:50]
        texts.append({
            "text": text, "ids": ids,
            "top1": logits.argmax(-1).tolist(),
            "margin": [float(f"{m:.4g}") for m in top2[:, 1] - top2[:, 0]],
            "loss": [float(f"{x:.7g}") for x in (logz[:-1] - logits[np.arange(len(ids) - 1), ids[1:]])],
            "sd": float(f"{last.std():.7g}"),
            "top50": top.tolist(), "top50_logits": short(last[top]),
            "signs": [float(f"{x:.9g}") for x in sign @ last],
        })
        kept.append(last[::STRIDE].astype("<f4"))
    golden = {"file": pathlib.Path(path).name, "sha256": hashlib.sha256(raw).hexdigest(), "stride": STRIDE}
    lines = [f'"{k}": {json.dumps(v)}' for k, v in golden.items()]
    for key, rows in (("texts", texts), ("tensors", tensors)):
        lines.append(f'"{key}": [\n' + ",\n".join(json.dumps(r, separators=(",", ":")) for r in rows) + "\n]")
    (HERE / "golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    (HERE / "logits.f32").write_bytes(b"".join(k.tobytes() for k in kept))


if __name__ == "__main__":
    main(sys.argv[1])
