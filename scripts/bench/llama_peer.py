"""llama.cpp as a measured peer: llama_peer.py MODEL.gguf THREADS.

The wheel xllamacpp holds llama.cpp with its C interface. Its Python class is a server
that computes the last position's logits only, so the C functions are called here: one
llama_decode of the whole prompt, cache emptied before. Its defaults are kept: they
are its fastest, and run attention in half precision (flash attention).

  "all"   logits of every position, left in llama.cpp's buffer
  "last"  logits of the last position
  "decode"  the last 32 tokens one llama_decode each, with logits; only these are timed.
            Keys and values are float32 here
  "half"    the same with keys and values in half precision, its default, which is faster
"""

import ctypes
import sys
import time
from importlib.metadata import version

import numpy as np
from xllamacpp import get_system_info
from xllamacpp import xllamacpp as extension

import peer

class Batch(ctypes.Structure):
    """struct llama_batch"""

    _fields_ = [
        ("n_tokens", ctypes.c_int32),
        ("token", ctypes.POINTER(ctypes.c_int32)),
        ("embd", ctypes.POINTER(ctypes.c_float)),
        ("pos", ctypes.POINTER(ctypes.c_int32)),
        ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    ]


class Parameters(ctypes.Structure):
    """struct llama_model_params or llama_context_params, whose fields differ between
    releases: longer than both, filled in and read by llama.cpp alone."""

    _fields_ = [("words", ctypes.c_uint64 * 128)]


def library() -> ctypes.CDLL:
    lib = ctypes.CDLL(extension.__file__)
    pointer, floats = ctypes.c_void_p, ctypes.POINTER(ctypes.c_float)
    for name, result, arguments in [
        ("llama_backend_init", None, []),
        ("llama_model_default_params", Parameters, []),
        ("llama_context_default_params", Parameters, []),
        ("llama_model_load_from_file", pointer, [ctypes.c_char_p, Parameters]),
        ("llama_init_from_model", pointer, [pointer, Parameters]),
        ("llama_set_n_threads", None, [pointer, ctypes.c_int32, ctypes.c_int32]),
        ("llama_n_ctx", ctypes.c_uint32, [pointer]),
        ("llama_model_get_vocab", pointer, [pointer]),
        ("llama_vocab_n_tokens", ctypes.c_int32, [pointer]),
        ("llama_get_memory", pointer, [pointer]),
        ("llama_memory_clear", None, [pointer, ctypes.c_bool]),
        ("llama_batch_init", Batch, [ctypes.c_int32] * 3),
        ("llama_decode", ctypes.c_int32, [pointer, Batch]),
        ("llama_synchronize", None, [pointer]),
        ("llama_get_logits_ith", floats, [pointer, ctypes.c_int32]),
    ]:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


class Model:
    def __init__(self, path: str, threads: int):
        self.lib = library()
        self.lib.llama_backend_init()
        self.model = self.lib.llama_model_load_from_file(path.encode(), self.lib.llama_model_default_params())
        if not self.model:
            sys.exit(f"llama.cpp: cannot load {path}")
        self.contexts = {exact: self.lib.llama_init_from_model(self.model, self.parameters(1024, exact)) for exact in (False, True)}
        if not all(self.contexts.values()):
            sys.exit("llama.cpp: cannot make a context")
        self.use(exact=False)
        self.longest = self.lib.llama_n_ctx(self.context)
        self.vocab = self.lib.llama_vocab_n_tokens(self.lib.llama_model_get_vocab(self.model))
        for context in self.contexts.values():
            self.lib.llama_set_n_threads(context, threads, threads)
        self.batch = self.lib.llama_batch_init(self.longest, 0, 1)

    def use(self, exact: bool) -> None:
        self.context = self.contexts[exact]

    def parameters(self, tokens: int, exact: bool) -> Parameters:
        """The defaults, with room for so many tokens: n_ctx is the first field, 512 by default.
        Exact: type_k and type_v, half precision (1) by default, are float32 (0)."""
        parameters = self.lib.llama_context_default_params()
        if parameters.words[0] & 0xFFFFFFFF != 512:
            sys.exit("llama.cpp: its parameters of a context begin otherwise than here; see struct llama_context_params")
        parameters.words[0] += tokens - 512
        if parameters.words[13] != 1 << 32 | 1:
            sys.exit("llama.cpp: the types of keys and values are elsewhere than here; see struct llama_context_params")
        if exact:
            parameters.words[13] = 0
        return parameters

    def fill(self, ids: list, start: int, every: bool) -> None:
        """Puts tokens at positions from start on into the batch."""
        self.batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            self.batch.token[i] = token
            self.batch.pos[i] = start + i
            self.batch.n_seq_id[i] = 1
            self.batch.seq_id[i][0] = 0
            self.batch.logits[i] = every or i == len(ids) - 1

    def step(self) -> None:
        status = self.lib.llama_decode(self.context, self.batch)
        self.lib.llama_synchronize(self.context)
        if status != 0:
            sys.exit(f"llama.cpp: llama_decode returned {status}")

    def decode(self, ids: list, full: bool, every: bool = False, single: int = 0, exact: bool = False) -> dict:
        """Reads the text at once, but for the last tokens, which follow one by one."""
        if len(ids) > self.longest:
            sys.exit(f"llama.cpp: {len(ids)} tokens, the context holds {self.longest}")
        self.use(exact)
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)
        first = len(ids) - single
        self.fill(ids[:first], 0, every)
        started = time.perf_counter()
        self.step()
        if single:
            started = time.perf_counter()
            for at in range(first, len(ids)):
                self.fill(ids[at : at + 1], at, every)
                self.step()
        answer = {"seconds": time.perf_counter() - started}
        if full:
            last = self.lib.llama_get_logits_ith(self.context, -1)
            answer["logits"] = np.ctypeslib.as_array(last, (self.vocab,)).tolist()
        return answer


def main(path: str, threads: str) -> None:
    model = Model(path, int(threads))
    features = [part.strip() for part in get_system_info().split(":", 1)[1].split("|")]
    built = ", ".join(f.removesuffix(" = 1") for f in features if f.endswith(" = 1"))
    peer.serve(
        {"llama.cpp": f"xllamacpp {version('xllamacpp')}, {threads} threads, built with {built}"},
        {
            "all": lambda ids, full: model.decode(ids, full, every=True),
            "last": lambda ids, full: model.decode(ids, full),
            "decode": lambda ids, full: model.decode(ids, full, single=32, exact=True),
            "half": lambda ids, full: model.decode(ids, full, single=32),
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
