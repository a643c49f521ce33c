"""The measures of package sinks, computed independently with NumPy.

Run: python golden.py > golden.json   (NumPy 2)
"""
import json

import numpy as np

rng = np.random.default_rng(2504_02732)
T, H, D, Dh = 7, 3, 5, 4


def softmax_causal(scores):
    scores = np.where(np.tri(T, dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def entropy(p):
    p = p[p > 0]
    p = p / p.sum()
    return float(-(p * np.log(p)).sum())


def score(a, key, exclude_self, normalise):
    if normalise:
        a = a / a.sum(1, keepdims=True)
    return float(a[key + exclude_self:, key].mean())


scores = rng.normal(0, 2, (H, T, T))
scores[0, :, 0] += 4  # head 0 is a sink
A = np.round(softmax_causal(scores), 6)
A[2] = np.round(np.tril(1 / (1 + np.exp(-scores[2]))), 6)  # head 2: sigmoid attention, rows do not sum to 1

heads = []
for a in A:
    norms = np.round(rng.uniform(0.1, 3, T), 6)
    eff = a * norms
    eff = eff / eff.sum(1, keepdims=True)
    heads.append({
        "Scores": [[[score(a, k, e, n) for k in range(T - e)] for e in (0, 1)] for n in (0, 1)],
        "RowSum": a.sum(1).tolist(),
        "RowMax": a.max(1).tolist(),
        "RowEntropy": [entropy(r) for r in a],
        "ArgMaxShare": [float((a[e:].argmax(1) == 0).mean()) for e in (0, 1)],
        "RelaxedShare": float((a[:, 0] >= 0.5).mean()),
        "Norms": norms.tolist(),
        "Effective": eff.tolist(),
        "ValueNormRatio": float(norms[0] / norms.mean()),
    })

V = np.round(rng.normal(0.7, 1, (T, D)), 6)
centred = V - V.mean(0, keepdims=True)
unit = V / np.linalg.norm(V, axis=1, keepdims=True)
cos = unit @ unit.T
sigma = np.linalg.svd(V, compute_uv=False)
hidden = np.round(rng.normal(0, 0.3, (T, D)), 6)
hidden[0, 3], hidden[4, 1], hidden[5, 0], hidden[2, 2] = -900.0, 99.0, 200.0, 640.0

print(json.dumps({
    "A": A.tolist(),
    "Heads": heads,
    "V": V.tolist(),
    "RankCollapse": float(np.linalg.norm(centred)),
    "RankCollapseRel": float(np.linalg.norm(centred) / np.linalg.norm(V)),
    "RepCollapse": float(np.linalg.norm(V[-1] - V[-2])),
    "MeanCosine": float(cos[~np.eye(T, dtype=bool)].mean()),
    "Sigma": sigma.tolist(),
    "EffectiveRank": float(np.exp(entropy(sigma))),
    "MatrixEntropy": entropy(np.linalg.eigvalsh(V @ V.T).clip(1e-12)),
    "Participation": float((sigma**2).sum() ** 2 / (sigma**4).sum()),
    "Hidden": hidden.tolist(),
    "Median": float(np.median(np.abs(hidden))),
    "Massive": np.argwhere((np.abs(hidden) > 100) & (np.abs(hidden) > 1000 * np.median(np.abs(hidden)))).tolist(),
}))
