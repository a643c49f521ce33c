"""PyTorch's transformers as a measured peer: torch_peer.py FOLDER THREADS.

  "attend"  logits of every position, and the mean attention of each head to the first
            token, from the attention matrices that output_attentions=True returns
  "product" one product of two square matrices, as internal/bench/peak.go asks for
"""

import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM

import peer


class Model:
    def __init__(self, folder: str):
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        self.model.eval()
        self.ones = self.result = None

    @torch.inference_mode()
    def attend(self, ids: list, full: bool) -> dict:
        batch = torch.tensor([ids])
        started = time.perf_counter()
        out = self.model(batch, output_attentions=True, use_cache=False)
        first = [a[0, :, :, 0].mean(dim=-1) for a in out.attentions]
        answer = {"seconds": time.perf_counter() - started}
        if full:
            answer["logits"] = out.logits[0, -1].tolist()
            answer["first_mass"] = [heads.tolist() for heads in first]
        return answer

    @torch.inference_mode()
    def product(self, ids: list, full: bool) -> dict:
        if self.ones is None:
            self.ones, self.result = torch.ones(2048, 2048), torch.empty(2048, 2048)
        started = time.perf_counter()
        torch.mm(self.ones, self.ones, out=self.result)
        return {"seconds": time.perf_counter() - started}


def main(folder: str, threads: str) -> None:
    torch.set_num_threads(int(threads))
    model = Model(folder)
    peer.serve(
        {
            "PyTorch": f"{torch.__version__}, {threads} threads, {torch.backends.cpu.get_cpu_capability()}",
            "transformers": transformers.__version__,
        },
        {"attend": model.attend, "product": model.product},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
