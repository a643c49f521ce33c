"""Tiny decoders and what they must compute, in NumPy float64, for golden_test.go.

Run:   python golden.py             (NumPy 2, safetensors) writes golden.safetensors
       python golden.py --check     (also transformers 4.46, flax, jax) writes nothing:
                                    holds the plain cases against FlaxLlamaForCausalLM, and
                                    Gemma's against FlaxGemmaForCausalLM

Written apart from the Go code: one document, one head and one query at a time,
rotary positions as complex numbers, no masks, no padding and no row maxima.
"""
import json
import math
import pathlib
import sys

import numpy as np

rng = np.random.default_rng(2302_13971)
INF = np.inf


def weights(c):
    """Random float32 weights of a configuration; large enough that patterns are not flat."""
    D, F, q, kv = c["width"], c["hidden"], c["heads"] * c["head_dim"], c["kv_heads"] * c["head_dim"]

    def mat(*shape, scale=1.0):
        return (rng.normal(0, scale, shape) / np.sqrt(shape[-1])).astype(np.float32)

    def gain(n):
        return rng.uniform(0.5, 1.5, n).astype(np.float32)

    w = {"embed": mat(c["vocab"], D, scale=3)}
    for l in range(c["layers"]):
        w |= {f"layers.{l}.{k}": v for k, v in {
            "attn_norm": gain(D), "query": mat(q, D, scale=1.5), "key": mat(kv, D, scale=1.5), "value": mat(kv, D),
            "out": mat(D, q), "mlp_norm": gain(D), "gate": mat(F, D), "up": mat(F, D), "down": mat(D, F),
            "sink": rng.normal(0, 1, c["heads"]).astype(np.float32)}.items()}
    return w | {"norm": gain(D), "output": mat(c["vocab"], D)}


def switched(c):
    """Weights of a configuration that is not Llama's."""
    w, D, F = weights(c), c["width"], c["hidden"]
    q, kv = c["heads"] * c["head_dim"], c["kv_heads"] * c["head_dim"]

    def vector(n, mean):
        return (mean + rng.normal(0, 0.4, n)).astype(np.float32)

    bias, place = c.get("bias", {}), c.get("norm_placement", "")
    if "learned_positions" in c:
        w["position"] = rng.normal(0, 1, (c["learned_positions"], D)).astype(np.float32)
    if c.get("norm") == "layer":
        w["norm_bias"] = vector(D, 0)
    for l in range(c["layers"]):
        p = f"layers.{l}."
        norms = ([] if place == "post" else ["attn_norm", "mlp_norm"]) + (["attn_post_norm", "mlp_post_norm"] if place else [])
        for name in norms:
            w[p + name] = vector(D, 1)
            if c.get("norm") == "layer":
                w[p + name + "_bias"] = vector(D, 0)
        if bias.get("qkv"):
            w |= {p + "query_bias": vector(q, 0), p + "key_bias": vector(kv, 0), p + "value_bias": vector(kv, 0)}
        if bias.get("out"):
            w[p + "out_bias"] = vector(D, 0)
        if bias.get("mlp"):
            w |= {p + "gate_bias": vector(F, 0), p + "up_bias": vector(F, 0), p + "down_bias": vector(D, 0)}
        if "qk_norm" in c:
            whole = c["qk_norm"] == "width"
            w |= {p + "query_norm": vector(q if whole else c["head_dim"], 0.5), p + "key_norm": vector(kv if whole else c["head_dim"], 0.5)}
    return w


def frequencies(c, kind={}):
    c = c | kind  # a kind's base comes with its own scaling
    if "rope_base" in kind and "rope_scaling" not in kind:
        c.pop("rope_scaling", None)
    width = c.get("rotary_dim", c["head_dim"])
    if kind.get("no_rope") or "learned_positions" in c:
        return np.zeros(width // 2)
    f = c["rope_base"] ** (-np.arange(0, width, 2) / width)
    if "rope_factors" in c:
        f = f / np.array(c["rope_factors"])
    s = c.get("rope_scaling")
    if s and len(s) == 1:
        f = f / s["factor"]
    elif s:
        turns = s["original_context"] * f / (2 * np.pi)  # turns a pair makes over the original context
        kept = np.clip((turns - s["low_freq_factor"]) / (s["high_freq_factor"] - s["low_freq_factor"]), 0, 1)
        f = f * kept + f / s["factor"] * (1 - kept)
    return f


def rope(x, position, freqs):
    half = len(freqs)
    turned = (x[:half] + 1j * x[half:2 * half]) * np.exp(1j * position * freqs)
    return np.concatenate([turned.real, turned.imag, x[2 * half:]])


def norm(x, gain, eps):
    return x * gain / np.sqrt(np.mean(x**2, -1, keepdims=True) + eps)


def named_norm(c, p, name, x):
    if c.get("norm") == "layer":
        mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(var + c["norm_eps"]) * p[name] + p[name + "_bias"]
    return norm(x, p[name], c["norm_eps"])


def activation(kind, x):
    match kind:
        case "silu":
            return x / (1 + np.exp(-x))
        case "gelu-tanh":
            # ½ (1 + tanh a) is the logistic function of 2a.
            return x / (1 + np.exp(-np.sqrt(8 / np.pi) * (x + 0.044715 * x**3)))
        case "gelu":
            return x * (1 + np.vectorize(math.erf)(x / np.sqrt(2))) / 2
        case "relu":
            return np.where(x > 0, x, 0)
    raise ValueError(kind)


def row_pattern(kind, s, sink, pattern):
    """The attention of one query to the keys it sees, from their scores s."""
    e = np.exp(s)
    match kind:
        case "softmax":
            return e / e.sum()
        case "off-by-one":
            return e / (1 + e.sum())
        case "sink-logit":
            return e / (np.exp(sink) + e.sum())
        case "softpick":
            # As published, ε is beside e^(s−m): beside e^s it is ε·e^m.
            return np.maximum(e - 1, 0) / (np.abs(e - 1).sum() + 1e-6 * np.exp(max(s.max(), 0)))
        case "sigmoid":
            return 1 / (1 + np.exp(-s) * len(s))
        case "clipped":
            return np.clip((pattern["zeta"] - pattern["gamma"]) * e / e.sum() + pattern["gamma"], 0, 1)
    raise ValueError(kind)


def forward(c, w, ids, positions=None, visible=None, edits=None):
    """One document. edits[l][name] without the batch axis. Returns the named intermediates."""
    w = {k: v.astype(np.float64) for k, v in w.items()}
    T, H, K, Dh, eps = len(ids), c["heads"], c["kv_heads"], c["head_dim"], c["norm_eps"]
    positions = range(T) if positions is None else positions
    pattern, place, scale = c.get("pattern", {}), c.get("norm_placement", ""), c.get("score_scale", 1 / np.sqrt(Dh))
    x = w["embed"][ids] * (np.sqrt(c["width"]) if c.get("scale_embed") else 1)
    if "learned_positions" in c:
        x = x + w["position"][list(positions)]
    resid, patterns, zs = [x], [], []
    for l in range(c["layers"]):
        p = {k.removeprefix(f"layers.{l}."): v for k, v in w.items() if k.startswith(f"layers.{l}.")}
        e = (edits or [{}] * c["layers"])[l]
        kind = c["kinds"][c["tile"][l % len(c["tile"])]] if "tile" in c else {}
        freqs = frequencies(c, kind)

        def linear(x, name):
            return x @ p[name].T + p.get(name + "_bias", 0)

        def heads(name, n):
            y = linear(h, name)
            if c.get("qk_norm") == "width" and name != "value":
                y = norm(y, p[name + "_norm"], eps)
            y = y.reshape(T, n, Dh)
            return norm(y, p[name + "_norm"], eps) if c.get("qk_norm") == "head" and name != "value" else y

        h = x if place == "post" else named_norm(c, p, "attn_norm", x)
        q, k, v = heads("query", H), heads("key", K), heads("value", K)
        A, z = np.zeros((H, T, T)), np.zeros((T, H, Dh))
        for head in range(H):
            kv = head // (H // K)
            for t in range(T):
                query = rope(q[t, head], positions[t], freqs)
                keys, s = [], []
                for j in range(t + 1):
                    bias = e["KeyBias"][head, j] if "KeyBias" in e and j < t else 0
                    if bias == -INF or ("window" in kind and t - j >= kind["window"]) or (visible is not None and not visible[t][j]):
                        continue
                    keys.append(j)
                    s.append(query @ rope(k[j, kv], positions[j], freqs) * scale + bias)
                A[head, t, keys] = row_pattern(pattern.get("kind", "softmax"), np.array(s), p["sink"][head], pattern)
            scaled = v[:, kv] * (e["ValueScale"][kv][:, None] if "ValueScale" in e else 1)
            z[:, head] = A[head] @ scaled * (e["HeadScale"][head][:, None] if "HeadScale" in e else 1)
        out = linear(z.reshape(T, H * Dh), "out")
        out = named_norm(c, p, "attn_post_norm", out) if place else out
        mid = x + out * (e["AttnScale"][:, None] if "AttnScale" in e else 1)
        h = x if c.get("parallel") else mid
        h = h if place == "post" else named_norm(c, p, "mlp_norm", h)
        f = lambda x: activation(c.get("activation", "silu"), x)
        hidden = f(linear(h, "up")) if c.get("plain_mlp") else f(linear(h, "gate")) * linear(h, "up")
        out = linear(hidden, "down")
        out = named_norm(c, p, "mlp_post_norm", out) if place else out
        x = mid + out * (e["MLPScale"][:, None] if "MLPScale" in e else 1)
        resid.append(x), patterns.append(A), zs.append(z)
    logits = named_norm(c, w, "norm", x) @ w["embed" if c["tied_output"] else "output"].T
    logp = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    loss = np.array([-logp[t, ids[t + 1]] for t in range(T - 1)])
    return {"resid": np.stack(resid), "pattern": np.stack(patterns), "z": np.stack(zs),
            "logits": logits, "loss": loss, "top1": logits.argmax(-1)}


def config(width, heads, kv, dh, tied):
    return {"vocab": 17, "width": width, "layers": 2, "heads": heads, "kv_heads": kv, "head_dim": dh, "hidden": 12,
            "context": 512, "norm_eps": 1e-5, "rope_base": 10000.0, "tied_output": tied}


CONFIGS = {"gqa": config(32, 4, 2, 8, False), "mha": config(8, 2, 2, 4, True), "mqa": config(10, 3, 1, 4, False)}
SETS = {name: weights(c) for name, c in CONFIGS.items()}
tensors, cases = {}, []


def case(name, base, lengths, positions=None, visible=None, edits=None, keep=None, **changes):
    """Computes a case and keeps it. edits(length) gives a document's edits by layer."""
    c = CONFIGS[base] | changes
    cases.append({"name": name, "weights": base, "config": c, "documents": len(lengths)})
    for d, n in enumerate(lengths):
        key = f"{name}/{d}"
        ids = rng.integers(0, c["vocab"], n)
        e = edits(c, n) if edits else None
        out = forward(c, SETS[base], ids, positions and positions[d], visible and visible[d], e)
        out |= {"ids": ids}
        if positions:
            out["positions"] = np.array(positions[d])
        if visible:
            out["visible"] = np.array(visible[d])
        for k in keep or out:
            a = out[k]
            kind = {"f": np.float32, "b": np.uint8, "i": np.int32}[a.dtype.kind]
            tensors[f"{key}/{k}"] = a.astype(kind)
        for l, places in enumerate(e or []):
            tensors.update({f"{key}/edits.{l}.{k}": v.astype(np.float32) for k, v in places.items()})


def edit(**places):
    """Random edits in both layers: each place's axes by letter, its values drawn by a function."""
    def draw(c, n):
        size = {"H": c["heads"], "K": c["kv_heads"], "T": n}
        return [{k: f([size[a] for a in axes]).astype(np.float32) for k, (axes, f) in places.items()}
                for _ in range(c["layers"])]
    return draw


def scale(shape):
    return rng.choice([0, 0.5, 1, -1.5], shape)


def bias(shape):
    return rng.choice([0, 1.5, -2, -INF], shape)


def intra(n, *starts):
    """Each position sees its own document of the window only."""
    doc = np.searchsorted(starts, np.arange(n), side="right")
    return doc[:, None] == doc[None, :]


def build():
    case("grouped queries, untied, unequal lengths", "gqa", [7, 1, 4])
    case("multi-head, tied", "mha", [6])
    case("multi-query, D ≠ H·Dh", "mqa", [9])
    # Wavelengths 6.3, 20, 63 and 199 against 8 and 32: one pair is kept, one between, two slowed.
    case("llama3 rope scaling", "gqa", [7], rope_base=100.0, rope_scaling={
        "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_context": 32})
    case("rope factors", "gqa", [7], rope_base=100.0, rope_factors=[1.0, 1.5, 4.0, 8.0])
    for kind in ["off-by-one", "sink-logit", "softpick", "sigmoid"]:
        case(f"pattern {kind}", "mqa", [7], pattern={"kind": kind})
        if kind != "off-by-one":
            case(f"pattern {kind}, key bias", "mqa", [7], pattern={"kind": kind}, edits=edit(KeyBias=("HT", bias)))
    case("pattern clipped", "mqa", [7], pattern={"kind": "clipped", "gamma": -0.1, "zeta": 1.05})
    case("edit KeyBias", "gqa", [7, 3], edits=edit(KeyBias=("HT", bias)))
    case("edit ValueScale", "gqa", [7, 3], edits=edit(ValueScale=("KT", scale)))
    case("edit HeadScale", "mha", [7, 3], edits=edit(HeadScale=("HT", scale)))
    case("edit AttnScale", "mha", [7, 3], edits=edit(AttnScale=("T", scale)))
    case("edit MLPScale", "mha", [7, 3], edits=edit(MLPScale=("T", scale)))
    case("all edits", "mqa", [5], edits=edit(KeyBias=("HT", bias), ValueScale=("KT", scale), HeadScale=("HT", scale),
                                             AttnScale=("T", scale), MLPScale=("T", scale)))
    case("positions", "mha", [6, 4], positions=[[3, 4, 4, 9, 0, 100000], [5, 6, 7, 8]])
    case("intra-document masks", "mha", [8, 5], visible=[intra(8, 3, 4), intra(5, 2)])
    case("two query chunks", "gqa", [300, 257], keep=["ids", "logits", "loss", "top1"])
    # Drawn last: what is above stays as it was.
    gemma = {"activation": "gelu-tanh", "scale_embed": True, "norm_eps": 1e-6}
    for name, shape in {"gemma": (24, 4, 2, 10), "gemma mqa": (24, 3, 1, 16)}.items():
        CONFIGS[name] = config(*shape, True) | gemma
        SETS[name] = weights(CONFIGS[name])
        # Gemma's are so small that √D brings them to the order of 1.
        SETS[name]["embed"] /= np.float32(np.sqrt(shape[0]))
        case(f"{name}, Dh ≠ D/H", name, [9, 4])
    # One decoder a family, each with what is its own; layers from three on where kinds differ.
    L, G = {"window": 4, "rope_base": 100.0}, {}
    halves = edit(KeyBias=("HT", bias), ValueScale=("KT", scale), HeadScale=("HT", scale), AttnScale=("T", scale), MLPScale=("T", scale))
    for name, (c, e) in {
        "gemma 3": (config(24, 4, 1, 10, True) | gemma | {"layers": 3, "kinds": {"L": L, "G": G}, "tile": "LLG", "qk_norm": "head",
                    "norm_placement": "sandwich", "score_scale": 0.25, "rope_scaling": {"factor": 8.0}}, halves),
        "qwen 2": (config(16, 4, 2, 4, False) | {"bias": {"qkv": True}}, None),
        "olmo 2": (config(16, 4, 2, 4, False) | {"qk_norm": "width", "norm_placement": "post"}, halves),
        "no rotary layers": (config(16, 4, 2, 4, True) | {"layers": 3, "kinds": {"R": {}, "N": {"no_rope": True}}, "tile": "RRN"}, None),
        "gpt-neox": (config(16, 4, 4, 8, False) | {"bias": {"qkv": True, "out": True, "mlp": True}, "norm": "layer", "parallel": True,
                     "plain_mlp": True, "activation": "gelu", "rotary_dim": 4}, halves),
        "gpt-2": (config(16, 4, 4, 4, True) | {"bias": {"qkv": True, "out": True, "mlp": True}, "norm": "layer", "plain_mlp": True,
                  "activation": "gelu-tanh", "learned_positions": 20, "context": 18}, None),
        "opt": (config(16, 4, 4, 4, True) | {"bias": {"qkv": True, "out": True, "mlp": True}, "norm": "layer", "plain_mlp": True,
                "activation": "relu", "learned_positions": 18, "context": 18}, None),
        "all biases": (config(16, 4, 2, 4, False) | {"bias": {"qkv": True, "out": True, "mlp": True}}, None),
    }.items():
        CONFIGS[name], SETS[name] = c, switched(c)
        if c.get("scale_embed"):
            SETS[name]["embed"] /= np.float32(np.sqrt(c["width"]))
        case(f"family {name}", name, [9, 4], edits=e)
    case("family gpt-2, positions", "gpt-2", [5], positions=[[3, 4, 4, 9, 0]])


def check():
    """Holds the cases that Flax's Llama and Gemma can express against them, in float64."""
    import jax
    jax.config.update("jax_enable_x64", True)
    from transformers import FlaxGemmaForCausalLM, FlaxLlamaForCausalLM, GemmaConfig, LlamaConfig
    for c in cases:
        cfg, w = c["config"], SETS[c["weights"]]
        if c["name"].startswith("family"):
            continue  # pretrained/testdata/families.py has the library's own of these
        gemma = "scale_embed" in cfg
        if not gemma and cfg["width"] != cfg["heads"] * cfg["head_dim"] or cfg["rope_base"] != 10000 or "pattern" in cfg or \
                any(k.startswith(c["name"]) and ("edits" in k or k.endswith(("positions", "visible"))) for k in tensors):
            continue
        model, more = (FlaxGemmaForCausalLM, GemmaConfig), {"head_dim": cfg["head_dim"]}
        if not gemma:
            model, more = (FlaxLlamaForCausalLM, LlamaConfig), {}
        model = model[0](model[1](
            vocab_size=cfg["vocab"], hidden_size=cfg["width"], intermediate_size=cfg["hidden"],
            num_hidden_layers=cfg["layers"], num_attention_heads=cfg["heads"], num_key_value_heads=cfg["kv_heads"],
            rms_norm_eps=cfg["norm_eps"], max_position_embeddings=cfg["context"],
            tie_word_embeddings=cfg["tied_output"], **more), dtype=np.float64, _do_init=False)
        one = np.float64(gemma)  # Gemma stores the gain less 1
        names = {"query": "self_attn q_proj", "key": "self_attn k_proj", "value": "self_attn v_proj",
                 "out": "self_attn o_proj", "gate": "mlp gate_proj", "up": "mlp up_proj", "down": "mlp down_proj"}
        layers = {}
        for l in range(cfg["layers"]):
            p = layers[str(l)] = {"self_attn": {}, "mlp": {},
                                  "input_layernorm": {"weight": w[f"layers.{l}.attn_norm"] - one},
                                  "post_attention_layernorm": {"weight": w[f"layers.{l}.mlp_norm"] - one}}
            for ours, theirs in names.items():
                part, proj = theirs.split()
                p[part][proj] = {"kernel": w[f"layers.{l}.{ours}"].T.astype(np.float64)}
        params = {"model": {"embed_tokens": {"embedding": w["embed"]}, "layers": layers, "norm": {"weight": w["norm"] - one}}}
        if not gemma:  # Flax Llama has no tied output: it gets the embedding twice.
            params["lm_head"] = {"kernel": w["embed" if cfg["tied_output"] else "output"].T.astype(np.float64)}
        for d in range(c["documents"]):
            key = f"{c['name']}/{d}/"
            logits = model(tensors[key + "ids"][None], params=params).logits[0]
            delta = np.abs(logits - tensors[key + "logits"]).max()
            print(f"{key:48} max |Δ logits| {delta:.1e}")
            assert delta < 1e-4, "Flax takes norms and angles in float32, so it is not closer"


build()
if "--check" in sys.argv:
    check()
else:
    from safetensors.numpy import save_file
    for name, w in SETS.items():
        tensors.update({f"weights/{name}/{k}": v for k, v in w.items()})
    save_file(tensors, pathlib.Path(__file__).with_name("golden.safetensors"), {"cases": json.dumps(cases)})
