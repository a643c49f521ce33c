"""Independent values for corpus_test.go and derive_test.go: python3 golden.py > golden.json"""

import hashlib
import json
import math
import struct

TEXTS = ["The first token.", "A sink", "naïve café – déjà vu", "---", "zwei\nZeilen", "x" * 100, "日本語の文", "Token, the first!"]


def keyed(purpose, seed, text):
    return hashlib.sha256(purpose.encode() + b"\0" + struct.pack("<Q", seed) + text.encode()).digest()


def normalize(text):
    words = "".join(c if c.isalpha() or c.isnumeric() else " " for c in text.lower()).split()
    return " ".join(words) or text


def share(digest):
    return (struct.unpack(">Q", digest[:8])[0] >> 11) / 2**53


fingerprint = hashlib.sha256()
for t in TEXTS:
    fingerprint.update(struct.pack("<Q", len(t.encode())) + t.encode())

lengths = sorted(len(t) for t in TEXTS)


def rank(percent):
    return lengths[math.ceil(len(lengths) * percent / 100) - 1]


print(json.dumps({
    "texts": TEXTS,
    "normal": [normalize(t) for t in TEXTS],
    "fingerprint": fingerprint.hexdigest(),
    "bytes": sum(len(t.encode()) for t in TEXTS),
    "runes": sum(lengths),
    "median": rank(50),
    "p90": rank(90),
    "sample_seed_7": sorted(TEXTS, key=lambda t: keyed("sample", 7, t)),
    "held_out_half_seed_7": [t for t in TEXTS if share(keyed("split", 7, normalize(t))) < 0.5],
}, ensure_ascii=False, indent=1))
