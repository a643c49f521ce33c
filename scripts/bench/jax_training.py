"""Training with JAX as a measured peer: jax_training.py FOLDER THREADS.

One jitted update with donated weights and moments, in plain jax.numpy, with
optax's AdamW. JAX takes all cores there are, as does the toolkit.
"""

import sys

import jax
import jax.numpy as jnp
import optax

from training import Run


def rms_norm(x, gain, eps):
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + eps) * gain


def rotate(x, cos, sin):
    a, b = jnp.split(x, 2, axis=-1)
    return jnp.concatenate((a * cos - b * sin, b * cos + a * sin), axis=-1)


def attention(q, k, v):
    """q, k, v [B, T, H, Dh]"""
    T = q.shape[1]
    scores = jnp.einsum("bthd,bshd->bhts", q, k) / q.shape[-1] ** 0.5
    scores = jnp.where(jnp.tril(jnp.ones((T, T), bool)), scores, -jnp.inf)
    return jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(scores, axis=-1), v)


def decoder(run: Run):
    model, eps = run.model, run.model["norm_eps"]
    cos, sin = (jnp.asarray(x)[:, None, :] for x in run.rotations())  # [T, 1, Dh/2]

    def block(w, prefix, x):
        B, T, D = x.shape
        w = {name.removeprefix(prefix): value for name, value in w.items() if name.startswith(prefix)}
        h = rms_norm(x, w["attn_norm"], eps)
        q, k, v = ((h @ w[name].T).reshape(B, T, model["heads"], model["head_dim"]) for name in ("query", "key", "value"))
        z = attention(rotate(q, cos, sin), rotate(k, cos, sin), v)
        x = x + z.reshape(B, T, D) @ w["out"].T
        h = rms_norm(x, w["mlp_norm"], eps)
        return x + (jax.nn.silu(h @ w["gate"].T) * (h @ w["up"].T)) @ w["down"].T

    def loss(w, tokens, targets):
        x = w["embed"][tokens]
        for i in range(model["layers"]):
            x = block(w, f"layers.{i}.", x)
        logits = rms_norm(x, w["norm"], eps) @ w["embed"].T
        return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()

    return loss


def main(folder: str, threads: str) -> None:
    run = Run(folder)
    o = run.optimizer
    optimizer = optax.chain(
        optax.clip_by_global_norm(o["clip"]),
        optax.adamw(
            o["learning_rate"], b1=o["beta1"], b2=o["beta2"], eps=o["epsilon"], weight_decay=o["weight_decay"],
            mask={name: run.decays(name) for name in run.weights},
        ),
    )
    loss_of = decoder(run)

    def step(weights, state, tokens, targets):
        loss, gradient = jax.value_and_grad(loss_of)(weights, tokens, targets)
        change, state = optimizer.update(gradient, state, weights)
        return optax.apply_updates(weights, change), state, loss

    step = jax.jit(step, donate_argnums=(0, 1))
    weights = {name: jnp.asarray(value) for name, value in run.weights.items()}
    state = optimizer.init(weights)

    def update(tokens, targets) -> float:
        nonlocal weights, state
        weights, state, loss = step(weights, state, tokens, targets)
        return float(loss)

    run.serve({"JAX": f"{jax.__version__}, {threads} processors", "optax": optax.__version__}, update)


if __name__ == "__main__":
    main(*sys.argv[1:])
