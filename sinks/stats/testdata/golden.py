"""Intervals computed with NumPy and SciPy, to hold the Go package against.

Run: python golden.py > golden.json   (NumPy 2, SciPy 1.11 or newer)
"""
import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20250402)
sizes = [1, 2, 3, 4, 5, 6, 7, 8]
cluster = [f"doc{c}" for c, n in enumerate(sizes) for _ in range(n)]
centre = rng.normal(0.5, 0.2, len(sizes))
x = np.round(np.concatenate([rng.normal(m, 0.1, n) for m, n in zip(centre, sizes)]), 6)

R = 200_000


def summary(value, se, lo, hi):
    return {"Value": float(value), "SE": float(se), "Lo": float(lo), "Hi": float(hi)}


# Studentized bootstrap of the mean.
n = len(x)
draws = x[rng.integers(0, n, (R, n))]
t = (draws.mean(axis=1) - x.mean()) / (draws.std(axis=1, ddof=1) / np.sqrt(n))
se = x.std(ddof=1) / np.sqrt(n)
low, high = np.percentile(t, [2.5, 97.5])
mean = summary(x.mean(), se, x.mean() - high * se, x.mean() - low * se)

# Ratio of sums over few clusters: linearised, with t.
sums = np.array([x[[name == f"doc{c}" for name in cluster]].sum() for c in range(len(sizes))])
size = np.array(sizes)
residual = (sums - x.mean() * size) / np.sqrt(1 - size / size.sum())
se = np.sqrt((residual**2).sum()) / size.sum()
half = se * stats.t.ppf(0.975, size.sum() ** 2 / (size**2).sum() - 1)
grouped = summary(x.mean(), se, x.mean() - half, x.mean() + half)

# BCa of the logarithm of the standard deviation, at t's quantiles.
y = x[:17]
n = len(y)
value = np.log(y.std())
boot = np.log(y[rng.integers(0, n, (R, n))].std(axis=1))
bias = stats.norm.ppf((boot < value).mean() + (boot == value).mean() / 2)
jack = np.array([np.log(np.delete(y, i).std()) for i in range(n)])
d = jack.mean() - jack
a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
z = stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1)) * np.array([-1, 1])
levels = stats.norm.cdf(bias + (bias + z) / (1 - a * (bias + z)))
spread = summary(value, boot.std(ddof=1), *np.quantile(boot, levels))


def binomial(method):
    out = []
    for k, m in [(0, 5), (1, 5), (5, 5), (71, 85), (0, 15)]:
        ci = stats.binomtest(k, m).proportion_ci(0.95, method=method)
        out.append([k, m, float(ci.low), float(ci.high)])
    return out


print(json.dumps({
    "X": x.tolist(),
    "Cluster": cluster,
    "Mean": mean,
    "Grouped": grouped,
    "LogSD": spread,
    "Wilson": binomial("wilson"),
    "ClopperPearson": binomial("exact"),
}))
