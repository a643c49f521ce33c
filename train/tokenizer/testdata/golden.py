"""Writes what the Python library tokenizers makes of many strings.

  python golden.py [n [seed [directory]]]      (pip install tokenizers==0.23.3)

golden.jsonl.gz  a string a line: "t" the text and, for each tokenizer, "ids" with
                 special tokens read as special, "text" the same with them read
                 as text where that differs, "pre" the pre-tokens' byte lengths.
added.jsonl.gz   the same for added.json.gz and unk.json.gz (also with fuse_unk), on
                 strings made of their added tokens.
"""
import gzip
import json
import pathlib
import random
import sys

from tokenizers import Tokenizer

from samples import samples

HERE = pathlib.Path(__file__).parent


def read(name):
    return json.loads(gzip.decompress((HERE / name).read_bytes()))


def smollm2():
    v = read("smollm2.json.gz")
    tokens = v["special"] + v["bytes"] + [m.replace(" ", "") for m in v["merges"]]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i, t in enumerate(v["special"])],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {t: i for i, t in enumerate(tokens)}, "merges": v["merges"]},
    }


def encode(tok, text):
    tok.encode_special_tokens = False
    ids = tok.encode(text, add_special_tokens=False).ids
    tok.encode_special_tokens = True
    plain = tok.encode(text, add_special_tokens=False).ids
    pre = [len(text[a:b].encode()) for _, (a, b) in tok.pre_tokenizer.pre_tokenize_str(text)]
    return {"ids": ids, "pre": pre} | ({"text": plain} if plain != ids else {})


def write(path, texts, tokenizers):
    lines = [json.dumps({"t": text} | {name: encode(tok, text) for name, tok in tokenizers.items()},
                        ensure_ascii=False, separators=(",", ":")) for text in texts]
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0))


def added_samples():
    rng = random.Random(1)
    parts = ["<", "<<", "<<a", "<<a>>", "<<b", "a", "b", "c", "ab", "abc", "bc", " ", "  ", "é", "é", "éé", "Ã", "!", "[x]", "[", "x",
             "<|endoftext|>", "e"]
    return ["".join(rng.choice(parts) for _ in range(rng.randint(1, 8))) for _ in range(1000)]


def main():
    n, seed, out = (sys.argv[1:] + ["", "", ""])[:3]
    n, seed, out = int(n or 12000), int(seed or 1), pathlib.Path(out or HERE)
    tokenizers = {name: Tokenizer.from_str(json.dumps(value)) for name, value in [
        ("smollm2", smollm2()), ("gpt2", read("gpt2.json.gz")), ("llama3", read("llama3.json.gz"))]}
    write(out / "golden.jsonl.gz", samples(n, seed), tokenizers)
    unk = read("unk.json.gz")
    fused = unk | {"model": unk["model"] | {"fuse_unk": True}}
    write(out / "added.jsonl.gz", added_samples(), {name: Tokenizer.from_str(json.dumps(value)) for name, value in [
        ("added", read("added.json.gz")), ("unk", unk), ("fused", fused)]})


if __name__ == "__main__":
    main()
