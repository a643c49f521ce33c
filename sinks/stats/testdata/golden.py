"""Bootstrap intervals computed with NumPy, to hold the Go package against.

Run: python golden.py > golden.json   (NumPy 2)
"""
import json

import numpy as np

rng = np.random.default_rng(20250402)
sizes = [1, 2, 3, 4, 5, 6, 7, 8]
cluster = [f"doc{c}" for c, n in enumerate(sizes) for _ in range(n)]
centre = rng.normal(0.5, 0.2, len(sizes))
x = np.round(np.concatenate([rng.normal(m, 0.1, n) for m, n in zip(centre, sizes)]), 6)

R = 200_000


def summary(value, draws):
    lo, hi = np.percentile(draws, [2.5, 97.5])
    return {"Value": float(value), "SE": float(draws.std(ddof=1)), "Lo": float(lo), "Hi": float(hi)}


means = x[rng.integers(0, len(x), (R, len(x)))].mean(axis=1)
sums = np.array([x[[name == f"doc{c}" for name in cluster]].sum() for c in range(len(sizes))])
pick = rng.integers(0, len(sizes), (R, len(sizes)))
grouped = sums[pick].sum(axis=1) / np.array(sizes)[pick].sum(axis=1)

print(json.dumps({
    "X": x.tolist(),
    "Cluster": cluster,
    "Mean": summary(x.mean(), means),
    "Grouped": summary(x.mean(), grouped),
}))
