"""Writes quants.json: what the types of GGUF tensors dequantise to.

    python3 -m venv v && v/bin/pip install numpy==2.4.6 gguf==0.19.0
    v/bin/python quants.py [path/to/gemma-3-270m-q4_k_m.gguf]

By the Python package gguf, the format's own. For each type: one block of random bits and
its values, to see what differs; the SHA-256 of the values (float32, little-endian) of many
more blocks, which are bits 8 … 15 of the splitmix64 sequence from 0, the top exponent bits
of a block's scales cleared (|scale| < 2, subnormals among them); for F16 and BF16 of all
numbers that are finite. And, with the file, the SHA-256 of all its tensors of a type, in
the order of the file.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
from gguf import GGMLQuantizationType as Q
from gguf import GGUFReader
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize

HERE = pathlib.Path(__file__).parent
BLOCKS = 4096
# Where the half-precision scales of a block stand.
SCALES = {Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2], Q.Q8_0: [0], Q.Q2_K: [80, 82], Q.Q3_K: [108],
          Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208]}


def random_bytes(n):
    z = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return ((z >> np.uint64(8)) & np.uint64(0xFF)).astype(np.uint8)


def blocks(kind):
    data = random_bytes(BLOCKS * GGML_QUANT_SIZES[kind][1]).reshape(BLOCKS, -1)
    for at in SCALES[kind]:
        data[:, at + 1] &= 0xBF
    return data


def sha256(*arrays):
    digest = hashlib.sha256()
    for x in arrays:
        assert x.dtype == np.float32 and np.isfinite(x).all()
        digest.update(x.tobytes())
    return digest.hexdigest()


def main(path=None):
    types = []
    for kind in SCALES:
        data = blocks(kind)
        x = dequantize(data, kind)
        types.append({"type": kind.name, "block": data[0].tobytes().hex(), "values": [float(f"{v:.9g}") for v in x[0]],
                      "blocks": BLOCKS, "sha256": sha256(x)})
    for kind, exponent in (Q.F16, 0x7C00), (Q.BF16, 0x7F80):
        bits = np.arange(1 << 16, dtype=np.uint16)
        bits = bits[bits & exponent != exponent]
        x = bits.view(np.float16).astype(np.float32) if kind == Q.F16 else dequantize(bits.view(np.uint8), kind)
        types.append({"type": kind.name, "sha256": sha256(x)})
    tensors = {}
    if path:
        for t in GGUFReader(path).tensors:
            tensors.setdefault(t.tensor_type.name, []).append(t)
        tensors = {name: {"tensors": len(list_), "sha256": sha256(*(dequantize(t.data, t.tensor_type) for t in list_))}
                   for name, list_ in tensors.items()}
    lines = ",\n".join(json.dumps(t, separators=(",", ":")) for t in types)
    (HERE / "quants.json").write_text('{"types":[\n' + lines + '\n],"gemma3":' + json.dumps(tensors) + "}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
