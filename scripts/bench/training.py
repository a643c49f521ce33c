"""What the training peers share: the run to repeat, and how an update is measured.

FOLDER holds config.json, the toolkit's configuration of the run, and
weights.safetensors, the weights to start from, each matrix [out, in].
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import peer


class Run:
    def __init__(self, folder: str):
        self.config = json.loads(Path(folder, "config.json").read_text())
        self.weights = load_file(Path(folder, "weights.safetensors"))
        model, optimizer = self.config["model"], self.config["optimizer"]
        if model["kv_heads"] != model["heads"] or not model["tied_output"] or model["pattern"]:
            sys.exit("config.json: the peers have full heads, softmax and a tied output only")
        if optimizer["schedule"] != "constant" or optimizer["warmup_steps"] != 0:
            sys.exit("config.json: the peers train at a constant rate only")
        self.model, self.optimizer = model, optimizer
        self.T = model["context"]
        self.B = self.config["batch_tokens"] // self.T

    def rotations(self) -> tuple:
        """cos and sin of position · frequency, each [T, Dh/2]."""
        half = self.model["head_dim"] // 2
        frequencies = float(self.model["rope_base"]) ** (-np.arange(half) / half)
        angles = np.outer(np.arange(self.T), frequencies)
        return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def decays(self, name: str) -> bool:
        """Whether the optimiser shrinks a weight: matrices, not gains."""
        return self.weights[name].ndim > 1

    def serve(self, versions: dict, update) -> None:
        """Answers "train", update being a function from tokens and targets, [B, T]
        int32 arrays, to the loss as a float, which changes the weights."""

        def train(ids: list, full: bool) -> dict:
            windows = np.array(ids, dtype=np.int32).reshape(-1, self.B, self.T + 1)
            processor, started = time.process_time(), time.perf_counter()
            losses = [update(w[:, :-1], w[:, 1:]) for w in windows]
            return {
                "seconds": time.perf_counter() - started,
                "processor_seconds": time.process_time() - processor,
                "losses": losses,
            }

        peer.serve(versions, {"train": train})
