"""Training with PyTorch as a measured peer: torch_training.py FOLDER THREADS MODE.

MODE is "eager" or "compiled" (torch.compile of the loss). Both use the fused
attention and optimiser that PyTorch has for a CPU.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from training import Run


class Block(nn.Module):
    def __init__(self, run: Run, prefix: str):
        super().__init__()
        self.heads, self.head_dim = run.model["heads"], run.model["head_dim"]
        self.eps = run.model["norm_eps"]
        for name, value in run.weights.items():
            if name.startswith(prefix):
                setattr(self, name.removeprefix(prefix), nn.Parameter(torch.from_numpy(value)))

    def forward(self, x, cos, sin):
        B, T, D = x.shape
        h = F.rms_norm(x, (D,), self.attn_norm, self.eps)
        # [B, H, T, Dh]
        q, k, v = (
            F.linear(h, w).view(B, T, self.heads, self.head_dim).transpose(1, 2)
            for w in (self.query, self.key, self.value)
        )
        z = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        x = x + F.linear(z.transpose(1, 2).reshape(B, T, D), self.out)
        h = F.rms_norm(x, (D,), self.mlp_norm, self.eps)
        return x + F.linear(F.silu(F.linear(h, self.gate)) * F.linear(h, self.up), self.down)


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Decoder(nn.Module):
    def __init__(self, run: Run):
        super().__init__()
        self.eps = run.model["norm_eps"]
        self.embed = nn.Parameter(torch.from_numpy(run.weights["embed"]))
        self.norm = nn.Parameter(torch.from_numpy(run.weights["norm"]))
        self.blocks = nn.ModuleList(Block(run, f"layers.{i}.") for i in range(run.model["layers"]))
        cos, sin = run.rotations()
        self.register_buffer("cos", torch.from_numpy(cos))
        self.register_buffer("sin", torch.from_numpy(sin))

    def forward(self, tokens, targets):
        x = F.embedding(tokens, self.embed)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        x = F.rms_norm(x, (x.shape[-1],), self.norm, self.eps)
        return F.cross_entropy(F.linear(x, self.embed).flatten(0, 1), targets.flatten())


def main(folder: str, threads: str, mode: str) -> None:
    torch.set_num_threads(int(threads))
    run = Run(folder)
    model, o = Decoder(run), run.optimizer
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": o["weight_decay"]},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, lr=o["learning_rate"], betas=(o["beta1"], o["beta2"]), eps=o["epsilon"], fused=True
    )
    loss_of = torch.compile(model) if mode == "compiled" else model

    def update(tokens, targets) -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(torch.from_numpy(tokens).long(), torch.from_numpy(targets).long())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), o["clip"])
        optimizer.step()
        return loss.item()

    run.serve({"PyTorch": f"{torch.__version__}, {threads} threads, {torch.backends.cpu.get_cpu_capability()}"}, update)


if __name__ == "__main__":
    main(*sys.argv[1:])
