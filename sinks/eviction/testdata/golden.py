"""Scores of NVIDIA/kvpress on random keys and attention, for TestAgainstKVPress.

    pip install torch transformers && pip install --no-deps kvpress==0.5.5
    python golden.py > golden.json

Only kvpress' presses are imported, not the package's front, which asks for
datasets and more. Made with kvpress 0.5.5, torch 2.15.0, transformers 5.24.0.
"""

import json
import sys
import types
from importlib import metadata

import torch

folder = metadata.distribution("kvpress").locate_file("kvpress")
for name, path in {"kvpress": folder, "kvpress.presses": folder / "presses"}.items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [str(path)]

from kvpress.presses.keydiff_press import KeyDiffPress  # noqa: E402
from kvpress.presses.knorm_press import KnormPress  # noqa: E402
from kvpress.presses.observed_attention_press import ObservedAttentionPress  # noqa: E402
from kvpress.presses.snapkv_press import SnapKVPress  # noqa: E402
from kvpress.presses.tova_press import TOVAPress  # noqa: E402

K, G, N, DH = 2, 3, 42, 4  # key/value heads, query heads of each, tokens, width

torch.manual_seed(7)
keys = (torch.randn(1, K, N, DH, dtype=torch.float64) + 0.7).round(decimals=3)
scores = torch.randn(1, K * G, N, N, dtype=torch.float64) * 2
attention = scores.masked_fill(torch.ones(N, N).triu(1).bool(), -torch.inf).softmax(-1).round(decimals=4)

module = types.SimpleNamespace(config=types.SimpleNamespace(num_attention_heads=K * G, num_key_value_heads=K), head_dim=DH)
presses = {
    "keydiff": KeyDiffPress(), "knorm": KnormPress(), "snapkv": SnapKVPress(window_size=32, kernel_size=5),
    "tova": TOVAPress(), "h2o:mean": ObservedAttentionPress(),
}
hidden = torch.zeros(1, N, 1)  # looked at for its length alone
out = {
    "keys": keys[0].tolist(),
    "attention": [[row[: t + 1] for t, row in enumerate(head)] for head in attention[0].tolist()],  # [K·G][query][key ≤ query]
    "scores": {name: press.score(module, hidden, keys, keys, attention, {})[0].round(decimals=8).tolist() for name, press in presses.items()},
}
json.dump(out, sys.stdout, separators=(",", ":"))
